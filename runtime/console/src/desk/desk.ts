import { Client } from '@usher/protocol/client';
import { type Env, type Store, tabStore } from '@usher/protocol/env';
import type { Ack, Change, Me } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';
import { Tab } from '@usher/protocol/tab';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { Acts } from './acts';
import { keepDeparted, type Shelf } from './shelf';

/** What the console knows beside the stream: what was read, kept, dismissed. It lives in this tab. */
export interface Local {
  readonly shelf: Shelf;
  readonly dismissed: ReadonlySet<string>;
  /** The last message that was read, by conversation. */
  readonly read: ReadonlyMap<string, number>;
  /** The page is older than the desk: a frame came that it does not know. */
  readonly outdated: boolean;
}

/** What arrived live, for sounds and announcers. */
export type Live = (changes: readonly Change[], after: State, before: State) => void;

/**
 * The desk as the signed-in agent works with it: the stream client and what this tab keeps.
 *
 *     const desk = await openDesk({ me, env: browserEnv() });
 *     desk.client.start();
 *     const { conversation } = await desk.pickNext("support");
 */
export class Desk {
  readonly me: Me;
  readonly client: Client;
  /** What is done with customers and colleagues beyond picking and writing. */
  readonly acts: Acts;
  readonly local: StoreApi<Local>;
  readonly store: Store;
  private readonly live = new Set<Live>();
  private before: State;

  constructor(options: { me: Me; env: Env; tab: Tab; url: string; store: Store }) {
    this.me = options.me;
    this.store = options.store;
    this.local = createStore<Local>(() => ({
      shelf: new Map(),
      dismissed: new Set(readIds(options.store, this.key('dismissed'))),
      read: readMarks(options.store, this.key('read')),
      outdated: false,
    }));
    this.client = new Client({
      url: options.url,
      env: options.env,
      tab: options.tab,
      onChanges: (changes, after) => {
        // They are told before the change is shown: what was shown last is the state before.
        for (const listener of [...this.live]) listener(changes, after, this.before);
      },
    });
    this.acts = new Acts(this.client);
    this.before = this.client.view().state;
    this.client.subscribe(() => this.changed());
  }

  private changed(): void {
    const { state } = this.client.view();
    if (state === this.before) return;
    const before = this.before;
    this.before = state;
    for (const { id, state: now } of state.conversations.values()) {
      if (now === 'inService' && before.conversations.get(id)?.state !== 'inService')
        this.recall(id);
    }
    const { shelf, outdated } = this.local.getState();
    const next = keepDeparted(shelf, before, state);
    if (next !== shelf) this.local.setState({ shelf: next });
    if (state.outdated && !outdated) this.local.setState({ outdated: true });
  }

  /** Hears what arrives live; not what a snapshot brings. */
  onLive(listener: Live): () => void {
    this.live.add(listener);
    return () => this.live.delete(listener);
  }

  pickNext(queue: string): Promise<Ack> {
    return this.client.ask({ type: 'pick', queue });
  }

  pick(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'pick', conversation });
  }

  accept(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'accept', conversation });
  }

  refuse(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'refuse', conversation });
  }

  /** Gives the customer back to the line; the tab goes with it. */
  async leave(conversation: string): Promise<void> {
    this.dismiss(conversation);
    try {
      await this.client.ask({ type: 'leave', conversation });
    } catch (error) {
      this.recall(conversation);
      throw error;
    }
  }

  end(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'end', conversation });
  }

  switchQueue(
    state: 'open' | 'close',
    queue: string,
    until: number | undefined,
    reason: string,
  ): Promise<Ack> {
    return this.client.ask({
      type: state,
      queue,
      ...(until === undefined ? {} : { until }),
      ...(reason === '' ? {} : { reason }),
    });
  }

  followSchedule(queue: string): Promise<Ack> {
    return this.client.ask({ type: 'auto', queue });
  }

  /** Puts a conversation that is over out of sight. */
  dismiss(conversation: string): void {
    const dismissed = new Set(this.local.getState().dismissed).add(conversation);
    const recent = [...dismissed].slice(-200);
    this.local.setState({ dismissed: new Set(recent) });
    write(this.store, this.key('dismissed'), recent);
  }

  /** A conversation that was put out of sight is mine again: when it ends it is shown once more. */
  private recall(conversation: string): void {
    const { dismissed } = this.local.getState();
    if (!dismissed.has(conversation)) return;
    const next = new Set(dismissed);
    next.delete(conversation);
    this.local.setState({ dismissed: next });
    write(this.store, this.key('dismissed'), [...next]);
  }

  /** The reader has seen a conversation up to a message. */
  markRead(conversation: string, seq: number): void {
    const { read } = this.local.getState();
    if ((read.get(conversation) ?? 0) >= seq) return;
    const next = new Map(read).set(conversation, seq);
    this.local.setState({ read: next });
    write(this.store, this.key('read'), [...next].slice(-200));
  }

  draft(conversation: string): string {
    try {
      return this.store.getItem(this.key(`draft.${conversation}`)) ?? '';
    } catch {
      return '';
    }
  }

  /** Keeps what is being written; tells whether it could. */
  keepDraft(conversation: string, text: string): boolean {
    try {
      const key = this.key(`draft.${conversation}`);
      if (text === '') this.store.removeItem(key);
      else this.store.setItem(key, text);
      return true;
    } catch {
      return false;
    }
  }

  /** Signing out: the socket closes and nothing of this agent stays in the tab. */
  forget(): void {
    this.client.reset();
    const own = this.key('');
    try {
      const keys = Object.keys(this.store).filter((key) => key.startsWith(own));
      for (const key of keys) this.store.removeItem(key);
    } catch {
      // A store that cannot be listed lives in memory and goes with the page.
    }
  }

  private key(what: string): string {
    return `usher.console.${this.me.desk}.${this.me.name}.${what}`;
  }
}

/** Opens the desk for the agent who is signed in. */
export async function openDesk(options: { me: Me; env: Env; store?: Store }): Promise<Desk> {
  const store = options.store ?? tabStore();
  const tab = await Tab.claim({
    store,
    scope: `console.${options.me.desk}.${options.me.name}`,
    env: options.env,
  });
  const url = new URL('/v1/agent/stream', location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return new Desk({ me: options.me, env: options.env, tab, store, url: url.href });
}

function readJson(store: Store, key: string): unknown {
  try {
    return JSON.parse(store.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

function readIds(store: Store, key: string): string[] {
  const value = readJson(store, key);
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === 'string') : [];
}

function readMarks(store: Store, key: string): Map<string, number> {
  const value = readJson(store, key);
  const marks = new Map<string, number>();
  if (!Array.isArray(value)) return marks;
  for (const pair of value) {
    if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'number') {
      marks.set(pair[0], pair[1]);
    }
  }
  return marks;
}

function write(store: Store, key: string, value: unknown): void {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch {
    // Full or refused: it lasts until the tab closes.
  }
}
