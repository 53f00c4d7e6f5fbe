/**
 * What the stream library asks of its surroundings. Tests give their own; browserEnv is the real
 * one, which also works on pages without https (no randomUUID, no Web Locks).
 */

export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** What may tell that a connection is worth trying now. */
export type WakeSign = 'online' | 'visible';

export interface Env {
  /** The local clock, in ms since 1970. */
  now(): number;
  /** 0 <= x < 1. */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  openSocket(url: string, protocol: string): SocketLike;
  /** Calls when the browser says that it is online or visible again; returns what ends that. */
  onWake(run: (sign: WakeSign) => void): () => void;
  /** Whether the page is in a hidden tab. */
  hidden(): boolean;
}

/** The part of Storage that is used; it may throw, as Storage does when it is full or forbidden. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export function browserEnv(): Env {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as number),
    openSocket: (url, protocol) => new WebSocket(url, protocol) as unknown as SocketLike,
    onWake: (run) => {
      const online = () => run('online');
      const visible = () => {
        if (document.visibilityState === 'visible') run('visible');
      };
      addEventListener('online', online);
      document.addEventListener('visibilitychange', visible);
      return () => {
        removeEventListener('online', online);
        document.removeEventListener('visibilitychange', visible);
      };
    },
    hidden: () => document.visibilityState === 'hidden',
  };
}

/** A store that forgets with the page, for where sessionStorage is not to be had. */
export function memoryStore(): Store {
  const map = new Map<string, string>();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

/** sessionStorage, or a store in memory where the browser refuses it. */
export function tabStore(): Store {
  try {
    const probe = 'usher.probe';
    sessionStorage.setItem(probe, '1');
    sessionStorage.removeItem(probe);
    return sessionStorage;
  } catch {
    return memoryStore();
  }
}
