const LOCK_NAME = 'auth-refresh';
const LOCK_TIMEOUT_MS = 5000;

/** Callers that come while `work` runs share its result. */
export function singleFlight<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}

/**
 * Runs `work` while no other tab refreshes; `waited` says whether one did until now. The lock only spares
 * requests: a frozen tab may hold it, so after 5 s `work` runs without it, and the server gives both tabs
 * the same tokens. It is never stolen.
 */
export async function withRefreshLock<T>(work: (waited: boolean) => Promise<T>): Promise<T> {
  let started = false;
  const run = (waited: boolean) => {
    started = true;
    return work(waited);
  };
  try {
    const { locks } = navigator;
    const atOnce = await locks.request(LOCK_NAME, { ifAvailable: true }, async (lock) => lock && { result: await run(false) });
    if (atOnce) return atOnce.result;
    return await locks.request(LOCK_NAME, { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) }, () => run(true));
  } catch (error) {
    if (started) throw error;
    // Not granted in time, or a browser or an address without locks: they need https or localhost.
    return run(false);
  }
}
