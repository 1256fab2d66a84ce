import { afterEach, describe, expect, it, vi } from 'vitest';
import { Browser, KEY, type Options } from './browser';
import { answer, gate, jwt, Server, settle, user } from './server';

const RACE_TABS = 8;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A server, and a browser that is signed in to it with the session `f`. */
function signedIn(options: Options = {}) {
  const server = new Server();
  const browser = new Browser(server, options);
  const r0 = server.login('f');
  browser.store(r0);
  return { server, browser, r0 };
}

/** The result of a promise or its error, once the clock has moved by `ms`. */
async function after<T>(ms: number, promise: Promise<T>): Promise<T | { status: number; code: string }> {
  const result = promise.catch((error) => ({ status: error.status, code: error.code }));
  await vi.advanceTimersByTimeAsync(ms);
  return result;
}

describe('a session of an earlier version', () => {
  const legacy = jwt({ user_id: 1 });

  it('moves the stored access token into memory and removes the old keys', async () => {
    const { browser } = signedIn();
    browser.store(legacy, { token: 'a1' });
    browser.items.set('access_token', 'x').set('refresh_token', 'y');
    const tab = await browser.open();
    expect(tab.auth()).toMatchObject({ token: 'a1', refreshToken: legacy });
    expect(browser.stored()).toEqual({ user, refreshToken: legacy, isAuthenticated: true });
    expect([...browser.items.keys()]).toEqual([KEY]);
  });

  it('starts from the old keys alone', async () => {
    const browser = new Browser(new Server());
    browser.items.set('access_token', 'a1').set('refresh_token', legacy);
    const tab = await browser.open();
    expect(tab.auth()).toMatchObject({ token: 'a1', refreshToken: legacy, isAuthenticated: true });
  });

  it('does not bring back a session that was logged out', async () => {
    const browser = new Browser(new Server());
    browser.store(null);
    browser.items.set('refresh_token', legacy);
    expect((await browser.open()).auth().refreshToken).toBeNull();
  });

  it('keeps its token while a tab with that version may still hold it', async () => {
    const { server, browser, r0 } = signedIn();
    browser.store(r0, { token: null });
    const tab = await browser.open();
    expect(await after(1000, tab.get())).toBe('ok');
    await vi.advanceTimersByTimeAsync(3_600_000);
    server.expireAccess();
    expect(await after(0, tab.get())).toBe('ok');
    expect(server.refreshes().map(({ headers }) => headers.has('X-Auth-Rotate'))).toEqual([false, false]);
    expect(server.tip('f')).toBe(0);
  });
});

describe('a refresh', () => {
  it('is one for many requests, and stores both tokens', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    const requests = Promise.all(Array.from({ length: 20 }, () => tab.get()));
    expect(await after(1000, requests)).toEqual(Array(20).fill('ok'));
    expect(server.refreshes()).toHaveLength(1);
    expect(browser.stored()).toEqual({ user, refreshToken: server.refreshToken('f', 1), isAuthenticated: true });
  });

  it('keeps the refresh token when the answer carries none', async () => {
    const { server, browser, r0 } = signedIn();
    const tab = await browser.open();
    server.next('/auth/refresh/', () => answer(200, { success: true, data: { access: 'a1' } }));
    server.next('/notes/', () => answer(200, { data: 'ok' }));
    expect(await after(1000, tab.get())).toBe('ok');
    expect(tab.auth()).toMatchObject({ token: 'a1', refreshToken: r0 });
  });

  it('gets the same tokens again when the answer was lost', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.next('/auth/refresh/', (real) => {
      real();
      throw new TypeError('network');
    });
    expect(await after(5000, tab.get())).toBe('ok');
    expect([server.reuses, server.tip('f'), tab.auth().refreshToken]).toEqual([0, 1, server.refreshToken('f', 1)]);
  });

  it('writes the access token nowhere', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    await after(1000, tab.get());
    await after(0, tab.actions.login('a@example.org', 'p', true));
    expect(tab.auth().token).toMatch(/^access-/);
    expect([...browser.items.values()].join()).not.toContain('access-');
    expect(server.calls.at(-1)?.body).toMatchObject({ remember_me: true });
  });

  it('follows when the token that another tab gave is over too', async () => {
    const { server, browser } = signedIn();
    const [tab, other] = [await browser.open(), await browser.open()];
    await after(1000, tab.get());
    server.expireAccess();
    const { open, opened } = gate();
    server.next('/notes/', async (real) => {
      await opened;
      return real();
    });
    const request = tab.get();
    await after(1000, other.get());
    server.expireAccess();
    open();
    expect(await after(1000, request)).toBe('ok');
  });

  it('takes no access token that has expired from another tab', async () => {
    const { server, browser } = signedIn();
    const idle = await browser.open();
    server.next('/auth/refresh/', () => {
      const access = jwt({ exp: Date.now() / 1000 + 3600 });
      return answer(200, { data: { access, refresh: server.refreshToken('f', 0) } });
    });
    server.next('/notes/', () => answer(200, { data: 'ok' }));
    await after(1000, idle.get());
    await vi.advanceTimersByTimeAsync(3_700_000);
    const tab = await browser.open();
    const asked = server.calls.length;
    expect(await after(1000, tab.get())).toBe('ok');
    expect(server.calls.slice(asked).map(({ path }) => path)).toEqual(['/auth/refresh/', '/notes/']);
  });

  it('works where the browser refuses storage', async () => {
    const server = new Server();
    const browser = new Browser(server, { refusesStorage: true });
    const tab = await browser.open();
    await after(0, tab.actions.login('a@example.org', 'p'));
    server.expireAccess();
    expect(await after(1000, tab.get())).toBe('ok');
  });
});

describe('a refusal', () => {
  it.each(['token_invalid', 'token_expired', 'session_revoked', 'reuse_detected'])('%s ends it', async (code) => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.next('/auth/refresh/', () => answer(401, { code }));
    expect(await after(1000, tab.get())).toEqual({ status: 401, code: 'signed_out' });
    expect(browser.stored()).toEqual({ user: null, refreshToken: null, isAuthenticated: false });
    expect(tab.auth().notice).toMatch(/session has ended/);
  });

  it('of a token that another tab has replaced meanwhile ends nothing', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.next('/auth/refresh/', () => {
      browser.store(server.login('newer'));
      return answer(401, { code: 'reuse_detected' });
    });
    expect(await after(2000, tab.get())).toBe('ok');
    expect(tab.auth().refreshToken).toBe(server.refreshToken('newer', 1));
  });
});

describe('an answer that is no refusal', () => {
  it.each([402, 403, 404, 500])('%i of the API ends nothing and refreshes nothing', async (status) => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    await after(1000, tab.get());
    server.next('/notes/', () => answer(status, { error: 'no', code: 'x' }));
    expect(await after(0, tab.get())).toEqual({ status, code: 'x' });
    expect(await after(0, tab.get())).toBe('ok');
    expect(server.refreshes()).toHaveLength(1);
  });

  const html = '<html>Bad gateway</html>';
  it.each([
    [200, html, 3],
    [401, { code: 'not_authenticated' }, 1],
    [401, html, 1],
    [402, {}, 1],
    [403, { code: 'session_revoked' }, 1],
    [404, html, 1],
    [429, {}, 3],
    [500, html, 3],
    [502, html, 3],
    [503, { code: 'session_revoked' }, 3],
  ])('%i %j of the refresh keeps the session, after %i requests', async (status, body, requests) => {
    const { server, browser, r0 } = signedIn();
    const tab = await browser.open();
    server.always('/auth/refresh/', () => answer(status, body));
    expect(await after(10_000, tab.get())).toEqual({ status: 0, code: 'refresh_unavailable' });
    expect(server.refreshes()).toHaveLength(requests);
    expect(browser.stored()).toEqual({ user, refreshToken: r0, isAuthenticated: true });
    expect(server.logouts()).toEqual([]);
  });

  it('is asked for again when the network is back, at once', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.reachable = false;
    vi.spyOn(Math, 'random').mockReturnValue(1);
    await after(3000, tab.get());
    server.reachable = true;
    expect(await after(200, tab.get())).toMatchObject({ code: 'refresh_unavailable' });
    browser.fireOnline();
    expect(await after(200, tab.get())).toBe('ok');
  });
});

describe('a failing server', () => {
  it('is not asked for each of many requests', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    await after(1000, tab.get());
    server.expireAccess();
    server.always('/auth/refresh/', () => answer(500, ''));
    vi.spyOn(Math, 'random').mockReturnValue(1);
    await after(2800, tab.get());
    const before = server.refreshes().length;
    for (let i = 0; i < 50; i += 1) expect(await after(0, tab.get())).toMatchObject({ status: 0 });
    expect(server.refreshes()).toHaveLength(before);
  });

  it('is left alone for as long as it asks', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.next('/auth/refresh/', () => answer(503, '', { 'Retry-After': '20' }));
    await after(200, tab.get());
    await vi.advanceTimersByTimeAsync(19_000);
    expect(await after(200, tab.get())).toMatchObject({ code: 'refresh_unavailable' });
    expect(server.refreshes()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await after(200, tab.get())).toBe('ok');
  });

  it('that asks for a second gets it, and the request waits', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.next('/auth/refresh/', () => answer(503, { code: 'busy' }, { 'Retry-After': '1' }));
    const request = tab.get();
    await vi.advanceTimersByTimeAsync(150 + 999);
    expect(server.refreshes()).toHaveLength(1);
    expect(await after(2, request)).toBe('ok');
  });
});

describe('tabs that need a token at the same time', () => {
  async function race(options: Options) {
    const { server, browser } = signedIn(options);
    const tabs = [];
    for (let i = 0; i < RACE_TABS; i += 1) tabs.push(await browser.open());
    server.always('/auth/refresh/', async (real) => {
      const pair = real();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return pair;
    });
    const results = await after(10_000, Promise.all(tabs.map((tab) => tab.get())));
    expect(results).toEqual(Array(RACE_TABS).fill('ok'));
    expect([server.reuses, server.isAlive('f')]).toEqual([0, true]);
    expect(new Set(tabs.map((tab) => tab.auth().refreshToken))).toEqual(new Set([browser.stored().refreshToken]));
    expect(browser.stored().refreshToken).toBe(server.refreshToken('f', server.tip('f') ?? 0));
    return { server, browser };
  }

  it('cause one refresh', async () => {
    const { server, browser } = await race({});
    expect(server.refreshes()).toHaveLength(1);
    expect(browser.locks.stolen).toBe(0);
  });

  it('take the tokens of a message that is faster than the storage', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    await after(1000, tab.get());
    new BroadcastChannel('auth').postMessage({ type: 'tokens', access: 'a2', refresh: server.refreshToken('f', 2) });
    await vi.advanceTimersByTimeAsync(1);
    expect(tab.auth()).toMatchObject({ token: 'a2', refreshToken: server.refreshToken('f', 2) });
    new BroadcastChannel('auth').postMessage({ type: 'tokens', access: 'a1', refresh: server.refreshToken('f', 1) });
    await vi.advanceTimersByTimeAsync(1);
    expect(tab.auth().token).toBe('a2');
  });

  it.each([{ locks: false }, { channel: false }, { locks: false, channel: false }])(
    'stay signed in with %j',
    async (options) => void (await race(options)),
  );

  it('stay signed in hour after hour', async () => {
    const { server, browser } = signedIn({ locks: false, channel: false });
    const tabs = [await browser.open(), await browser.open()];
    for (let hour = 0; hour < 30; hour += 1) {
      await vi.advanceTimersByTimeAsync(3_600_000);
      server.expireAccess();
      expect(await after(1000, Promise.all(tabs.map((tab) => tab.get())))).toEqual(['ok', 'ok']);
    }
    expect(server.reuses).toBe(0);
  });
});

describe('a frozen tab', () => {
  it('that holds the lock delays the others by 5 s, and keeps it', async () => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    browser.locks.freeze('auth-refresh');
    const request = tab.get();
    await vi.advanceTimersByTimeAsync(4999);
    expect(server.refreshes()).toHaveLength(0);
    expect(await after(500, request)).toBe('ok');
    expect(browser.locks.stolen).toBe(0);
  });

  it('does not put its late answer over later tokens', async () => {
    const { server, browser } = signedIn({ locks: false });
    const [frozen, other] = [await browser.open(), await browser.open()];
    const { open, opened } = gate();
    server.next('/auth/refresh/', async (real) => {
      const late = real();
      await opened;
      return late;
    });
    const request = frozen.get();
    await vi.advanceTimersByTimeAsync(200);
    await after(1000, other.get());
    await vi.advanceTimersByTimeAsync(70_000);
    server.expireAccess();
    await after(1000, other.get());
    expect(browser.stored().refreshToken).toBe(server.refreshToken('f', 2));
    await vi.advanceTimersByTimeAsync(70_000);
    browser.closeAll();
    open();
    expect(await after(1000, request)).toBe('ok');
    expect([server.reuses, server.isAlive('f')]).toEqual([0, true]);
  });
});

describe('a tab that was frozen while its refresh failed', () => {
  it('does not send its token again once others have replaced it', async () => {
    const { server, browser } = signedIn({ locks: false, channel: false });
    const [frozen, other] = [await browser.open(), await browser.open()];
    const { open, opened } = gate();
    server.next('/auth/refresh/', async () => {
      await opened;
      throw new DOMException('timeout', 'TimeoutError');
    });
    const request = frozen.get();
    await vi.advanceTimersByTimeAsync(200);
    for (let hour = 0; hour < 2; hour += 1) {
      await after(1000, other.get());
      server.expireAccess();
      await vi.advanceTimersByTimeAsync(70_000);
    }
    open();
    expect(await after(5000, request)).toBe('ok');
    expect([server.reuses, server.isAlive('f')]).toEqual([0, true]);
  });
});

describe('a logout', () => {
  it('ends every tab and the session on the server', async () => {
    const { server, browser } = signedIn();
    const tabs = [await browser.open(), await browser.open(), await browser.open()];
    tabs[0]?.actions.logout();
    await vi.advanceTimersByTimeAsync(100);
    expect(tabs.map((tab) => tab.auth().isAuthenticated)).toEqual([false, false, false]);
    expect(tabs.map((tab) => tab.auth().notice)).toEqual([null, expect.any(String), expect.any(String)]);
    expect(server.isAlive('f')).toBe(false);
  });

  it.each([{ channel: false }, {}])('reaches a tab that heard nothing, when it is shown (%j)', async (options) => {
    const { browser } = signedIn(options);
    const tab = await browser.open();
    for (const [target, event] of [[tab.window, 'pageshow'], [tab.document, 'visibilitychange'], [tab.document, 'resume']] as const) {
      browser.store(jwt({ fam: 'g', rot: 0 }));
      tab.window.fire('storage', { key: KEY });
      expect(tab.auth().isAuthenticated).toBe(true);
      browser.items.set(KEY, JSON.stringify({ state: { user: null, refreshToken: null, isAuthenticated: false } }));
      target.fire(event);
      expect(tab.auth().isAuthenticated, event).toBe(false);
    }
  });

  it.each(['here', 'in another tab', 'in a tab with an earlier version'])(
    '%s discards the refresh that is under way',
    async (where) => {
      const { server, browser } = signedIn();
      const [tab, other] = [await browser.open(), await browser.open()];
      server.next('/auth/refresh/', (real) => {
        const pair = real();
        if (where === 'here') tab.actions.logout();
        else if (where === 'in another tab') other.actions.logout();
        else browser.store(null);
        return pair;
      });
      expect(await after(1000, tab.get())).toMatchObject({ code: 'session_changed' });
      expect(tab.auth()).toMatchObject({ token: null, refreshToken: null, isAuthenticated: false });
      expect(browser.stored().refreshToken).toBeNull();
    },
  );

  it('by clearing the browser is not undone by a refresh that is under way', async () => {
    const browser = new Browser(new Server());
    const tab = await browser.open();
    vi.stubGlobal('fetch', async () => answer(200, { data: { user, access: 'a0', refresh: jwt({ fam: 'f', rot: 0 }) } }));
    await after(0, tab.actions.login('a@example.org', 'p'));
    vi.stubGlobal('fetch', async (url: string) => {
      if (!url.endsWith('/refresh/')) return answer(401, {});
      browser.items.clear();
      return answer(200, { data: { access: 'a1', refresh: jwt({ fam: 'f', rot: 1 }) } });
    });
    expect(await after(1000, tab.get())).toMatchObject({ code: 'session_changed' });
    expect(browser.items.size).toBe(0);
  });

  it('is not undone by tokens that another tab stores right after it', async () => {
    const { server, browser } = signedIn();
    const [tab, other] = [await browser.open(), await browser.open()];
    tab.actions.logout();
    browser.store(server.refreshToken('f', 1));
    await vi.advanceTimersByTimeAsync(100);
    expect([tab, other].map((each) => each.auth().isAuthenticated)).toEqual([false, false]);
    expect(browser.stored().refreshToken).toBeNull();
    await after(0, tab.actions.login('a@example.org', 'p'));
    await vi.advanceTimersByTimeAsync(100);
    expect([tab, other].map((each) => each.auth().isAuthenticated)).toEqual([true, true]);
  });
});

describe('a logout without network', () => {
  async function loggedOutOffline() {
    const { server, browser } = signedIn();
    const tabs = [await browser.open(), await browser.open()];
    server.reachable = false;
    tabs[0]?.actions.logout();
    await vi.advanceTimersByTimeAsync(100);
    return { server, browser, tabs };
  }

  it('ends every tab at once, and the session on the server later', async () => {
    const { server, browser, tabs } = await loggedOutOffline();
    expect(tabs.map((tab) => tab.auth().isAuthenticated)).toEqual([false, false]);
    expect(server.isAlive('f')).toBe(true);
    server.reachable = true;
    browser.fireOnline();
    await settle();
    expect(server.isAlive('f')).toBe(false);
    expect(browser.items.has('auth-pending-logouts')).toBe(false);
  });

  it('is told to the server by the next page, which does not sign in from it', async () => {
    const { server, browser } = await loggedOutOffline();
    browser.closeAll();
    server.reachable = true;
    const tab = await browser.open();
    expect(tab.auth().isAuthenticated).toBe(false);
    await settle();
    expect(server.isAlive('f')).toBe(false);
  });

  it('is told before the next login, so that it cannot end the new session', async () => {
    const { server, tabs } = await loggedOutOffline();
    server.reachable = true;
    await after(0, tabs[1]!.actions.login('a@example.org', 'p'));
    expect(server.calls.slice(-2).map(({ path }) => path)).toEqual(['/auth/logout/', '/auth/login/']);
    expect(server.isAlive('f')).toBe(false);
  });

  it('is told without the cookie once somebody is signed in again', async () => {
    const { server, browser, tabs } = await loggedOutOffline();
    server.reachable = true;
    server.next('/auth/logout/', () => answer(502, '<html>'));
    await after(0, tabs[0]!.actions.login('a@example.org', 'p'));
    browser.fireOnline();
    await settle();
    expect(server.logouts().at(1)?.credentials).toBe('same-origin');
    expect(server.logouts().at(-1)?.credentials).toBe('omit');
  });

  it.each([500, 503, 429, 403])('is told again after an answer %i, and not for ever', async (status) => {
    const { server, browser } = signedIn();
    const tab = await browser.open();
    server.always('/auth/logout/', () => answer(status, ''));
    tab.actions.logout();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(server.logouts().length).toBeGreaterThan(3);
    expect(server.logouts().length).toBeLessThan(10);
  });

  it('is forgotten when the token has expired', async () => {
    const { server, browser } = await loggedOutOffline();
    await vi.advanceTimersByTimeAsync(86_400_000);
    const asked = server.logouts().length;
    browser.fireOnline();
    await settle();
    expect(server.logouts()).toHaveLength(asked);
    expect(browser.items.has('auth-pending-logouts')).toBe(false);
  });
});
