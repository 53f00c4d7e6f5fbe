/**
 * window.usher for the page: usher('open'), usher('open', { to: TOKEN }), usher('close'),
 * usher('set', { plan: 'gold' }), usher('secure', 'eyJ…'), usher('on', 'place', (detail) => …).
 * A page may call it before the loader is there:
 *
 *     window.usher = window.usher || function () { (usher.q = usher.q || []).push(arguments) };
 */
import type { Channel } from '@usher/protocol/protocol';
import type { EventName, Events, Wish } from '../shared/host.ts';

type Listener = (detail: unknown) => void;

interface Usher {
  (name: string, ...rest: unknown[]): unknown;
  q?: ArrayLike<unknown>[];
}

export interface Api {
  emit<K extends EventName>(name: K, detail: Events[K]): void;
  /** Tells that the launcher is there; told to later listeners too. */
  ready(channel: Channel): void;
}

export interface Actions {
  open(wish: Wish): void;
  close(): void;
  /** What the page says of its visitor, for targeting rules. */
  set(attributes: object): void;
  /** What the site says of its customer, sealed; the last one counts, none takes it back. */
  secure(sealed: string | undefined): void;
}

export function publish(actions: Actions): Api {
  const listeners = new Map<string, Set<Listener>>();
  let readyWith: Channel | undefined;
  const usher: Usher = (name, ...rest) => {
    const [event, listener] = rest;
    if (name === 'open') {
      const { to, key } = (event ?? {}) as { to?: string; key?: string };
      return actions.open({ ...(to ? { link: `${to}` } : {}), ...(key ? { key: `${key}` } : {}) });
    }
    if (name === 'close') return actions.close();
    if (name === 'set' && event && typeof event === 'object') return actions.set(event);
    if (name === 'secure' && (event == null || typeof event === 'string')) {
      return actions.secure(event || undefined);
    }
    if (name !== 'on' || typeof event !== 'string' || typeof listener !== 'function') {
      console.warn(`usher: there is no "${name}" with these arguments`);
      return undefined;
    }
    const set = listeners.get(event) ?? new Set();
    listeners.set(event, set.add(listener as Listener));
    if (event === 'ready' && readyWith) call(listener as Listener, readyWith);
    return () => set.delete(listener as Listener);
  };
  const page = window as unknown as { usher?: Usher };
  const early = page.usher?.q ?? [];
  page.usher = usher;
  for (const call of Array.from(early)) usher(...(Array.from(call) as [string]));

  const api: Api = {
    emit: (name, detail) => {
      for (const listener of listeners.get(name) ?? []) call(listener, detail);
    },
    ready: (channel) => {
      readyWith = channel;
      api.emit('ready', channel);
    },
  };
  return api;
}

/** A fault of the page's own listener must not stop the chat. */
function call(listener: Listener, detail: unknown): void {
  try {
    listener(detail);
  } catch (error) {
    console.error(error);
  }
}
