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
  Colleague,
  Conversation,
  Gone,
  Inactive,
  Invitation,
  Message,
  Notice,
  Open,
  Post,
  Queue,
  Room,
  Snapshot,
  Standing,
  Team,
  Typing,
  Update,
  Waiting,
  WatchView,
} from './protocol.ts';

/** What left the view, with what it was, so that a preview can go on showing it. */
export interface Departed {
  readonly gone: Gone;
  readonly waiting?: Waiting;
  readonly conversation?: Conversation;
  readonly messages?: readonly Message[];
  readonly invitation?: Invitation;
  readonly open?: Open;
  readonly inactive?: Inactive;
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
  readonly teams: ReadonlyMap<string, Team>;
  /** Members of the desk by name, this agent among them. */
  readonly agents: ReadonlyMap<string, Colleague>;
  /** This agent's own presence, load and session keys. */
  readonly me: Standing | undefined;
  /** By conversation, as are opens and inactives. */
  readonly invitations: ReadonlyMap<string, Invitation>;
  /** What colleagues serve; empty unless "team" is watched. */
  readonly opens: ReadonlyMap<string, Open>;
  /** What was left behind; empty unless "inactive" is watched. */
  readonly inactives: ReadonlyMap<string, Inactive>;
  readonly rooms: ReadonlyMap<string, Room>;
  /** Posts that came live since the last snapshot, by room, in order of seq. */
  readonly posts: ReadonlyMap<string, readonly Post[]>;
  /** How many whole snapshots were applied: pages that were asked for before the last may be old. */
  readonly snapshots: number;
  /** Notices that were not dismissed, the oldest first. */
  readonly notices: readonly NumberedNotice[];
  readonly noticesSeen: number;
  /** The last 64 that went, by departedKey. */
  readonly departed: ReadonlyMap<string, Departed>;
  readonly typing: ReadonlyMap<string, TypingMark>;
  /** The server told of a kind of thing that this client does not know: it is older. */
  readonly outdated: boolean;
}

/** What a snapshot tells anew, before it has told anything. */
const untold = {
  parts: [],
  queues: new Map(),
  waiting: new Map(),
  conversations: new Map(),
  messages: new Map(),
  channel: undefined,
  teams: new Map(),
  agents: new Map(),
  me: undefined,
  invitations: new Map(),
  opens: new Map(),
  inactives: new Map(),
  rooms: new Map(),
  posts: new Map(),
  typing: new Map(),
} satisfies Partial<State>;

export const emptyState: State = {
  ...untold,
  seq: 0,
  loaded: false,
  snapshots: 0,
  notices: [],
  noticesSeen: 0,
  departed: new Map(),
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
  const draft = new Draft({ ...state, ...untold, messages: kept });
  for (const change of changes) draft.apply(change);
  const next = draft.finish(frame.seq);

  // Messages of a conversation that is no longer ours go with it.
  const messages = new Map(next.messages);
  for (const id of messages.keys()) if (!next.conversations.has(id)) messages.delete(id);
  return { ...next, messages, loaded: true, snapshots: state.snapshots + 1 };
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

/** Forgets a list that is watched anew, or no longer: what left it meanwhile was not told. */
export function forgetView(state: State, view: WatchView): State {
  if (view === 'team') return state.opens.size === 0 ? state : { ...state, opens: new Map() };
  return state.inactives.size === 0 ? state : { ...state, inactives: new Map() };
}

/** The parts of a state that are maps by the name of a thing. */
type Shelf = {
  [K in keyof State]: State[K] extends ReadonlyMap<string, unknown> ? K : never;
}[keyof State];

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
    if (!this.applyLine(change) && !this.applyDesk(change)) this.state.outdated = true;
  }

  /** Queues, customers and what is said to them. */
  private applyLine(change: Change): boolean {
    const { kind, queue, waiting, conversation, message, invitation, open, inactive, gone } =
      change;
    if (kind === 'queue' && queue) {
      this.own('queues').set(queue.name, queue);
    } else if (kind === 'waiting' && waiting) {
      this.own('waiting').set(waiting.conversation, waiting);
      this.comeBack(kind, waiting.conversation);
    } else if (kind === 'conversation' && conversation) {
      this.own('conversations').set(conversation.id, conversation);
      this.comeBack(kind, conversation.id);
    } else if (kind === 'message' && message) {
      this.addMessage(message);
    } else if (kind === 'invitation' && invitation) {
      this.own('invitations').set(invitation.conversation, invitation);
      this.comeBack(kind, invitation.conversation);
    } else if (kind === 'open' && open) {
      this.own('opens').set(open.conversation, open);
      this.comeBack(kind, open.conversation);
    } else if (kind === 'inactive' && inactive) {
      this.own('inactives').set(inactive.conversation, inactive);
      this.comeBack(kind, inactive.conversation);
    } else if (kind === 'gone' && gone) {
      this.remove(gone);
    } else {
      return false;
    }
    return true;
  }

  /** The desk's people and what they write to each other. */
  private applyDesk(change: Change): boolean {
    const { kind, channel, notice, team, agent, me, room, post } = change;
    if (kind === 'channel' && channel) {
      this.state.channel = channel;
    } else if (kind === 'notice' && notice) {
      const id = this.state.noticesSeen + 1;
      this.state.noticesSeen = id;
      this.state.notices = [...this.state.notices, { id, notice }].slice(-noticesKept);
    } else if (kind === 'team' && team) {
      this.own('teams').set(team.name, team);
    } else if (kind === 'agent' && agent) {
      this.own('agents').set(agent.name, agent);
    } else if (kind === 'me' && me) {
      this.state.me = me;
    } else if (kind === 'room' && room) {
      this.own('rooms').set(room.id, room);
    } else if (kind === 'post' && post) {
      const posts = this.own('posts');
      posts.set(post.room, mergeMessages(posts.get(post.room), [post]));
    } else {
      return false;
    }
    return true;
  }

  private own<K extends Shelf>(
    key: K,
  ): State[K] extends ReadonlyMap<string, infer V> ? Map<string, V> : never {
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
    const { kind, id } = gone;
    if (kind === 'queue') {
      this.own('queues').delete(id);
      // Its line goes with it: nobody tells its entries one by one. Who waits for a team or an
      // agent under its settings waits on.
      for (const entry of this.state.waiting.values()) {
        if (entry.queue === id && !entry.team && !entry.agent)
          this.own('waiting').delete(entry.conversation);
      }
    } else if (kind === 'team') {
      this.own('teams').delete(id);
      for (const entry of this.state.waiting.values()) {
        if (entry.team === id) this.own('waiting').delete(entry.conversation);
      }
    } else if (kind === 'agent') {
      this.own('agents').delete(id);
    } else if (kind === 'room') {
      this.own('rooms').delete(id);
      this.own('posts').delete(id);
    } else {
      this.depart(gone);
    }
  }

  /** Removes what a view may be looking at, and keeps what it was. */
  private depart(gone: Gone): void {
    const { kind, id } = gone;
    const was: { -readonly [K in keyof Departed]: Departed[K] } = { gone };
    const waiting = this.state.waiting.get(id);
    if (waiting) was.waiting = waiting;
    if (kind === 'waiting') {
      this.own('waiting').delete(id);
    } else if (kind === 'invitation') {
      const invitation = this.state.invitations.get(id);
      if (invitation) was.invitation = invitation;
      this.own('invitations').delete(id);
    } else if (kind === 'open') {
      const open = this.state.opens.get(id);
      if (open) was.open = open;
      this.own('opens').delete(id);
    } else if (kind === 'inactive') {
      const inactive = this.state.inactives.get(id);
      if (inactive) was.inactive = inactive;
      this.own('inactives').delete(id);
    } else {
      const conversation = this.state.conversations.get(id);
      const messages = this.state.messages.get(id);
      if (conversation) was.conversation = conversation;
      if (messages) was.messages = messages;
      this.own('conversations').delete(id);
      this.own('messages').delete(id);
      this.own('typing').delete(id);
    }
    const departed = this.own('departed');
    const key = departedKey(gone.kind, gone.id);
    departed.delete(key);
    if (gone.why === 'erased') {
      // Removed for good: nothing of it stays in any view.
      for (const kind of ['waiting', 'invitation', 'open', 'inactive']) {
        departed.delete(departedKey(kind, id));
      }
      departed.set(key, { gone });
      return;
    }
    departed.set(key, was);
    for (const oldest of departed.keys()) {
      if (departed.size <= departedKept) break;
      departed.delete(oldest);
    }
  }
}

/** Both lists in order of seq, each seq once; of equal ones that of `more` counts. */
export function mergeMessages<T extends { readonly seq: number }>(
  have: readonly T[] | undefined,
  more: readonly T[],
): readonly T[] {
  if (!have || have.length === 0) return sortedMessages(more);
  const last = have[have.length - 1];
  const first = more[0];
  if (more.length === 1 && last && first && first.seq > last.seq) return [...have, first];
  return sortedMessages([...have, ...more]);
}

function sortedMessages<T extends { readonly seq: number }>(list: readonly T[]): readonly T[] {
  const bySeq = new Map<number, T>();
  for (const message of list) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
