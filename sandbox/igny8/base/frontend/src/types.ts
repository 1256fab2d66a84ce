export interface User {
  id: number;
  email: string;
}

export interface Note {
  id: number;
  client_id: string;
  text: string;
  created_at?: string;
}

/** `data` of an answer to login and register. */
export interface SignedIn {
  user: User;
  access: string;
  refresh: string;
}
