import { create } from 'zustand';
import { createJSONStorage, persist } from 'zustand/middleware';
import { familyOf, hasExpired, laterToken } from '../auth/claims';
import { singleFlight, withRefreshLock } from '../auth/lock';
import { CAN_ROTATE, endCooldown, requestRefresh, type RefreshBody } from '../auth/refreshRequest';
import { logOutOnServer, tellPendingLogouts } from '../auth/serverLogout';
import { mergeSessions, noSession, type Session } from '../auth/session';
import {
  SESSION_KEY,
  beginEpoch,
  currentEpoch,
  endedSession,
  mayRotate,
  noteEarlierVersion,
  sharedStorage,
  storedSession,
  takeLegacyTokens,
} from '../auth/storage';
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
/** How long to wait for another tab's access token: on a page load, and when another tab has just refreshed. */
const ALONE_WAIT_MS = 150;
const OTHER_WAIT_MS = 1000;
const LOOK_MS = 20;
const OVER_ELSEWHERE = 'You were logged out in another tab.';

export const useAuthStore = create<AuthState>()(
  persist(
    (set, get) => ({
      ...noSession,
      notice: null,
      actions: {
        login: async (email: string, password: string, rememberMe = false) => {
          await tellPendingLogouts();
          const response = await send('/auth/login/', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json', ...CAN_ROTATE },
            body: JSON.stringify({ email, password, remember_me: rememberMe }),
          });
          beginSession(await readAnswer<SignedIn>(response));
        },

        register: async (email: string, password: string) => {
          await tellPendingLogouts();
          const response = await send('/auth/register/', jsonPost({ email, password }, CAN_ROTATE));
          beginSession(await readAnswer<SignedIn>(response));
        },

        refreshToken: singleFlight(() => {
          const { token, refreshToken } = get();
          return withRefreshLock(async (waited) => {
            if (waited && token) await hearOfTokens(token);
            return renew(token, refreshToken);
          });
        }),

        logout: () => {
          const { refreshToken } = get();
          endSession(null);
          if (refreshToken) logOutOnServer(refreshToken);
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
      merge: (stored, current) => ({
        ...current,
        ...mergeSessions(stored as Partial<Session>, current, endedSession()),
      }),
    },
  ),
);

const { setState: set, getState: get } = useAuthStore;

/** Takes over what other tabs stored. What this tab knows better goes back into the storage. */
function syncSession(): void {
  const signedIn = get().refreshToken !== null;
  noteEarlierVersion();
  void useAuthStore.persist.rehydrate();
  const { refreshToken } = get();
  const stored = storedSession()?.refreshToken;
  if (stored && stored !== refreshToken) set({ refreshToken });
  if (signedIn && !refreshToken) set({ notice: OVER_ELSEWHERE });
}

function beginSession({ user, access, refresh }: SignedIn): void {
  beginEpoch(null);
  set({ user, token: access, refreshToken: refresh, isAuthenticated: true, notice: null });
  announceChange();
}

function endSession(notice: string | null): void {
  beginEpoch(familyOf(get().refreshToken));
  takeLegacyTokens();
  set({ ...noSession, notice });
  announceChange();
}

const signedOut = () => new ApiError(401, 'signed_out', SESSION_OVER);

/** A logout or login in any tab came while a request was under way: its result stands. */
function sessionChanged(): ApiError {
  syncSession();
  return new ApiError(401, 'session_changed', 'You signed in or out in another tab.');
}

/** Whether the session that was refreshed from `sent` to `received` is still the one of this browser. */
function isStillCurrent(sent: string, received: string, epoch: string | null): boolean {
  if (currentEpoch() !== epoch) return false;
  const stored = storedSession()?.refreshToken;
  if (stored === undefined || stored === sent) return true;
  // An earlier version of the app logs in and out without an epoch.
  return stored !== null && familyOf(stored) !== null && familyOf(stored) === familyOf(received);
}

/** Stores the tokens of a refresh. A server without rotation sends no refresh token: the current one stays. */
function storeTokens(data: RefreshBody, current: string, epoch: string | null): void {
  const received = data.data?.refresh || data.refresh || current;
  if (!isStillCurrent(current, received, epoch)) throw sessionChanged();
  // A tab that was frozen gets its answer late: others may have gone on to a later token.
  const stored = storedSession()?.refreshToken ?? current;
  set({
    token: data.data?.access || data.access,
    refreshToken: stored === current ? received : laterToken(received, stored),
    isAuthenticated: true,
  });
  const { token, refreshToken } = get();
  if (token && refreshToken) announceTokens(token, refreshToken);
}

/**
 * Waits until the tokens that another tab has just got are here in place of `failed`. A lock may reach a tab before
 * the message and the storage do; a tab whose refresh failed has none to tell, so the wait is short.
 */
async function hearOfTokens(failed: string): Promise<void> {
  const end = Date.now() + OTHER_WAIT_MS;
  while (get().token === failed && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Takes the access token of another tab with the same refresh token, if there is one. */
async function adoptAccess(current: string, failed: string | null, waitMs: number): Promise<boolean> {
  const access = await askForAccess(current, waitMs);
  if (!access || access === failed || hasExpired(access) || get().refreshToken !== current) return false;
  set({ token: access });
  return true;
}

/**
 * Gets a working access token in place of `failed`. `held` is the refresh token at the time of the failure.
 * Throws `ApiError` when there is none to be had; the session ends only if the server refused its token.
 */
async function renew(failed: string | null, held: string | null): Promise<void> {
  syncSession();
  const { token, refreshToken: current } = get();
  if (token && token !== failed) return;
  if (!current) throw signedOut();
  const [epoch, stored] = [currentEpoch(), storedSession()?.refreshToken];
  const isCurrent = () => currentEpoch() === epoch && storedSession()?.refreshToken === stored;
  const mayAsk = !failed || current !== held;
  if (mayAsk && (await adoptAccess(current, failed, current === held ? ALONE_WAIT_MS : OTHER_WAIT_MS))) return;
  const outcome = await requestRefresh(current, mayRotate(current), isCurrent);
  if (outcome.kind === 'superseded') return renew(failed, current);
  if (outcome.kind === 'tokens') return storeTokens(outcome.body, current, epoch);
  if (outcome.kind === 'refused') return refused(current, failed, epoch);
  throw new ApiError(0, 'refresh_unavailable', 'The server cannot be reached. Please try again.');
}

/** The server refused `current`. If another tab stored a newer token meanwhile, that one is tried. */
async function refused(current: string, failed: string | null, epoch: string | null): Promise<void> {
  if (currentEpoch() !== epoch) throw sessionChanged();
  syncSession();
  const { refreshToken } = get();
  if (!refreshToken) throw sessionChanged();
  if (refreshToken !== current) return renew(failed, current);
  endSession(SESSION_OVER);
  throw signedOut();
}

/** Takes over, once, what earlier versions kept in localStorage: the access token moves into memory. */
function migrateLegacySession(): void {
  noteEarlierVersion();
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
      const held = get().refreshToken;
      // The message may come before the storage shows what it is about.
      const isLater = held !== null && familyOf(held) === familyOf(refresh) && laterToken(refresh, held) === refresh;
      if (held === refresh || isLater) set({ token: access, refreshToken: refresh });
    },
    accessFor: (refresh) => (get().refreshToken === refresh ? get().token : null),
  });
  window.addEventListener('online', () => {
    endCooldown();
    void tellPendingLogouts();
  });
  void tellPendingLogouts();
}
