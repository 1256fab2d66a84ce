/** A backend with rotating refresh tokens, as far as a client can tell it from the real one. */
import { vi } from 'vitest';

const GRACE_MS = 60_000;
export const user = { id: 1, email: 'a@example.org' };

export const jwt = (claims: object) => `h.${btoa(JSON.stringify(claims))}.s`;
export const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });

interface Family {
  tip: number;
  expiresAt: number;
  supersededAt: number;
  confirmed: boolean;
  ended: boolean;
}

interface Call {
  path: string;
  body: { refresh?: string };
  headers: Headers;
  credentials: RequestCredentials | undefined;
}

type Handler = (real: () => Response) => Response | Promise<Response>;

export class Server {
  calls: Call[] = [];
  reuses = 0;
  reachable = true;
  private families = new Map<string, Family>();
  private access = new Map<string, { family: string; rot: number }>();
  private handlers: [string, Handler][] = [];

  /** A new session; returns its first refresh token. */
  login(family: string): string {
    this.families.set(family, { tip: 0, expiresAt: Date.now() / 1000 + 86_400, supersededAt: 0, confirmed: true, ended: false });
    return this.refreshToken(family, 0);
  }

  refreshToken = (family: string, rot: number) => jwt({ fam: family, rot, exp: this.families.get(family)?.expiresAt });
  isAlive = (family: string) => !this.families.get(family)?.ended;
  tip = (family: string) => this.families.get(family)?.tip;
  expireAccess = () => this.access.clear();
  refreshes = () => this.calls.filter(({ path }) => path === '/auth/refresh/');
  logouts = () => this.calls.filter(({ path }) => path === '/auth/logout/');

  /** Lets `handler` answer the next request for a path; it may call the real thing. */
  next(path: string, handler: Handler): void {
    this.handlers.push([path, handler]);
  }

  /** The same for every request from now on, until `Server.next` comes first. */
  always(path: string, handler: Handler): void {
    for (let i = 0; i < 200; i += 1) this.next(path, handler);
  }

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = url.replace('/api', '');
    const body = JSON.parse(String(init.body ?? '{}')) as Call['body'];
    const headers = new Headers(init.headers);
    this.calls.push({ path, body, headers, credentials: init.credentials });
    if (!this.reachable) throw new TypeError('network');
    const real = () => this.handle(path, body, headers);
    const index = this.handlers.findIndex(([wanted]) => wanted === path);
    const handler = index < 0 ? undefined : this.handlers.splice(index, 1)[0]?.[1];
    return handler ? handler(real) : real();
  };

  private handle(path: string, body: Call['body'], headers: Headers): Response {
    if (path === '/auth/refresh/') return this.refresh(body.refresh ?? '', headers.has('X-Auth-Rotate'));
    if (path === '/auth/logout/') return this.logout(body.refresh ?? '');
    if (path === '/auth/login/') return this.signIn();
    const held = this.access.get((headers.get('Authorization') ?? '').replace('Bearer ', ''));
    const family = held && this.families.get(held.family);
    if (!family || family.ended) return answer(401, { success: false, code: 'not_authenticated' });
    if (held.rot === family.tip) family.confirmed = true;
    return answer(200, { success: true, data: 'ok' });
  }

  private refresh(token: string, rotate: boolean): Response {
    const { fam, rot } = JSON.parse(atob(token.split('.')[1] ?? '')) as { fam: string; rot: number };
    const family = this.families.get(fam);
    if (!family || family.ended) return answer(401, { code: 'session_revoked' });
    if (rot === family.tip && rotate) {
      Object.assign(family, { tip: rot + 1, supersededAt: Date.now(), confirmed: false });
    } else if (rot !== family.tip) {
      const replay = rot === family.tip - 1 && (Date.now() - family.supersededAt < GRACE_MS || !family.confirmed);
      if (!replay) {
        this.reuses += 1;
        family.ended = true;
        return answer(401, { code: 'reuse_detected' });
      }
    }
    return answer(200, { success: true, data: this.pair(fam, family.tip) });
  }

  private pair(family: string, rot: number) {
    const access = `access-${family}-${rot}-${Math.random()}`;
    this.access.set(access, { family, rot });
    return { access, refresh: this.refreshToken(family, rot) };
  }

  private signIn(): Response {
    const family = `login-${this.calls.length}`;
    this.login(family);
    return answer(200, { success: true, data: { user, ...this.pair(family, 0) } });
  }

  private logout(token: string): Response {
    const { fam } = JSON.parse(atob(token.split('.')[1] ?? '')) as { fam: string };
    const family = this.families.get(fam);
    if (family) family.ended = true;
    return answer(200, { success: true, data: {} });
  }
}

/** A promise with its own resolve, to hold an answer back. */
export function gate() {
  let open = () => undefined as void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Lets everything happen that needs no clock. */
export const settle = () => vi.advanceTimersByTimeAsync(0);
