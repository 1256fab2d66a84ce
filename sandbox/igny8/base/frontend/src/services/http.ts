/** Answers of the API, as `{success, data}` or `{success, error, code}`. */

export const API_BASE = '/api';

/** A request that got no usable answer. `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** Sends a request; a network failure becomes an `ApiError` with status 0. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${API_BASE}${path}`, init);
  } catch {
    throw new ApiError(0, 'network', 'The server cannot be reached. Please try again.');
  }
}

/** `data` of a successful answer; throws `ApiError` for every other. */
export async function readAnswer<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch(() => null);
  const answer = (body ?? {}) as { data?: T; error?: string; code?: string };
  if (response.ok && answer.data !== undefined) return answer.data;
  throw new ApiError(
    response.status,
    answer.code ?? 'unexpected_answer',
    answer.error ?? `The server answered ${response.status}. Please try again.`,
  );
}

/** The options of a POST with a JSON body. */
export function jsonPost(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** A sentence for the page, from whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Something went wrong. Please try again.';
}
