import { useAuthStore } from '../store/authStore';
import { API_BASE, ApiError, jsonPost, readAnswer, send } from './http';

/** The only answers that end a session; they come from the refresh endpoint with status 401. */
const REFUSALS = ['token_invalid', 'token_expired', 'session_revoked', 'reuse_detected'];
const CAN_ROTATE = { 'X-Auth-Rotate': '1' };
const LOCK = 'auth-refresh';
const LOCK_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const PAUSE_MS = 700;
/** A refresh token that a tab with the earlier version may still send: it must not be replaced. */
const UNROTATED_KEY = 'auth-unrotated';
const signedOut = { user: null, token: null, refreshToken: null, isAuthenticated: false };

const auth = () => useAuthStore.getState();

interface Tokens {
  access?: string;
  refresh?: string;
}

interface Answer extends Tokens {
  data?: Tokens;
  code?: string;
}

/** A browser may refuse its storage; then there are no other tabs to agree with. */
function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

/** What is stored, as whichever tab and version stored it last. */
function stored(): { refreshToken?: string | null; token?: unknown } | null {
  return attempt(() => {
    const name = useAuthStore.persist.getOptions().name ?? '';
    return JSON.parse(localStorage.getItem(name) ?? 'null')?.state ?? null;
  });
}

/** Takes over what other tabs stored: their tokens, and their logout. */
function sync(): void {
  const session = stored();
  if (!session) return;
  // Only the earlier version stores an access token, or none in its place.
  if (session.token !== undefined && session.refreshToken) {
    const { refreshToken: unrotated } = session;
    attempt(() => localStorage.setItem(UNROTATED_KEY, unrotated));
  }
  const { refreshToken } = auth();
  void useAuthStore.persist.rehydrate();
  if (refreshToken && !auth().refreshToken) useAuthStore.setState(signedOut);
}

const sessionOver = () => new ApiError(401, 'signed_out', 'Your session has ended. Please sign in again.');
const unavailable = () => new ApiError(0, 'refresh_unavailable', 'The server cannot be reached. Please try again.');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function ask(refresh: string): Promise<{ status: number; answer: Answer }> {
  const rotates = refresh !== attempt(() => localStorage.getItem(UNROTATED_KEY));
  try {
    const response = await fetch(`${API_BASE}/auth/refresh/`, {
      ...jsonPost({ refresh }, rotates ? CAN_ROTATE : {}),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return { status: response.status, answer: (await response.json().catch(() => null)) ?? {} };
  } catch {
    return { status: 0, answer: {} };
  }
}

/**
 * Gets an access token in place of `failed`. Only a refusal by the refresh endpoint ends the session, and only if
 * no tab has stored another one meanwhile: a late answer neither brings a session back nor ends a newer one.
 */
async function renew(failed: string | null): Promise<void> {
  for (let asked = 1; asked <= ATTEMPTS; ) {
    sync();
    const { token, refreshToken: current } = auth();
    if (token && token !== failed) return;
    if (!current) throw sessionOver();
    const { status, answer } = await ask(current);
    sync();
    if (!auth().refreshToken) throw sessionOver();
    if (auth().refreshToken !== current) continue;
    const access = answer.data?.access || answer.access;
    if (status === 200 && access) {
      useAuthStore.setState({
        token: access,
        refreshToken: answer.data?.refresh || answer.refresh || current,
        isAuthenticated: true,
      });
      return;
    }
    if (status === 401 && REFUSALS.includes(answer.code ?? '')) {
      useAuthStore.setState(signedOut);
      throw sessionOver();
    }
    // What is neither an answer nor a refusal may pass; the rest will not.
    if (status === 401 || status === 403 || status === 402 || status === 404) break;
    if (asked < ATTEMPTS) await pause(PAUSE_MS * asked * (0.5 + Math.random()));
    asked += 1;
  }
  throw unavailable();
}

/** One tab at a time, where the browser has locks; without, or when another tab keeps the lock, the server converges. */
async function locked(work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return work();
  let started = false;
  try {
    await navigator.locks.request(LOCK, { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }, () => {
      started = true;
      return work();
    });
  } catch (error) {
    if (started) throw error;
    await work();
  }
}

let running: Promise<void> | null = null;

function refresh(failed: string | null): Promise<void> {
  running ??= locked(() => renew(failed)).finally(() => {
    running = null;
  });
  return running;
}

function withToken(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  const { token } = auth();
  if (token) headers.set('Authorization', `Bearer ${token}`);
  return { ...init, headers };
}

/**
 * `data` of the API's answer; throws `ApiError`.
 *
 * NEVER logout on 403 or 402: they say what a user may do, not who the user is. A 401 means that the access token
 * is over: it is refreshed and the request sent once more.
 */
export async function fetchAPI<T>(path: string, init: RequestInit = {}): Promise<T> {
  // After a page load the access token is gone: memory is the only place that holds it.
  if (!auth().token && auth().refreshToken) await refresh(null);
  const used = auth().token;
  let response = await send(path, withToken(init));
  if (response.status === 401 && auth().refreshToken) {
    await refresh(used);
    response = await send(path, withToken(init));
  }
  return readAnswer<T>(response);
}

/** Takes over, once, what the earlier version kept under keys of its own, and removes it. */
function migrate(): void {
  const [access, legacy] = ['access_token', 'refresh_token'].map((key) => localStorage.getItem(key));
  if (!stored() && legacy) useAuthStore.setState({ token: access, refreshToken: legacy, isAuthenticated: true });
  ['access_token', 'refresh_token'].forEach((key) => localStorage.removeItem(key));
}

sync();
attempt(migrate);
// Storing anything also leaves out the access token that the earlier version had stored.
if (stored()?.token !== undefined) useAuthStore.setState({});
window.addEventListener('storage', sync);
window.addEventListener('pageshow', sync);
document.addEventListener('visibilitychange', sync);
