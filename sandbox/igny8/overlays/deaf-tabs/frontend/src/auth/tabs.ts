/** Tabs that tell each other nothing and listen to nothing: what one does, the others learn when they are loaded again. */

/** Tells the other tabs that a user signed in or out. */
export const announceChange = () => undefined;

/** Gives the other tabs the tokens of a refresh. */
export const announceTokens = (_access: string, _refresh: string) => undefined;

/** The access token of another tab with the same refresh token; there is none. */
export const askForAccess = (_refresh: string, _waitMs: number): Promise<string | null> => Promise.resolve(null);

export interface TabListener {
  /** Reads the storage again. */
  sync: () => void;
  /** Takes tokens that another tab got. */
  adopt: (access: string, refresh: string) => void;
  /** This tab's access token for a refresh token, or null. */
  accessFor: (refresh: string) => string | null;
}

/** Listens to nobody. */
export const listenToTabs = (_listener: TabListener) => undefined;
