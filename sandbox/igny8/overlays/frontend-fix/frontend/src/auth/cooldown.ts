const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Between half of `ms` and `ms`, at random: clients that failed together must not come back together. */
export const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);

/** How long to leave a server alone that failed `failures` times in a row. */
export const backoffMs = (failures: number): number => Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);

/**
 * Keeps a page with many requests from asking a failing server for each of them. It holds for one refresh
 * token: with another one the server is asked at once.
 */
export class Cooldown {
  private key: string | null = null;
  private failures = 0;
  private until = 0;

  holds(key: string): boolean {
    return key === this.key && performance.now() < this.until;
  }

  /** Begins, or begins again and longer. `askedMs` is how long the server asked to be left alone. */
  start(key: string, askedMs: number): void {
    this.failures = key === this.key ? this.failures + 1 : 1;
    this.key = key;
    const ms = Math.max(jittered(backoffMs(this.failures)), Math.min(askedMs, LONGEST_MS));
    this.until = performance.now() + ms;
  }

  end(): void {
    this.key = null;
  }
}
