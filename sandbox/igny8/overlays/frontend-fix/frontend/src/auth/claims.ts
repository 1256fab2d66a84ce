/** What the client reads in a token. It never checks a signature: only the server can. */
interface Claims {
  fam?: string;
  rot?: number;
  exp?: number;
}

/** The claims of a JWT, or none when it cannot be read. */
function claimsOf(token: string | null): Claims {
  try {
    const payload = (token?.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    return JSON.parse(atob(payload)) as Claims;
  } catch {
    return {};
  }
}

/** The family of a refresh token, or null for one of the version without families. */
export const familyOf = (token: string | null): string | null => claimsOf(token).fam ?? null;

/** Whether a token is past its time by this computer's clock; false when it does not say. */
export const hasExpired = (token: string): boolean => (claimsOf(token).exp ?? Infinity) * 1000 < Date.now();

/**
 * Which of two refresh tokens to go on with: the stored one, unless the held one is a later child of the
 * same family. A tab with an older version of the app writes its first token back into the storage.
 */
export function laterToken(held: string | null, stored: string | null): string | null {
  if (!held || !stored || held === stored) return stored ?? held;
  const [a, b] = [claimsOf(held), claimsOf(stored)];
  return a.fam && a.fam === b.fam && (a.rot ?? 0) > (b.rot ?? 0) ? held : stored;
}
