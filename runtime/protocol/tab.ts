/**
 * Who this tab is, for as long as it lives: the client id of hello, the number of the last
 * command, and the messages that have no answer yet. It survives a reload by sessionStorage.
 *
 * A browser that duplicates a tab copies its sessionStorage. Two tabs with one id would give the
 * same number to different messages, and one of them would be lost. So a tab that goes away says
 * so in its record; a tab that finds a record of one that did not is a copy, or comes after a
 * crash. Either way it takes a new id. It keeps the messages only if no living tab has them.
 */
import type { Env, Store } from './env.ts';
import type { Command, ProtocolError } from './protocol.ts';

export interface StoredEntry {
  lane: string;
  command: Command;
  client: string;
  cid: number;
  at: number;
  /** Why it was refused; the row stays so that its text is not lost. */
  error?: ProtocolError;
}

interface TabRecord {
  client: string;
  cid: number;
  released: boolean;
  entries: StoredEntry[];
}

/** The part of BroadcastChannel that is used. */
export interface Wire {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(data: unknown): void;
  close(): void;
}

export interface TabOptions {
  store: Store;
  /** Distinguishes desks, channels and agents that share an origin. */
  scope: string;
  env: Pick<Env, 'setTimeout'>;
  /** Fills an array with random bytes; crypto.getRandomValues when absent. */
  randomBytes?(bytes: Uint8Array): void;
  /** Opens the wire to other tabs; none when BroadcastChannel is missing. */
  wire?(): Wire | undefined;
  /** Calls when the page goes away, and when it comes back from the browser's cache. */
  onLeave?(leave: () => void, back: () => void): void;
}

const answerWithin = 150;

export class Tab {
  readonly client: string;
  private readonly options: TabOptions;
  private record: TabRecord;

  private constructor(options: TabOptions, record: TabRecord) {
    this.options = options;
    this.record = record;
    this.client = record.client;
  }

  /** Takes up the record of this tab, or begins one. */
  static async claim(options: TabOptions): Promise<Tab> {
    const found = read(options);
    const wire = (options.wire ?? browserWire)();
    let record: TabRecord;
    if (found?.released) {
      record = { ...found, released: false };
    } else {
      const copied = found && wire ? await isAlive(wire, found.client, options.env) : false;
      record = {
        client: newClient(options.randomBytes),
        cid: 0,
        released: false,
        entries: found && !copied ? found.entries : [],
      };
    }
    const tab = new Tab(options, record);
    tab.write();
    if (wire) {
      wire.onmessage = ({ data }) => {
        if (field(data, 'ask') === tab.client) wire.postMessage({ alive: tab.client });
      };
    }
    (options.onLeave ?? browserLeave)(
      () => tab.mark(true),
      () => tab.mark(false),
    );
    return tab;
  }

  /** The next command number; kept before it is used, so that none is used twice. */
  nextCid(): number {
    this.record.cid += 1;
    this.write();
    return this.record.cid;
  }

  entries(): readonly StoredEntry[] {
    return this.record.entries;
  }

  keep(entries: StoredEntry[]): void {
    if (entries.length === 0 && this.record.entries.length === 0) return;
    this.record.entries = entries;
    this.write();
  }

  private mark(released: boolean): void {
    this.record.released = released;
    this.write();
  }

  private write(): void {
    try {
      this.options.store.setItem(storeKey(this.options.scope), JSON.stringify(this.record));
    } catch {
      // Full or forbidden: the tab goes on with what it has in memory.
    }
  }
}

function storeKey(scope: string): string {
  return `usher.tab.${scope}`;
}

function read(options: TabOptions): TabRecord | undefined {
  try {
    const text = options.store.getItem(storeKey(options.scope));
    const value = text === null ? undefined : (JSON.parse(text) as Partial<TabRecord>);
    if (!value || typeof value.client !== 'string' || typeof value.cid !== 'number') {
      return undefined;
    }
    return {
      client: value.client,
      cid: value.cid,
      released: value.released === true,
      entries: Array.isArray(value.entries) ? value.entries : [],
    };
  } catch {
    return undefined;
  }
}

function field(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null
    ? (data as Record<string, unknown>)[name]
    : undefined;
}

function isAlive(wire: Wire, client: string, env: Pick<Env, 'setTimeout'>): Promise<boolean> {
  return new Promise((resolve) => {
    wire.onmessage = ({ data }) => {
      if (field(data, 'alive') === client) resolve(true);
    };
    wire.postMessage({ ask: client });
    env.setTimeout(() => resolve(false), answerWithin);
  });
}

/** 128 random bits; works on pages without https, where randomUUID is missing. */
export function newClient(randomBytes?: (bytes: Uint8Array) => void): string {
  const bytes = new Uint8Array(16);
  if (randomBytes) randomBytes(bytes);
  else crypto.getRandomValues(bytes);
  return `tab-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function browserWire(): Wire | undefined {
  return typeof BroadcastChannel === 'undefined'
    ? undefined
    : (new BroadcastChannel('usher.tabs') as Wire);
}

function browserLeave(leave: () => void, back: () => void): void {
  addEventListener('pagehide', leave);
  addEventListener('pageshow', (event) => {
    if (event.persisted) back();
  });
}
