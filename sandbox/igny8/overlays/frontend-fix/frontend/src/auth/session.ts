import type { User } from '../types';
import { familyOf, laterToken } from './claims';

/** The part of the state that is stored for all tabs. */
export interface StoredSession {
  user: User | null;
  refreshToken: string | null;
  isAuthenticated: boolean;
}

/** A stored session with the access token that only this tab's memory holds. */
export interface Session extends StoredSession {
  token: string | null;
}

export const noSession: Session = { user: null, token: null, refreshToken: null, isAuthenticated: false };

const isOf = (session: Partial<StoredSession>, family: string | null) =>
  family !== null && familyOf(session.refreshToken ?? null) === family;

/**
 * The session of this tab after a look at the storage, which all tabs share. A stored session without a
 * refresh token was logged out by some tab. The access token stays as long as the user is the same.
 *
 * `ended` is the family of the session that was logged out last. A tab that was just storing new tokens of it
 * may have written them after the logout: they are not taken.
 */
export function mergeSessions(
  stored: Partial<StoredSession> | undefined,
  held: Session,
  ended: string | null,
): Session {
  if (!stored) return held;
  if (!stored.refreshToken) return noSession;
  if (isOf(stored, ended)) return held.refreshToken && !isOf(held, ended) ? held : noSession;
  const user = stored.user ?? null;
  const sameUser = !held.user || !user || held.user.id === user.id;
  return {
    user: user ?? held.user,
    token: sameUser ? held.token : null,
    refreshToken: sameUser ? laterToken(held.refreshToken, stored.refreshToken) : stored.refreshToken,
    isAuthenticated: true,
  };
}
