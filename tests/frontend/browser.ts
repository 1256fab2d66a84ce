/** One browser with tabs: each tab has its own copy of the client, and all share storage, locks and messages. */
import { vi } from 'vitest';
import type { Server } from './server';

export const KEY = 'auth-storage';

type Listener = (event: object) => void;

class Events {
  private listeners: [string, Listener][] = [];
  visibilityState = 'visible';
  addEventListener = (name: string, listener: Listener) => void this.listeners.push([name, listener]);
  fire = (name: string, event: object = {}) =>
    this.listeners.filter(([wanted]) => wanted === name).forEach(([, listener]) => listener(event));
}

/** Locks as navigator.locks grants them: one holder, the others wait until their signal aborts, or do not wait. */
class Locks {
  private holders = new Map<string, Promise<unknown>>();
  stolen = 0;

  request = async <T>(name: string, options: LockOptions, work: (lock: object | null) => Promise<T>): Promise<T> => {
    if (options.steal) this.stolen += 1;
    if (options.ifAvailable && this.holders.has(name)) return work(null);
    const aborted = new Promise<never>((_resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(new DOMException('timeout', 'AbortError')));
    });
    aborted.catch(() => undefined);
    while (this.holders.has(name)) await Promise.race([this.holders.get(name), aborted]);
    const running = work({ name });
    const released = running.catch(() => undefined).finally(() => this.holders.delete(name));
    this.holders.set(name, released);
    return running;
  };

  /** Holds a lock for good, as a frozen tab does. */
  freeze(name: string): void {
    this.holders.set(name, new Promise(() => undefined));
  }
}

export interface Options {
  locks?: boolean;
  channel?: boolean;
  refusesStorage?: boolean;
}

export class Browser {
  items = new Map<string, string>();
  locks = new Locks();
  private windows: Events[] = [];
  private channels: Events[] = [];

  constructor(server: Server, private options: Options = {}) {
    vi.useFakeTimers();
    // The platform's own timeout does not follow the fake clock.
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms);
      return controller.signal;
    });
    vi.stubGlobal('fetch', server.fetch);
    vi.stubGlobal('localStorage', this.storage());
    vi.stubGlobal('navigator', options.locks === false ? {} : { locks: this.locks });
    vi.stubGlobal('BroadcastChannel', options.channel === false ? undefined : this.channelClass());
  }

  /** Loads the app in a new tab. */
  async open() {
    vi.resetModules();
    const [window, document] = [new Events(), new Events()];
    this.windows.push(window);
    vi.stubGlobal('window', Object.assign(window, { localStorage }));
    vi.stubGlobal('document', document);
    const store = await import('../src/store/authStore');
    const { useAuthStore } = store;
    const { fetchAPI } = await import('../src/services/api');
    // In a store that was only edited as the guide says, there is nothing to start: the API service does it.
    if ('startSession' in store) (store.startSession as () => void)();
    const auth = useAuthStore.getState;
    return { auth, actions: auth().actions, get: () => fetchAPI<string>('/notes/'), window, document };
  }

  /** Closes all tabs, without a word to them; what they had begun still ends. */
  closeAll(): void {
    this.windows = [];
    this.channels = [];
  }

  /** Stores a session as a version of the app would. */
  store(refreshToken: string | null, more: object = {}): void {
    const user = refreshToken ? { id: 1, email: 'a@example.org' } : null;
    const state = { user, refreshToken, isAuthenticated: refreshToken !== null, ...more };
    this.put(KEY, JSON.stringify({ state, version: 0 }));
  }

  stored = () => JSON.parse(this.items.get(KEY) ?? '{}').state;

  fireOnline(): void {
    this.windows.forEach((window) => window.fire('online'));
  }

  private put(key: string, value: string): void {
    if (this.items.get(key) === value) return;
    this.items.set(key, value);
    this.windows.forEach((window) => setTimeout(() => window.fire('storage', { key }), 0));
  }

  private storage() {
    const check = () => {
      if (this.options.refusesStorage) throw new DOMException('denied', 'SecurityError');
    };
    return {
      getItem: (key: string) => (check(), this.items.get(key) ?? null),
      setItem: (key: string, value: string) => (check(), this.put(key, value)),
      removeItem: (key: string) => (check(), void this.items.delete(key)),
    };
  }

  private channelClass() {
    const browser = this;
    return class extends Events {
      constructor() {
        super();
        browser.channels.push(this);
      }
      postMessage = (data: unknown) =>
        browser.channels
          .filter((other) => other !== this)
          .forEach((other) => setTimeout(() => other.fire('message', { data }), 0));
    };
  }
}
