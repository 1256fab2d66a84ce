import { useCallback, useEffect, useState } from 'react';
import { fetchAPI } from '../services/api';

export type Loaded<T> = { data: T | null; error: unknown; loading: boolean; reload: () => void };

/**
 * GETs `path` when the page opens, at every `reload()`, and, after an error, when the network is back. `data`
 * stays while it is read again.
 */
export function useLoad<T>(path: string): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({ data: null, error: null, loading: true });
  const [attempt, setAttempt] = useState(0);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  useEffect(() => {
    let wanted = true;
    setState((old) => ({ ...old, loading: true }));
    fetchAPI<T>(path)
      .then((data) => wanted && setState({ data, error: null, loading: false }))
      .catch((error: unknown) => wanted && setState((old) => ({ ...old, error, loading: false })));
    return () => {
      wanted = false;
    };
  }, [path, attempt]);

  const failed = state.error !== null;
  useEffect(() => {
    if (!failed) return;
    window.addEventListener('online', reload);
    return () => window.removeEventListener('online', reload);
  }, [failed, reload]);
  return { ...state, reload };
}
