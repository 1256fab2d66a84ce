import { beforeEach, describe, expect, it, vi } from 'vitest';

const KEY = 'auth-storage';
const user = { id: 1, email: 'a@example.org' };

/** A localStorage with these items. */
function storageWith(items: Record<string, string>) {
  const map = new Map(Object.entries(items));
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  };
}

const signedIn = (extra: object = {}) =>
  JSON.stringify({ state: { user, refreshToken: 'r0', isAuthenticated: true, ...extra }, version: 0 });
const stored = () => JSON.parse(localStorage.getItem(KEY) ?? '{}').state;
const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

/** The store and the API client of a page that was just loaded with these localStorage items. */
async function openPage(items: Record<string, string>) {
  vi.resetModules();
  vi.stubGlobal('localStorage', storageWith(items));
  vi.stubGlobal('BroadcastChannel', undefined);
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('window', { addEventListener: () => undefined });
  vi.stubGlobal('document', { addEventListener: () => undefined });
  const { useAuthStore, startSession } = await import('./authStore');
  const { fetchAPI } = await import('../services/api');
  startSession();
  return { auth: useAuthStore.getState, fetchAPI };
}

/** Answers refreshes with `refresh()` and other requests with 200, or 401 without the access token a1. */
function serve(refresh: () => Response | Promise<Response>) {
  const calls: string[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    calls.push(path);
    if (path.endsWith('/auth/refresh/')) return refresh();
    const allowed = new Headers(init.headers).get('Authorization') === 'Bearer a1';
    return allowed ? answer(200, { success: true, data: 'ok' }) : answer(401, { code: 'not_authenticated' });
  });
  return calls;
}

const pair = () => answer(200, { success: true, data: { access: 'a1', refresh: 'r1' } });

beforeEach(() => vi.unstubAllGlobals());

describe('a session of an earlier version', () => {
  it('moves the stored access token into memory', async () => {
    const page = await openPage({ [KEY]: signedIn({ token: 'a1' }), access_token: 'x', refresh_token: 'y' });
    expect(page.auth()).toMatchObject({ token: 'a1', refreshToken: 'r0' });
    expect(stored()).toEqual({ user, refreshToken: 'r0', isAuthenticated: true });
    expect(localStorage.getItem('access_token') ?? localStorage.getItem('refresh_token')).toBeNull();
  });

  it('starts from the old keys alone', async () => {
    const page = await openPage({ access_token: 'a1', refresh_token: 'r0' });
    expect(page.auth()).toMatchObject({ token: 'a1', refreshToken: 'r0', isAuthenticated: true });
  });

  it('does not bring back a session that was logged out', async () => {
    const out = signedIn({ user: null, refreshToken: null, isAuthenticated: false });
    const page = await openPage({ [KEY]: out, refresh_token: 'r0' });
    expect(page.auth().refreshToken).toBeNull();
  });
});

describe('a refresh', () => {
  it('is one for many requests, and stores both tokens', async () => {
    const page = await openPage({ [KEY]: signedIn() });
    const calls = serve(pair);
    await Promise.all([page.fetchAPI('/notes/'), page.fetchAPI('/notes/'), page.fetchAPI('/auth/me/')]);
    expect(calls.filter((path) => path.endsWith('/refresh/'))).toHaveLength(1);
    expect(page.auth()).toMatchObject({ token: 'a1', refreshToken: 'r1' });
    expect(stored()).toEqual({ user, refreshToken: 'r1', isAuthenticated: true });
  });

  it('keeps the refresh token when the answer carries none', async () => {
    const page = await openPage({ [KEY]: signedIn({ token: 'old' }) });
    serve(() => answer(200, { success: true, data: { access: 'a1' } }));
    expect(await page.fetchAPI('/notes/')).toBe('ok');
    expect(page.auth().refreshToken).toBe('r0');
  });

  it('ends the session when the server refuses the token', async () => {
    const page = await openPage({ [KEY]: signedIn() });
    serve(() => answer(401, { code: 'session_revoked' }));
    await expect(page.fetchAPI('/notes/')).rejects.toMatchObject({ status: 401 });
    expect(stored()).toMatchObject({ refreshToken: null, isAuthenticated: false });
  });

  it('goes on with the token that another tab stored when its own was refused', async () => {
    const page = await openPage({ [KEY]: signedIn() });
    const answers = [
      () => {
        localStorage.setItem(KEY, signedIn({ refreshToken: 'r7' }));
        return answer(401, { code: 'reuse_detected' });
      },
      pair,
    ];
    serve(() => answers.shift()!());
    expect(await page.fetchAPI('/notes/')).toBe('ok');
  });

  it('does not bring back a session that was logged out meanwhile', async () => {
    const page = await openPage({ [KEY]: signedIn() });
    serve(() => {
      page.auth().actions.logout();
      return pair();
    });
    await expect(page.fetchAPI('/notes/')).rejects.toMatchObject({ code: 'session_changed' });
    expect(page.auth()).toMatchObject({ token: null, refreshToken: null });
    expect(stored().refreshToken).toBeNull();
  });

  it('does not bring back a session that an earlier version logged out in another tab', async () => {
    const page = await openPage({ [KEY]: signedIn() });
    serve(() => {
      localStorage.setItem(KEY, signedIn({ user: null, refreshToken: null, isAuthenticated: false }));
      return pair();
    });
    await expect(page.fetchAPI('/notes/')).rejects.toMatchObject({ code: 'session_changed' });
    expect(page.auth()).toMatchObject({ token: null, isAuthenticated: false });
  });
});

describe('an answer other than a refusal', () => {
  it.each([402, 403, 500])('%i keeps the session', async (status) => {
    const page = await openPage({ [KEY]: signedIn({ token: 'a1' }) });
    vi.stubGlobal('fetch', async () => answer(status, { error: 'no', code: 'x' }));
    await expect(page.fetchAPI('/reports/restricted/')).rejects.toMatchObject({ status });
    expect(page.auth()).toMatchObject({ token: 'a1', refreshToken: 'r0', isAuthenticated: true });
  });

  it('keeps the session when the refresh cannot be reached', async () => {
    vi.useFakeTimers();
    const page = await openPage({ [KEY]: signedIn() });
    const calls = serve(() => Promise.reject(new TypeError('network')));
    const request = expect(page.fetchAPI('/notes/')).rejects.toMatchObject({ code: 'refresh_unavailable' });
    await vi.runAllTimersAsync();
    await request;
    vi.useRealTimers();
    expect(calls).toHaveLength(3);
    expect(stored()).toMatchObject({ refreshToken: 'r0', isAuthenticated: true });
  });
});
