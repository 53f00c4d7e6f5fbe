/**
 * A client of a desk: one socket, what is known, and what is on its way, kept in step.
 *
 *     const client = new Client({ url, env: browserEnv(), tab: await Tab.claim(...), hello });
 *     client.subscribe(() => render(client.view()));
 *     client.start();
 *     client.say('Hello');
 *     await client.ask({ type: 'pick', queue: 'support' });   // rejects with CommandRefused
 *
 * After a loss it first catches up, then settles what it sees of its own, then sends the rest.
 */
import { ServerClock } from './clock.ts';
import type { Env } from './env.ts';
import { type Entry, Outbox } from './outbox.ts';
import {
  type Ack,
  type Change,
  type Command,
  type Hello,
  type Message,
  type ProtocolError,
  type ServerFrame,
  version,
  type WatchView,
  type Welcome,
} from './protocol.ts';
import {
  dismissNotice,
  emptyState,
  forgetView,
  gap,
  reduce,
  reduceTyping,
  type State,
} from './reduce.ts';
import { type Connection, Socket } from './socket.ts';
import type { Tab } from './tab.ts';

/** All that a view shows; a new object at each change. */
export interface View {
  readonly state: State;
  readonly connection: Connection;
  readonly entries: readonly Entry[];
  readonly welcome: Welcome | undefined;
}

export interface ClientOptions {
  url: string;
  env: Env;
  tab: Tab;
  /** What a hello names beside version, client and seq: the customer's channel and session. */
  hello?(): Pick<Hello, 'channel' | 'session'>;
  onWelcome?(welcome: Welcome): void;
  /** Changes of an update, after they were applied: what arrived live, for sounds and announcers. */
  onChanges?(changes: readonly Change[], state: State): void;
  onError?(error: ProtocolError): void;
}

const typingEvery = 3_000;

export class Client {
  readonly clock: ServerClock;
  private readonly options: ClientOptions;
  private readonly socket: Socket;
  private readonly outbox: Outbox;
  private readonly listeners = new Set<() => void>();
  private shown: View;
  private told: View | undefined;
  private batching = false;
  private typingAt = 0;
  private typingIn: string | undefined;
  private watched: readonly WatchView[] = [];

  constructor(options: ClientOptions) {
    this.options = options;
    const { env, tab, url } = options;
    this.clock = new ServerClock(env);
    this.socket = new Socket({
      url,
      env,
      hello: () => this.hello(),
      onFrame: (frame) => this.batch(() => this.receive(frame)),
      onConnection: (connection) => this.connected(connection),
      onBadFrame: () => this.outbox.badFrame(),
    });
    this.outbox = new Outbox({
      tab,
      env,
      transmit: (command) => this.socket.send(command),
      onChange: () => this.update({ entries: this.outbox.entries() }),
    });
    this.shown = {
      state: emptyState,
      connection: this.socket.current(),
      entries: this.outbox.entries(),
      welcome: undefined,
    };
  }

  view(): View {
    return this.shown;
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  start(): void {
    this.socket.start();
  }

  stop(): void {
    this.socket.stop();
  }

  retryNow(): void {
    this.socket.retryNow();
  }

  /** Stops and forgets all: signed out, or another session. */
  reset(): void {
    this.socket.stop();
    this.outbox.clear();
    this.update({ state: emptyState, welcome: undefined });
  }

  /** Sends a command once, in the order of its lane; answers with the ack. */
  ask(command: Command, lane = laneOf(command)): Promise<Ack> {
    return this.outbox.ask(command, lane);
  }

  /**
   * Writes a message: shown at once as an entry, kept over a reload, sent when there is a way.
   * Agents name the conversation; a customer has one only, and names it as the lane.
   */
  say(text: string, conversation?: string, lane?: string): number {
    const command: Command = { type: 'say', text };
    if (conversation !== undefined) command.conversation = conversation;
    this.typingIn = undefined;
    return this.outbox.post(command, lane ?? laneOf(command));
  }

  /** Writes in a room, as say does in a conversation. */
  post(text: string, room: string): number {
    return this.deliver({ type: 'post', room, text });
  }

  /**
   * Sends what must not be lost, a contact form: kept over a reload, and as a refused entry until it
   * is taken back.
   */
  deliver(command: Command, lane = laneOf(command)): number {
    return this.outbox.post(command, lane);
  }

  /** Says which lists this tab looks at. It is told again on each new socket. */
  watch(views: readonly WatchView[]): void {
    const same =
      views.length === this.watched.length && views.every((view) => this.watched.includes(view));
    if (same) return;
    const changed = (['team', 'inactive'] as const).filter(
      (view) => views.includes(view) !== this.watched.includes(view),
    );
    this.watched = [...views];
    this.sendWatch(changed);
  }

  retry(key: number): void {
    this.outbox.retry(key);
  }

  remove(key: number): boolean {
    return this.outbox.remove(key);
  }

  /** Tells the other side that somebody writes, at most every 3 s for one conversation. */
  typing(conversation?: string): void {
    const now = this.options.env.now();
    const where = conversation ?? '';
    if (this.typingIn === where && now - this.typingAt < typingEvery) return;
    this.typingIn = where;
    this.typingAt = now;
    const frame: Command = { type: 'typing', typing: true };
    if (conversation !== undefined) frame.conversation = conversation;
    this.socket.send(frame);
  }

  dismissNotice(id: number): void {
    this.update({ state: dismissNotice(this.shown.state, id) });
  }

  private hello(): Hello {
    const hello: Hello = {
      type: 'hello',
      v: version,
      client: this.options.tab.client,
      ...this.options.hello?.(),
    };
    const { seq, loaded } = this.shown.state;
    // Half a snapshot is worth nothing on the next socket.
    if (this.shown.state.parts.length > 0)
      this.update({ state: { ...this.shown.state, parts: [] } });
    if (loaded && seq > 0) {
      hello.seq = seq;
      const keeps = hello.channel === undefined ? undefined : newest(this.shown.state);
      if (keeps) hello.keeps = { seq: keeps.seq, at: keeps.at };
    }
    return hello;
  }

  private receive(frame: ServerFrame): 'gap' | undefined {
    switch (frame.type) {
      case 'welcome':
        this.clock.observe(frame.time);
        this.update({ welcome: frame });
        this.options.onWelcome?.(frame);
        return undefined;
      case 'ping':
        this.clock.observe(frame.time);
        return undefined;
      case 'snapshot':
      case 'update': {
        const next = reduce(this.shown.state, frame);
        if (next === gap) {
          // Without seq the next snapshot replaces everything.
          this.update({ state: { ...this.shown.state, seq: 0, parts: [] } });
          return 'gap';
        }
        this.update({ state: next });
        for (const { message, post } of frame.changes) {
          if (message) this.outbox.seen(message);
          if (post) this.outbox.seen(post);
        }
        this.outbox.settle(next.seq);
        if (frame.type === 'update') this.options.onChanges?.(frame.changes, next);
        return undefined;
      }
      case 'ack':
        this.outbox.acked(frame);
        this.outbox.settle(this.shown.state.seq);
        return undefined;
      case 'refused':
        this.outbox.refused(frame);
        return undefined;
      case 'typing':
        this.update({ state: reduceTyping(this.shown.state, frame, this.options.env.now()) });
        return undefined;
      case 'error':
        this.options.onError?.(frame.error);
        return undefined;
      default:
        return undefined;
    }
  }

  private connected(connection: Connection): void {
    const was = this.shown.connection.phase;
    this.update({ connection });
    if (connection.phase === 'live' && was !== 'live') {
      // The server forgot with the old socket what was watched.
      if (this.watched.length > 0) this.sendWatch([]);
      this.outbox.online();
    } else if (connection.phase !== 'live' && was === 'live') this.outbox.offline();
  }

  private sendWatch(anew: readonly WatchView[]): void {
    if (!this.socket.send({ type: 'watch', views: [...this.watched] })) return;
    let { state } = this.shown;
    for (const view of anew) state = forgetView(state, view);
    if (state !== this.shown.state) this.update({ state });
  }

  /** One frame is one change to a view: a message must not be there twice, nor not at all. */
  private batch<T>(run: () => T): T {
    this.batching = true;
    try {
      return run();
    } finally {
      this.batching = false;
      this.notify();
    }
  }

  private update(change: Partial<View>): void {
    this.shown = { ...this.shown, ...change };
    if (!this.batching) this.notify();
  }

  private notify(): void {
    if (this.told === this.shown) return;
    this.told = this.shown;
    for (const listener of [...this.listeners]) listener();
  }
}

/** The newest message of all conversations. */
function newest({ messages }: State): Message | undefined {
  let last: Message | undefined;
  for (const list of messages.values()) {
    const end = list.at(-1);
    if (end && (!last || end.seq > last.seq)) last = end;
  }
  return last;
}

/** Commands of one lane go one after the other; what has nothing to do with each other does not wait. */
function laneOf(command: Command): string {
  const { conversation, queue, room, type } = command;
  if (conversation !== undefined) return conversation;
  if (queue !== undefined) return `queue/${queue}`;
  if (room !== undefined) return `room/${room}`;
  if (type === 'presence' || type === 'newKey' || type === 'dropKey') return 'me';
  if (type === 'favour') return `favour/${command.to?.kind}/${command.to?.name}`;
  return '';
}
