import { useAuthStore } from '../store/authStore';
import { readAnswer, send } from './http';

const auth = () => useAuthStore.getState();

function withToken(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  const { token } = auth();
  if (token) headers.set('Authorization', `Bearer ${token}`);
  return { ...init, headers };
}

/**
 * `data` of the API's answer; throws `ApiError`.
 *
 * NEVER logout on 403 or 402: they say what a user may do, not who the user is. A 401 means that the
 * access token is over: it is refreshed and the request sent once more. Only the refresh endpoint can
 * say that the session is over, and the store acts on that.
 */
export async function fetchAPI<T>(path: string, init: RequestInit = {}): Promise<T> {
  // After a page load the access token is gone: memory is the only place that holds it.
  if (!auth().token && auth().refreshToken) await auth().actions.refreshToken();

  let used = auth().token;
  let response = await send(path, withToken(init));
  for (let refreshed = false; response.status === 401 && auth().refreshToken && !refreshed; ) {
    // Another request or another tab may have refreshed while this one was under way: then its token is tried.
    if (auth().token === used) {
      await auth().actions.refreshToken();
      refreshed = true;
    }
    used = auth().token;
    response = await send(path, withToken(init));
  }
  return readAnswer<T>(response);
}
