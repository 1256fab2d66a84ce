import { API_BASE, jsonPost } from '../services/http';
import { Cooldown, jittered } from './cooldown';

/** The only answers that end a session; they come with status 401. */
const REFUSALS = ['token_invalid', 'token_expired', 'session_revoked', 'reuse_detected'];
const PAUSES_MS = [700, 2000];
const LONGEST_PAUSE_MS = 3000;
const REQUEST_TIMEOUT_MS = 10_000;

/** Says that this client can store a new refresh token. */
export const CAN_ROTATE = { 'X-Auth-Rotate': '1' };

type Json = Record<string, unknown>;

export interface RefreshBody {
  access?: string;
  refresh?: string;
  data?: { access?: string; refresh?: string };
}

export type RefreshOutcome =
  | { kind: 'tokens'; body: RefreshBody }
  | { kind: 'refused'; code: string }
  /** Nothing was decided. `passing`: asking again soon may help. `waitMs`: how long the server asked to wait. */
  | { kind: 'unavailable'; passing: boolean; waitMs: number }
  /** The token was replaced meanwhile, and must not be sent any more. */
  | { kind: 'superseded' };

const noAnswer: RefreshOutcome = { kind: 'unavailable', passing: true, waitMs: 0 };

/** What an answer of the refresh endpoint means. `body` is null when it was not JSON. */
export function outcomeOf(status: number, body: unknown, retryAfter: string | null = null): RefreshOutcome {
  const answer = (body ?? {}) as RefreshBody & Json;
  if (status === 401 && REFUSALS.includes(String(answer.code))) {
    return { kind: 'refused', code: String(answer.code) };
  }
  if (status === 200 && typeof (answer.data?.access || answer.access) === 'string') {
    return { kind: 'tokens', body: answer };
  }
  const passing = status < 400 || status >= 500 || status === 409 || status === 429;
  return { kind: 'unavailable', passing, waitMs: (Number(retryAfter) || 0) * 1000 };
}

async function ask(refresh: string, rotate: boolean): Promise<RefreshOutcome> {
  try {
    const response = await fetch(`${API_BASE}/auth/refresh/`, {
      ...jsonPost({ refresh }, rotate ? CAN_ROTATE : {}),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const body = await response.json().catch(() => null);
    return outcomeOf(response.status, body, response.headers.get('Retry-After'));
  } catch {
    return noAnswer;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const cooldown = new Cooldown();

/** Lets the next refresh ask the server at once, as when the network is back. */
export const endCooldown = () => cooldown.end();

/**
 * Asks for new tokens, `rotate` for a new refresh token too. A server that cannot answer now is asked again
 * after pauses, and then left alone: until the cooldown ends, the answer is `unavailable` without a request.
 *
 * `isCurrent` says whether the token is still the one to send. A tab may be frozen at any point in here while
 * others go on to later tokens; a token that was replaced long ago looks stolen to the server.
 */
export async function requestRefresh(
  refresh: string,
  rotate: boolean,
  isCurrent: () => boolean,
): Promise<RefreshOutcome> {
  if (cooldown.holds(refresh)) return noAnswer;
  if (!isCurrent()) return { kind: 'superseded' };
  let outcome = await ask(refresh, rotate);
  for (const ms of PAUSES_MS) {
    if (outcome.kind !== 'unavailable' || !outcome.passing || outcome.waitMs > LONGEST_PAUSE_MS) break;
    await pause(Math.max(jittered(ms), outcome.waitMs));
    if (!isCurrent()) return { kind: 'superseded' };
    outcome = await ask(refresh, rotate);
  }
  if (outcome.kind === 'unavailable') cooldown.start(refresh, outcome.waitMs);
  else cooldown.end();
  return outcome;
}
