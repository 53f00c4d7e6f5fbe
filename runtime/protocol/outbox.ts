/**
 * Commands on their way. Each goes out once at a time in its lane (a conversation), in order, and
 * is sent again with the same number until the server has answered: the server takes it once.
 *
 *     queued -> sending -> (no answer in 10 s: unknown) -> sent | refused
 *
 * A sent message stays here until it is seen in the stream, so that its row never blinks.
 * "Not sent" is told only after a definite refusal; what has no answer is being checked.
 */
import type { Env } from './env.ts';
import type { Ack, Command, Message, Post, ProtocolError, Refused } from './protocol.ts';
import type { StoredEntry, Tab } from './tab.ts';

export type EntryState = 'queued' | 'sending' | 'unknown' | 'sent' | 'refused';

export interface Entry {
  /** Names the row; the number (cid) may change, this does not. */
  readonly key: number;
  readonly lane: string;
  readonly command: Command;
  readonly state: EntryState;
  /** 0 until it is sent for the first time: numbers rise in the order of sending. */
  readonly cid: number;
  readonly client: string;
  /** Local time at which it was written. */
  readonly at: number;
  readonly error?: ProtocolError;
  /** It was not taken for the moment, and why; it goes out again by itself. */
  readonly passing?: ProtocolError;
}

/** What a refused command's promise is rejected with. */
export class CommandRefused extends Error {
  readonly error: ProtocolError;
  constructor(error: ProtocolError) {
    super(error.message);
    this.name = 'CommandRefused';
    this.error = error;
  }
}

/** What a command's promise is rejected with when it was taken back before it was sent. */
export class CommandDropped extends Error {
  constructor() {
    super('the command was taken back');
    this.name = 'CommandDropped';
  }
}

export interface OutboxOptions {
  tab: Tab;
  env: Pick<Env, 'now' | 'setTimeout' | 'clearTimeout'>;
  /** Sends a frame; false when there is no live connection. */
  transmit(command: Command): boolean;
  onChange(): void;
}

interface Item {
  entry: Entry;
  /** Kept over a reload, and shown as a row after a refusal. */
  keep: boolean;
  /** Local time of the last sending, 0 before. */
  sentAt: number;
  /** Not before this local time. */
  notBefore: number;
  /** Sequence of a sent message. */
  seq?: number;
  resolve?: (ack: Ack) => void;
  reject?: (error: Error) => void;
}

/** No answer for this long: unknown, and sent again. */
export const answerLimit = 10_000;
const defaultRetry = 1_000;

/** A refusal that says nothing about the command itself: the same may be sent later. */
function isPassing({ code }: ProtocolError): boolean {
  return code === 'unavailable' || code === 'rate_limited' || code === 'overloaded';
}

export class Outbox {
  private readonly options: OutboxOptions;
  private items: Item[] = [];
  private view: readonly Entry[] = [];
  private lastKey = 0;
  private live = false;
  private timer: unknown;

  constructor(options: OutboxOptions) {
    this.options = options;
    for (const stored of options.tab.entries()) {
      this.items.push({
        entry: { ...stored, key: this.newKey(), state: restoredState(stored) },
        keep: true,
        sentAt: 0,
        notBefore: 0,
      });
    }
    this.view = this.items.map((item) => item.entry);
  }

  /** What has no answer yet, and what was refused, in the order of writing. */
  entries(): readonly Entry[] {
    return this.view;
  }

  /** Sends a command and answers with its ack; rejects with CommandRefused or CommandDropped. */
  ask(command: Command, lane: string): Promise<Ack> {
    return new Promise((resolve, reject) => {
      this.push(command, lane, { keep: false, resolve, reject });
    });
  }

  /** Sends a message or a form that is kept over a reload and stays as a row when it is refused. */
  post(command: Command, lane: string): number {
    return this.push(command, lane, { keep: true });
  }

  /** Sends a refused message once more; it is a new command, at the end of its lane. */
  retry(key: number): void {
    const item = this.find(key);
    if (item?.entry.state !== 'refused') return;
    this.items = this.items.filter((other) => other !== item);
    const { error: _, ...entry } = item.entry;
    item.entry = { ...entry, state: 'queued', cid: 0, client: this.options.tab.client };
    item.sentAt = 0;
    item.notBefore = 0;
    this.items.push(item);
    this.pump();
  }

  /** Takes a message back; only one that was never sent, or was refused. */
  remove(key: number): boolean {
    const item = this.find(key);
    if (!item || (item.entry.state !== 'refused' && item.entry.cid > 0)) return false;
    item.reject?.(new CommandDropped());
    this.drop(item);
    return true;
  }

  /** Forgets all, as on signing out or when another session begins. */
  clear(): void {
    for (const item of this.items) item.reject?.(new CommandDropped());
    this.items = [];
    this.changed();
  }

  /** The client has caught up: what was seen is settled, the rest goes out again. */
  online(): void {
    this.live = true;
    const mine = this.options.tab.client;
    for (const item of this.items) {
      // Another id numbered it and its message is not in what we caught up with: it had no effect.
      if (item.entry.state === 'refused') continue;
      if (item.entry.cid > 0 && item.entry.client !== mine) {
        this.set(item, { cid: 0, client: mine, state: 'queued' });
      }
      item.sentAt = 0;
    }
    this.pump();
  }

  offline(): void {
    this.live = false;
  }

  acked(ack: Ack): void {
    const item = this.byCid(this.options.tab.client, ack.cid);
    if (!item) return;
    item.resolve?.(ack);
    if (!item.keep) {
      this.drop(item);
      return;
    }
    item.seq = ack.seq;
    this.set(item, { state: 'sent' });
    this.pump();
  }

  /** The stream is at seq: what was sent up to there is in it. */
  settle(seq: number): void {
    const settled = (item: Item) => item.seq !== undefined && item.seq <= seq;
    if (!this.items.some(settled)) return;
    this.items = this.items.filter((item) => !settled(item));
    this.changed();
  }

  refused(frame: Refused): void {
    const item = this.byCid(this.options.tab.client, frame.cid);
    if (!item) return;
    const { error } = frame;
    if (error.code === 'out_of_order') {
      // Definitely without effect: a new number, in its place in the lane.
      item.sentAt = 0;
      this.set(item, { cid: 0, state: 'queued' });
      this.pump();
    } else if (isPassing(error)) {
      item.notBefore = this.options.env.now() + (error.retryAfterMs ?? defaultRetry);
      item.sentAt = 0;
      this.set(item, { state: 'queued', passing: error });
      this.pump();
    } else if (item.keep) {
      this.set(item, { state: 'refused', error });
      this.pump();
    } else {
      item.reject?.(new CommandRefused(error));
      this.drop(item);
    }
  }

  /** It came in the stream; when it is one of ours, it is sent, whatever became of its ack. */
  seen(message: Message | Post): void {
    if (this.items.length === 0 || !message.client || !message.cid) return;
    const item = this.byCid(message.client, message.cid);
    if (!item) return;
    const ack: Ack = { type: 'ack', cid: message.cid, seq: message.seq };
    if ('conversation' in message) ack.conversation = message.conversation;
    item.resolve?.(ack);
    this.drop(item);
  }

  /** The server closed because of the frame sent last (too large, not UTF-8): never again. */
  badFrame(): void {
    const sent = this.items.filter((item) => item.entry.state === 'sending');
    const last = sent.sort((a, b) => b.entry.cid - a.entry.cid)[0];
    if (!last) return;
    const error = { code: 'too_large', message: 'The server cannot take this message.' };
    this.refused({ type: 'refused', cid: last.entry.cid, error });
  }

  private push(
    command: Command,
    lane: string,
    rest: Pick<Item, 'keep' | 'resolve' | 'reject'>,
  ): number {
    const { tab, env } = this.options;
    const key = this.newKey();
    this.items.push({
      entry: { key, lane, command, state: 'queued', cid: 0, client: tab.client, at: env.now() },
      sentAt: 0,
      notBefore: 0,
      ...rest,
    });
    this.pump();
    return key;
  }

  /** Sends what may be sent: the first of each lane, and again what got no answer in time. */
  private pump(): void {
    const { env, tab } = this.options;
    const now = env.now();
    let next = Number.POSITIVE_INFINITY;
    const busy = new Set<string>();
    const due: Item[] = [];
    for (const item of this.items) {
      const { state, lane } = item.entry;
      if (state === 'refused' || state === 'sent' || busy.has(lane)) continue;
      busy.add(lane);
      const overdue = item.sentAt > 0 && now - item.sentAt >= answerLimit;
      if (state === 'sending' && overdue) this.set(item, { state: 'unknown' });
      if (!this.live) {
        if (state === 'sending' && item.sentAt > 0 && !overdue)
          next = Math.min(next, item.sentAt + answerLimit);
      } else if (item.notBefore > now) {
        next = Math.min(next, item.notBefore);
      } else if (item.sentAt > 0 && !overdue) {
        next = Math.min(next, item.sentAt + answerLimit);
      } else {
        due.push(item);
      }
    }
    // Old numbers first, so that none of them comes out of order.
    due.sort((a, b) => (a.entry.cid || Infinity) - (b.entry.cid || Infinity) || order(a, b));
    for (const item of due) {
      const cid = item.entry.cid || tab.nextCid();
      const state = item.entry.state === 'unknown' ? 'unknown' : 'sending';
      item.sentAt = now;
      this.set(item, { cid, state, client: tab.client });
      next = Math.min(next, now + answerLimit);
    }
    // The numbers are kept before the frames go out: a crash in between must not use one twice.
    this.changed();
    for (const item of due) {
      if (!this.options.transmit({ ...item.entry.command, cid: item.entry.cid })) break;
    }
    env.clearTimeout(this.timer);
    if (next < Number.POSITIVE_INFINITY) {
      this.timer = env.setTimeout(() => this.pump(), Math.max(0, next - now));
    }
  }

  private set(item: Item, change: Partial<Entry>): void {
    item.entry = { ...item.entry, ...change };
  }

  private drop(item: Item): void {
    this.items = this.items.filter((other) => other !== item);
    this.pump();
  }

  private changed(): void {
    this.view = this.items.map((item) => item.entry);
    const kept = this.items.filter((item) => item.keep && item.entry.state !== 'sent');
    this.options.tab.keep(kept.map((item) => stored(item.entry)));
    this.options.onChange();
  }

  private find(key: number): Item | undefined {
    return this.items.find((item) => item.entry.key === key);
  }

  private byCid(client: string, cid: number): Item | undefined {
    return this.items.find(({ entry }) => entry.cid === cid && entry.client === client);
  }

  private newKey(): number {
    this.lastKey += 1;
    return this.lastKey;
  }
}

function order(a: Item, b: Item): number {
  return a.entry.key - b.entry.key;
}

function restoredState(entry: StoredEntry): EntryState {
  if (entry.error) return 'refused';
  return entry.cid > 0 ? 'unknown' : 'queued';
}

function stored(entry: Entry): StoredEntry {
  const { lane, command, client, cid, at, error } = entry;
  return { lane, command, client, cid, at, ...(error ? { error } : {}) };
}
