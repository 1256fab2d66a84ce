import { useAuthStore } from '../store/authStore';
import { ApiError, readAnswer, send } from './http';

const auth = () => useAuthStore.getState();

function withToken(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  const { token } = auth();
  if (token) headers.set('Authorization', `Bearer ${token}`);
  return { ...init, headers };
}

/** `data` of the API's answer; throws `ApiError`. Logs out when the API refuses. */
export async function fetchAPI<T>(path: string, init: RequestInit = {}): Promise<T> {
  // A stored session may hold a refresh token alone.
  if (!auth().token && auth().refreshToken) await auth().actions.refreshToken();

  let response = await send(path, withToken(init));
  if (response.status === 401) {
    await auth().actions.refreshToken();
    response = await send(path, withToken(init));
  }
  if (response.status === 401 || response.status === 403 || response.status === 402) {
    auth().actions.logout();
    throw new ApiError(response.status, 'logged_out', 'Please sign in again.');
  }
  return readAnswer<T>(response);
}
