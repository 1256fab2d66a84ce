import { API_BASE, jsonPost } from '../services/http';
import { hasExpired } from './claims';
import { backoffMs, jittered } from './cooldown';
import { singleFlight } from './lock';
import { pendingLogouts, setPendingLogouts, storedSession } from './storage';

const REQUEST_TIMEOUT_MS = 10_000;
const TIMED_ATTEMPTS = 6;
let failures = 0;

/** Whether the server took the logout, or says that there is nothing to log out. */
async function tell(refresh: string): Promise<boolean> {
  try {
    const response = await fetch(`${API_BASE}/auth/logout/`, {
      ...jsonPost({ refresh }),
      // The cookie is of the session of now. After another login it must not be sent with an old logout.
      credentials: storedSession()?.refreshToken ? 'omit' : 'same-origin',
      keepalive: true,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return response.ok || response.status === 400 || response.status === 401;
  } catch {
    return false;
  }
}

async function tellAll(): Promise<void> {
  for (const refresh of pendingLogouts()) {
    const done = hasExpired(refresh) || (await tell(refresh));
    if (done) setPendingLogouts(pendingLogouts().filter((pending) => pending !== refresh));
  }
  failures = pendingLogouts().length > 0 ? failures + 1 : 0;
  if (failures > 0 && failures < TIMED_ATTEMPTS) setTimeout(tellPendingLogouts, jittered(backoffMs(failures)));
}

/**
 * Tells the server of the logouts that it has not confirmed: at once, then after growing pauses, and whenever
 * the app is opened or the network is back.
 */
export const tellPendingLogouts: () => Promise<void> = singleFlight(tellAll);

/**
 * Ends a session on the server. Until it confirms, the refresh token is kept under a key that nothing signs in
 * from: a logout without network would otherwise leave the session alive on the server to its last day.
 */
export function logOutOnServer(refresh: string): void {
  setPendingLogouts([...pendingLogouts(), refresh]);
  failures = 0;
  void tellPendingLogouts();
}
