/**
 * What a client knows, as a pure function of the frames it got.
 *
 *     let state = emptyState;
 *     const next = reduce(state, frame);
 *     if (next === gap) reconnectWithoutSeq(); else state = next;
 *
 * A state is never changed in place: what did not change keeps its identity, so that a view can
 * compare by reference. Nothing here knows of sockets, time or a framework.
 */
import type {
  Change,
  Channel,
  Conversation,
  Gone,
  Message,
  Notice,
  Queue,
  Snapshot,
  Typing,
  Update,
  Waiting,
} from './protocol.ts';

/** What left the view, with what it was, so that a preview can go on showing it. */
export interface Departed {
  readonly gone: Gone;
  readonly waiting?: Waiting;
  readonly conversation?: Conversation;
  readonly messages?: readonly Message[];
}

export interface NumberedNotice {
  readonly id: number;
  readonly notice: Notice;
}

export interface TypingMark {
  readonly from: string;
  readonly author?: string;
  /** Local time at which it was heard; it is worth typingLasts ms. */
  readonly at: number;
}

/** How long "is writing" is shown after the last sign of it. */
export const typingLasts = 6_000;

const departedKept = 64;
const noticesKept = 50;

export interface State {
  /** Sequence of the last frame that was applied; 0 before the first snapshot. */
  readonly seq: number;
  /** Whether a whole snapshot was ever applied. */
  readonly loaded: boolean;
  /** Changes of a snapshot of which more parts are to come. */
  readonly parts: readonly Change[];
  readonly queues: ReadonlyMap<string, Queue>;
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** Messages by conversation, in order of seq. */
  readonly messages: ReadonlyMap<string, readonly Message[]>;
  readonly channel: Channel | undefined;
  /** Notices that were not dismissed, the oldest first. */
  readonly notices: readonly NumberedNotice[];
  readonly noticesSeen: number;
  /** The last 64 that went, by departedKey. */
  readonly departed: ReadonlyMap<string, Departed>;
  readonly typing: ReadonlyMap<string, TypingMark>;
  /** The server told of a kind of thing that this client does not know: it is older. */
  readonly outdated: boolean;
}

export const emptyState: State = {
  seq: 0,
  loaded: false,
  parts: [],
  queues: new Map(),
  waiting: new Map(),
  conversations: new Map(),
  messages: new Map(),
  channel: undefined,
  notices: [],
  noticesSeen: 0,
  departed: new Map(),
  typing: new Map(),
  outdated: false,
};

/** A frame was lost: close with 4001 and connect again without seq. */
export const gap = 'gap';
export type Gap = typeof gap;

export function departedKey(kind: string, id: string): string {
  return `${kind}/${id}`;
}

export function reduce(state: State, frame: Snapshot | Update): State | Gap {
  return frame.type === 'snapshot' ? reduceSnapshot(state, frame) : reduceUpdate(state, frame);
}

function reduceUpdate(state: State, frame: Update): State | Gap {
  // An update in the middle of a snapshot, or before one, has nothing to stand on.
  if (!state.loaded || state.parts.length > 0) return gap;
  if (frame.prev !== state.seq) {
    // Whatever ends before what we have is contained in it: a change says how a thing reads now.
    return frame.seq <= state.seq && frame.prev < state.seq ? state : gap;
  }
  if (frame.seq < frame.prev) return gap;
  const draft = new Draft(state);
  for (const change of frame.changes) draft.apply(change);
  return draft.finish(frame.seq);
}

function reduceSnapshot(state: State, frame: Snapshot): State {
  const changes = state.parts.length > 0 ? [...state.parts, ...frame.changes] : frame.changes;
  if (frame.more) return { ...state, parts: changes };

  const kept = new Map<string, readonly Message[]>();
  const after = frame.messagesAfter ?? 0;
  if (after > 0) {
    for (const [id, list] of state.messages) {
      const old = list.filter((message) => message.seq <= after);
      if (old.length > 0) kept.set(id, old);
    }
  }
  const draft = new Draft({
    ...state,
    parts: [],
    queues: new Map(),
    waiting: new Map(),
    conversations: new Map(),
    messages: kept,
    channel: undefined,
    typing: new Map(),
  });
  for (const change of changes) draft.apply(change);
  const next = draft.finish(frame.seq);

  // Messages of a conversation that is no longer ours go with it.
  const messages = new Map(next.messages);
  for (const id of messages.keys()) if (!next.conversations.has(id)) messages.delete(id);
  return { ...next, messages, loaded: true };
}

/** Notes that somebody writes; `now` is the local clock. */
export function reduceTyping(state: State, frame: Typing, now: number): State {
  const mark: TypingMark = {
    from: frame.from,
    at: now,
    ...(frame.author === undefined ? {} : { author: frame.author }),
  };
  return { ...state, typing: new Map(state.typing).set(frame.conversation, mark) };
}

export function dismissNotice(state: State, id: number): State {
  const notices = state.notices.filter((entry) => entry.id !== id);
  return notices.length === state.notices.length ? state : { ...state, notices };
}

/** Copies each map once, at its first change. */
class Draft {
  private readonly copied = new Set<string>();
  private readonly state: { -readonly [K in keyof State]: State[K] };

  constructor(state: State) {
    this.state = { ...state };
  }

  finish(seq: number): State {
    this.state.seq = seq;
    return this.state;
  }

  apply(change: Change): void {
    const { queue, waiting, conversation, message, channel, notice, gone } = change;
    if (change.kind === 'queue' && queue) {
      this.own('queues').set(queue.name, queue);
    } else if (change.kind === 'waiting' && waiting) {
      this.own('waiting').set(waiting.conversation, waiting);
      this.comeBack('waiting', waiting.conversation);
    } else if (change.kind === 'conversation' && conversation) {
      this.own('conversations').set(conversation.id, conversation);
      this.comeBack('conversation', conversation.id);
    } else if (change.kind === 'message' && message) {
      this.addMessage(message);
    } else if (change.kind === 'channel' && channel) {
      this.state.channel = channel;
    } else if (change.kind === 'notice' && notice) {
      const id = this.state.noticesSeen + 1;
      this.state.noticesSeen = id;
      this.state.notices = [...this.state.notices, { id, notice }].slice(-noticesKept);
    } else if (change.kind === 'gone' && gone) {
      this.remove(gone);
    } else {
      this.state.outdated = true;
    }
  }

  private own<
    K extends 'queues' | 'waiting' | 'conversations' | 'messages' | 'departed' | 'typing',
  >(key: K): State[K] extends ReadonlyMap<string, infer V> ? Map<string, V> : never {
    if (!this.copied.has(key)) {
      this.copied.add(key);
      // The copy has the same type as what it copies; TypeScript cannot tell for a generic key.
      (this.state as Record<string, unknown>)[key] = new Map(this.state[key] as Map<string, never>);
    }
    return this.state[key] as never;
  }

  private addMessage(message: Message): void {
    const messages = this.own('messages');
    messages.set(
      message.conversation,
      mergeMessages(messages.get(message.conversation), [message]),
    );
    if (this.state.typing.get(message.conversation)?.from === message.from) {
      this.own('typing').delete(message.conversation);
    }
  }

  private comeBack(kind: string, id: string): void {
    const key = departedKey(kind, id);
    if (this.state.departed.has(key)) this.own('departed').delete(key);
  }

  private remove(gone: Gone): void {
    if (gone.kind === 'queue') {
      this.own('queues').delete(gone.id);
      // Its line goes with it: nobody tells its entries one by one.
      for (const entry of this.state.waiting.values()) {
        if (entry.queue === gone.id) this.own('waiting').delete(entry.conversation);
      }
      return;
    }
    const was: { -readonly [K in keyof Departed]: Departed[K] } = { gone };
    const waiting = this.state.waiting.get(gone.id);
    if (waiting) was.waiting = waiting;
    if (gone.kind === 'waiting') {
      this.own('waiting').delete(gone.id);
    } else {
      const conversation = this.state.conversations.get(gone.id);
      const messages = this.state.messages.get(gone.id);
      if (conversation) was.conversation = conversation;
      if (messages) was.messages = messages;
      this.own('conversations').delete(gone.id);
      this.own('messages').delete(gone.id);
      this.own('typing').delete(gone.id);
    }
    const departed = this.own('departed');
    const key = departedKey(gone.kind, gone.id);
    departed.delete(key);
    departed.set(key, was);
    for (const oldest of departed.keys()) {
      if (departed.size <= departedKept) break;
      departed.delete(oldest);
    }
  }
}

/** Both lists in order of seq, each seq once; of equal ones that of `more` counts. */
export function mergeMessages(
  have: readonly Message[] | undefined,
  more: readonly Message[],
): readonly Message[] {
  if (!have || have.length === 0) return sortedMessages(more);
  const last = have[have.length - 1];
  const first = more[0];
  if (more.length === 1 && last && first && first.seq > last.seq) return [...have, first];
  return sortedMessages([...have, ...more]);
}

function sortedMessages(list: readonly Message[]): readonly Message[] {
  const bySeq = new Map<number, Message>();
  for (const message of list) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
