import { create } from 'zustand';
import { createJSONStorage, persist } from 'zustand/middleware';
import { singleFlight, withRefreshLock } from '../auth/lock';
import { requestRefresh, type RefreshBody } from '../auth/refreshRequest';
import { mergeSessions, noSession, type Session } from '../auth/session';
import { SESSION_KEY, beginEpoch, currentEpoch, sharedStorage, storedSession, takeLegacyTokens } from '../auth/storage';
import { announceChange, announceTokens, askForAccess, listenToTabs } from '../auth/tabs';
import { ApiError, jsonPost, readAnswer, send } from '../services/http';
import type { SignedIn, User } from '../types';

interface AuthState extends Session {
  /** Why the user has to sign in again, or null. */
  notice: string | null;
  actions: {
    login: (email: string, password: string, rememberMe?: boolean) => Promise<void>;
    register: (email: string, password: string) => Promise<void>;
    refreshToken: () => Promise<void>;
    logout: () => void;
    setUser: (user: User) => void;
  };
}

const SESSION_OVER = 'Your session has ended. Please sign in again.';

export const useAuthStore = create<AuthState>()(
  persist(
    (set, get) => ({
      ...noSession,
      notice: null,
      actions: {
        login: async (email: string, password: string, rememberMe = false) => {
          const response = await send('/auth/login/', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ email, password, remember_me: rememberMe }),
          });
          beginSession(await readAnswer<SignedIn>(response));
        },

        register: async (email: string, password: string) => {
          const response = await send('/auth/register/', jsonPost({ email, password }));
          beginSession(await readAnswer<SignedIn>(response));
        },

        refreshToken: singleFlight(() => {
          const { token, refreshToken } = get();
          return withRefreshLock(() => renew(token, refreshToken));
        }),

        logout: () => {
          const { token, refreshToken: refresh } = get();
          endSession(null);
          const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
          const request = { ...jsonPost({ refresh }, headers), keepalive: true };
          if (refresh) void send('/auth/logout/', request).catch(() => undefined);
        },

        setUser: (user: User) => {
          syncSession();
          if (get().refreshToken) set({ user });
        },
      },
    }),
    {
      name: SESSION_KEY,
      storage: createJSONStorage(sharedStorage),
      partialize: (state) => ({
        user: state.user,
        refreshToken: state.refreshToken,
        isAuthenticated: state.isAuthenticated,
      }),
      merge: (stored, current) => ({ ...current, ...mergeSessions(stored as Partial<Session>, current) }),
    },
  ),
);

const { setState: set, getState: get } = useAuthStore;

/** Takes over what other tabs stored. A later token that this tab holds goes back into the storage. */
function syncSession(): void {
  void useAuthStore.persist.rehydrate();
  const { refreshToken } = get();
  const stored = storedSession()?.refreshToken;
  if (stored && stored !== refreshToken) set({ refreshToken });
}

function beginSession({ user, access, refresh }: SignedIn): void {
  beginEpoch();
  set({ user, token: access, refreshToken: refresh, isAuthenticated: true, notice: null });
  announceChange();
}

function endSession(notice: string | null): void {
  beginEpoch();
  takeLegacyTokens();
  set({ ...noSession, notice });
  announceChange();
}

/** Stores the tokens of a refresh. A server without rotation sends no refresh token: the current one stays. */
function storeTokens(data: RefreshBody, current: string): void {
  set({
    token: data.data?.access || data.access,
    refreshToken: data.data?.refresh || data.refresh || current,
    isAuthenticated: true,
  });
  const { token, refreshToken } = get();
  if (token && refreshToken) announceTokens(token, refreshToken);
}

/**
 * Gets a working access token in place of `failed`. `held` is the refresh token at the time of the failure.
 * Throws `ApiError` when there is none to be had; the session ends only if the server refused its token.
 */
async function renew(failed: string | null, held: string | null): Promise<void> {
  syncSession();
  const { token, refreshToken: current } = get();
  if (token && token !== failed) return;
  if (!current) throw new ApiError(401, 'signed_out', SESSION_OVER);
  if (!failed || current !== held) {
    const access = await askForAccess(current);
    if (access && access !== failed && get().refreshToken === current) {
      set({ token: access });
      return;
    }
  }
  const epoch = currentEpoch();
  const outcome = await requestRefresh(current);
  // A logout or login in any tab came between: its result stands, and this answer is dropped.
  if (currentEpoch() !== epoch || storedSession()?.refreshToken === null) {
    syncSession();
    throw new ApiError(401, 'session_changed', 'You signed in or out in another tab.');
  }
  if (outcome.kind === 'tokens') return storeTokens(outcome.body, current);
  if (outcome.kind === 'refused') return refused(current, failed);
  throw new ApiError(0, 'refresh_unavailable', 'The server cannot be reached. Please try again.');
}

/** The server refused `current`. If another tab stored a newer token meanwhile, that one is tried. */
async function refused(current: string, failed: string | null): Promise<void> {
  syncSession();
  const { refreshToken } = get();
  if (refreshToken && refreshToken !== current) return renew(failed, refreshToken);
  endSession(SESSION_OVER);
  throw new ApiError(401, 'signed_out', SESSION_OVER);
}

/** Takes over, once, what earlier versions kept in localStorage: the access token moves into memory. */
function migrateLegacySession(): void {
  const legacy = takeLegacyTokens();
  const stored = storedSession();
  if (!stored && legacy.refresh) set({ refreshToken: legacy.refresh, isAuthenticated: true });
  const access = typeof stored?.token === 'string' ? stored.token : legacy.access;
  // Storing anything also rewrites the stored session, which leaves the access token out.
  if (access && get().refreshToken) set({ token: access });
}

/** Prepares the session of this tab. Called once, before the first page is shown. */
export function startSession(): void {
  migrateLegacySession();
  listenToTabs({
    sync: syncSession,
    adopt: (access, refresh) => {
      syncSession();
      if (get().refreshToken === refresh) set({ token: access });
    },
    accessFor: (refresh) => (get().refreshToken === refresh ? get().token : null),
  });
}
