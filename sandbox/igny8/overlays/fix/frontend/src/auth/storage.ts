import type { StateStorage } from 'zustand/middleware';
import type { StoredSession } from './session';

export const SESSION_KEY = 'auth-storage';
const EPOCH_KEY = 'auth-epoch';
const LEGACY_KEYS = ['access_token', 'refresh_token'] as const;

/**
 * localStorage for the store. It writes only what differs from the last value this tab read or wrote:
 * a change of memory alone must not put an older refresh token over the one another tab just stored.
 */
export function sharedStorage(): StateStorage {
  let known: string | null = null;
  return {
    getItem: (name) => (known = localStorage.getItem(name)),
    setItem: (name, value) => {
      if (value === known) return;
      localStorage.setItem(name, value);
      known = value;
    },
    removeItem: (name) => localStorage.removeItem(name),
  };
}

/** The session as stored now, or null when nothing readable is stored. */
export function storedSession(): (Partial<StoredSession> & { token?: unknown }) | null {
  try {
    return JSON.parse(localStorage.getItem(SESSION_KEY) ?? 'null')?.state ?? null;
  } catch {
    return null;
  }
}

/** Changes at every login and logout in any tab. A refresh begun in one epoch must not be stored in another. */
export const currentEpoch = (): string | null => localStorage.getItem(EPOCH_KEY);

export function beginEpoch(): void {
  localStorage.setItem(EPOCH_KEY, `${Date.now()}.${Math.random()}`);
}

/** Reads the keys that earlier versions wrote, and removes them. */
export function takeLegacyTokens(): { access: string | null; refresh: string | null } {
  const [access, refresh] = LEGACY_KEYS.map((key) => localStorage.getItem(key));
  LEGACY_KEYS.forEach((key) => localStorage.removeItem(key));
  return { access: access ?? null, refresh: refresh ?? null };
}
