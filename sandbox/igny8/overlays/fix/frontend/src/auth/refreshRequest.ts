import { API_BASE, jsonPost } from '../services/http';

/** The only answers that end a session; they come with status 401. */
const REFUSALS = ['token_invalid', 'token_expired', 'session_revoked', 'reuse_detected'];
const PAUSES_MS = [500, 1500];
const REQUEST_TIMEOUT_MS = 10_000;

type Json = Record<string, unknown>;

export interface RefreshBody {
  access?: string;
  refresh?: string;
  data?: { access?: string; refresh?: string };
}

export type RefreshOutcome =
  | { kind: 'tokens'; body: RefreshBody }
  | { kind: 'refused'; code: string }
  | { kind: 'unavailable' };

/** What an answer of the refresh endpoint means. `body` is null when it was not JSON. */
export function outcomeOf(status: number, body: unknown): RefreshOutcome {
  const answer = (body ?? {}) as RefreshBody & Json;
  if (status === 401 && REFUSALS.includes(String(answer.code))) {
    return { kind: 'refused', code: String(answer.code) };
  }
  const hasAccess = typeof (answer.data?.access || answer.access) === 'string';
  return status === 200 && hasAccess ? { kind: 'tokens', body: answer } : { kind: 'unavailable' };
}

async function ask(refresh: string): Promise<RefreshOutcome> {
  try {
    const response = await fetch(`${API_BASE}/auth/refresh/`, {
      // The header says that this client can store a new refresh token.
      ...jsonPost({ refresh }, { 'X-Auth-Rotate': '1' }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return outcomeOf(response.status, await response.json().catch(() => null));
  } catch {
    return { kind: 'unavailable' };
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks for new tokens; an unavailable server is asked again after pauses with jitter. */
export async function requestRefresh(refresh: string): Promise<RefreshOutcome> {
  let outcome = await ask(refresh);
  for (const ms of PAUSES_MS) {
    if (outcome.kind !== 'unavailable') break;
    await pause(ms * (0.5 + Math.random()));
    outcome = await ask(refresh);
  }
  return outcome;
}
