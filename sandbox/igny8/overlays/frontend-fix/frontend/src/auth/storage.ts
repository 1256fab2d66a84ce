import type { StateStorage } from 'zustand/middleware';
import { familyOf } from './claims';
import type { StoredSession } from './session';

export const SESSION_KEY = 'auth-storage';
const EPOCH_KEY = 'auth-epoch';
const ENDED_KEY = 'auth-ended';
const UNROTATED_KEY = 'auth-unrotated';
const PENDING_LOGOUTS_KEY = 'auth-pending-logouts';
const LEGACY_KEYS = ['access_token', 'refresh_token'] as const;

/** `work` on localStorage, or `otherwise` where the browser refuses it: then the session is the page's alone. */
function tryStorage<T>(work: (storage: Storage) => T, otherwise: T): T {
  try {
    return work(localStorage);
  } catch {
    return otherwise;
  }
}

const read = (key: string) => tryStorage((storage) => storage.getItem(key), null);
const write = (key: string, value: string) => tryStorage((storage) => storage.setItem(key, value), undefined);
const remove = (key: string) => tryStorage((storage) => storage.removeItem(key), undefined);

/**
 * localStorage for the store. It writes only what differs from the last value this tab read or wrote:
 * a change of memory alone must not put an older refresh token over the one another tab just stored.
 */
export function sharedStorage(): StateStorage {
  let known: string | null = null;
  return {
    getItem: (name) => (known = read(name)),
    setItem: (name, value) => {
      if (value === known) return;
      write(name, value);
      known = value;
    },
    removeItem: remove,
  };
}

/** The session as stored now, or null when nothing readable is stored. */
export function storedSession(): (Partial<StoredSession> & { token?: unknown }) | null {
  try {
    return JSON.parse(read(SESSION_KEY) ?? 'null')?.state ?? null;
  } catch {
    return null;
  }
}

/** Changes at every login and logout in any tab. A refresh begun in one epoch must not be stored in another. */
export const currentEpoch = (): string | null => read(EPOCH_KEY);

/** Begins an epoch; `ended` is the family of the session that ends with the one before, if it has one. */
export function beginEpoch(ended: string | null): void {
  write(EPOCH_KEY, `${Date.now()}.${Math.random()}`);
  if (ended) write(ENDED_KEY, ended);
}

/** The family of the session that ended last. */
export const endedSession = (): string | null => read(ENDED_KEY);

/**
 * Notes whether a tab with an earlier version of the app stored the session: that version alone stores the
 * access token. Such a tab keeps its refresh token for as long as it is open, and would present it long
 * after this version had it replaced, which looks like theft and ends the session for all tabs.
 */
export function noteEarlierVersion(): void {
  const stored = storedSession();
  const family = familyOf(stored?.refreshToken ?? null);
  if (stored && 'token' in stored && family) write(UNROTATED_KEY, family);
}

/** Whether this version may have a refresh token replaced. */
export function mayRotate(refresh: string): boolean {
  const family = familyOf(refresh);
  return family === null || family !== read(UNROTATED_KEY);
}

/** Refresh tokens of logouts that the server has not confirmed. */
export function pendingLogouts(): string[] {
  try {
    return JSON.parse(read(PENDING_LOGOUTS_KEY) ?? '[]') as string[];
  } catch {
    return [];
  }
}

export function setPendingLogouts(tokens: string[]): void {
  if (tokens.length > 0) write(PENDING_LOGOUTS_KEY, JSON.stringify(tokens));
  else remove(PENDING_LOGOUTS_KEY);
}

/** Reads the keys that earlier versions wrote, and removes them. */
export function takeLegacyTokens(): { access: string | null; refresh: string | null } {
  const [access, refresh] = LEGACY_KEYS.map(read);
  LEGACY_KEYS.forEach(remove);
  return { access: access ?? null, refresh: refresh ?? null };
}
