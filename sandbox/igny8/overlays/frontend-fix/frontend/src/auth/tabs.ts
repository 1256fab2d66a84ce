import { newId } from '../lib/newId';
import { SESSION_KEY } from './storage';

/** What tabs of one browser tell each other. The storage is the truth; a message says "look at it". */
type Message =
  | { type: 'changed' }
  | { type: 'tokens'; access: string; refresh: string }
  | { type: 'ask'; id: string; refresh: string }
  | { type: 'answer'; id: string; access: string };

const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel('auth') : null;
const waiting = new Map<string, (access: string) => void>();

const post = (message: Message) => channel?.postMessage(message);

/** Tells the other tabs that a user signed in or out. */
export const announceChange = () => post({ type: 'changed' });

/** Gives the other tabs the tokens of a refresh. */
export const announceTokens = (access: string, refresh: string) => post({ type: 'tokens', access, refresh });

/** The access token of another tab with the same refresh token, or null when none answers in `waitMs`. */
export function askForAccess(refresh: string, waitMs: number): Promise<string | null> {
  if (!channel) return Promise.resolve(null);
  const id = newId();
  return new Promise((resolve) => {
    const finish = (access: string | null) => {
      waiting.delete(id);
      resolve(access);
    };
    waiting.set(id, finish);
    setTimeout(() => finish(null), waitMs);
    post({ type: 'ask', id, refresh });
  });
}

export interface TabListener {
  /** Reads the storage again. */
  sync: () => void;
  /** Takes tokens that another tab got. */
  adopt: (access: string, refresh: string) => void;
  /** This tab's access token for a refresh token, or null. */
  accessFor: (refresh: string) => string | null;
}

function hear(message: Message, listener: TabListener): void {
  if (message.type === 'changed') listener.sync();
  else if (message.type === 'tokens') listener.adopt(message.access, message.refresh);
  else if (message.type === 'answer') waiting.get(message.id)?.(message.access);
  else {
    const access = listener.accessFor(message.refresh);
    if (access) post({ type: 'answer', id: message.id, access });
  }
}

/**
 * Listens to the other tabs. Where BroadcastChannel is missing, or a frozen tab missed a message, the
 * storage event and a look at the storage whenever the page is shown again do the same.
 */
export function listenToTabs(listener: TabListener): void {
  channel?.addEventListener('message', (event: MessageEvent<Message>) => hear(event.data, listener));
  window.addEventListener('storage', (event) => {
    if (event.key === SESSION_KEY || event.key === null) listener.sync();
  });
  window.addEventListener('pageshow', listener.sync);
  document.addEventListener('resume', listener.sync);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') listener.sync();
  });
}
