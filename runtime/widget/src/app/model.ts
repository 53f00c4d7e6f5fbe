/**
 * The widget without its looks: signals that the components show, and the actions they name.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { Client, type View } from '@usher/protocol/client';
import { Ticker } from '@usher/protocol/clock';
import type { Env, Store } from '@usher/protocol/env';
import {
  type Change,
  type Channel,
  type Conversation,
  type Feature,
  type Message,
  maxTextRunes,
} from '@usher/protocol/protocol';
import { mergeMessages, type State, typingLasts } from '@usher/protocol/reduce';
import type { Tab } from '@usher/protocol/tab';
import { type Config, type Host, keysOf, scopeOf, type Wish } from '../shared/host.ts';
import { Announcer } from './announcer.ts';
import { type Earlier, EarlierMessages, type Fetch } from './earlier.ts';
import { kept } from './kept.ts';
import { currentConversation, type Screen, screenOf } from './screen.ts';
import { Starting } from './starting.ts';
import type { Words } from './words.ts';

/** The session of a conversation, and the last message that the visitor had before the eyes. */
interface Session {
  token: string;
  seen: number;
}

export interface ModelOptions {
  host: Host;
  env: Env;
  store: Store;
  tab: Tab;
  words: Words;
  /** The page that the visitor looks at. */
  page(): string;
  fetchMessages?: Fetch;
}

export class Model {
  readonly words: Words;
  readonly host: Host;
  readonly announcer: Announcer;
  readonly view: Signal<View>;
  readonly config: Signal<Config>;
  readonly open: Signal<boolean>;
  readonly starting: Starting;
  readonly draft: Signal<string>;
  /** The question "leave?" or "end?" is shown. */
  readonly asking = signal(false);
  /** A leave or end is under way. */
  readonly ending = signal(false);
  readonly unread = signal(0);
  readonly screen: ReadonlySignal<Screen>;
  readonly limit: ReadonlySignal<number>;
  /** Local time, moved once a second while the panel is open. */
  readonly now: Signal<number>;

  private readonly env: Env;
  private readonly client: Client;
  private readonly ticker: Ticker;
  private readonly session: Signal<Session | undefined>;
  /** The last handing on that this page has seen, and by whom. */
  private readonly move = signal<{ id: string; by: string | undefined } | undefined>(undefined);
  private readonly dismissed = signal<string | undefined>(undefined);
  private readonly earlier: EarlierMessages;
  private token: string | undefined;
  private stopTicks: (() => void) | undefined;
  private restarted = false;
  private known: Conversation | undefined;
  private wasOffered: boolean | undefined;
  private lostTold = false;
  private channelWas: Channel | undefined;

  constructor(options: ModelOptions) {
    const { host, env, store, words } = options;
    this.host = host;
    this.env = env;
    this.words = words;
    this.announcer = new Announcer(env, words);
    const scope = scopeOf(host.base, host.channel);
    const keys = keysOf(scope);
    this.session = kept<Session | undefined>(store, keys.session, undefined, (value) => !value);
    this.draft = kept(store, `usher.draft.${scope}`, '', (value) => value === '');
    this.open = kept(store, keys.open, false, (value) => !value);
    if (host.mode === 'page') this.open.value = true;
    this.token = this.session.value?.token;
    this.config = signal(host.config);
    this.now = signal(env.now());
    this.ticker = new Ticker(env);
    this.client = new Client({
      url: `${host.base.replace(/^http/, 'ws')}/v1/customer/stream`,
      env,
      tab: options.tab,
      hello: () => ({
        channel: host.channel,
        ...(this.token === undefined ? {} : { session: this.token }),
      }),
      onWelcome: (welcome) => {
        this.token = welcome.session ?? this.token;
      },
      onChanges: (changes, state) => this.arrived(changes, state),
    });
    this.view = signal(this.client.view());
    this.earlier = new EarlierMessages(host.base, options.fetchMessages);
    this.limit = computed(() => this.view.value.welcome?.limits.text ?? maxTextRunes);
    const starting = new Starting({
      ...options,
      client: this.client,
      view: this.view,
      screen: () => this.screen.value,
      limit: () => this.limit.value,
      channel: () => this.channel(),
      onContact: () => {
        // It has to be the same session that is asked again after a reload: then it arrives once.
        if (this.token) this.session.value = { token: this.token, seen: 0 };
        this.connect();
      },
    });
    this.starting = starting;
    const resuming = this.token !== undefined;
    this.screen = computed(() => {
      const { state, connection } = this.view.value;
      return screenOf({
        state,
        connection,
        config: this.config.value,
        resuming,
        dismissed: this.dismissed.value,
        way: starting.way.value,
        link: starting.link.state.value,
        contact: starting.contact.state.value,
      });
    });
    this.client.subscribe(() => this.follow());
    if (this.open.value || resuming || this.starting.contact.state.value) this.connect();
    if (this.open.value) this.tick();
  }

  // What the visitor does.

  show(wish: Wish = {}): void {
    this.starting.wish(wish);
    if (this.open.value) return;
    this.open.value = true;
    this.connect();
    this.tick();
    this.seenAll();
    this.host.emit('opened', undefined);
  }

  hide(): void {
    if (!this.open.value || this.host.mode === 'page') return;
    batch(() => {
      this.open.value = false;
      this.asking.value = false;
    });
    this.stopTicks?.();
    if (this.screen.value.name === 'ended') this.putAway();
    // Nobody looks and nothing is going on: no connection is held for it.
    if (!this.current() && !this.starting.contact.isPending()) this.client.stop();
    this.host.emit('closed', undefined);
  }

  say(text: string): void {
    const conversation = this.current();
    if (text.trim() === '' || !conversation) return;
    this.client.say(text.trim(), undefined, conversation.id);
    this.draft.value = '';
  }

  write(text: string): void {
    this.draft.value = text;
    if (text !== '' && this.screen.value.name === 'chat' && !this.isOff('typing')) {
      this.client.typing();
    }
  }

  retry(key: number): void {
    this.client.retry(key);
  }

  remove(key: number): void {
    this.client.remove(key);
  }

  /** Leaves the line, or ends the conversation. */
  async end(): Promise<void> {
    this.ending.value = true;
    try {
      await this.client.ask({ type: 'end' }, this.current()?.id);
    } catch {
      // Ended meanwhile by the other side: the screen says so already.
    } finally {
      batch(() => {
        this.ending.value = false;
        this.asking.value = false;
      });
    }
  }

  startAgain(): void {
    const { name } = this.screen.value;
    if (name === 'ended') {
      this.putAway();
      return;
    }
    // What can be revived stays with its session; another begins beside it.
    if (name === 'contact' || name === 'inactive') this.putAway();
    this.starting.contact.clear();
    this.anew();
  }

  retryNow(): void {
    this.client.retryNow();
  }

  async reloadConfig(): Promise<void> {
    this.config.value = await this.host.fetchConfig();
    this.connect();
  }

  /** Reads the messages before the first one that is shown. */
  async loadEarlier(conversation: Conversation): Promise<void> {
    const first = this.messages(conversation)[0];
    if (!first || this.token === undefined) return;
    await this.earlier.load(this.earlierOf(conversation), this.token, first.seq);
  }

  // What is known.

  messages(conversation: Conversation): readonly Message[] {
    const { state } = this.view.value;
    const list =
      state.messages.get(conversation.id) ??
      state.departed.get(`conversation/${conversation.id}`)?.messages ??
      [];
    const { list: before } = this.earlierOf(conversation);
    return before.length > 0 ? mergeMessages(before, list) : list;
  }

  earlierOf({ id }: Conversation): Earlier {
    return this.earlier.of(id, this.view.value.state.messages.get(id)?.length ?? 0);
  }

  /** Who writes just now, if somebody does. */
  writer(conversation: Conversation): string | undefined {
    const mark = this.view.value.state.typing.get(conversation.id);
    if (mark?.from !== 'agent' || this.now.value - mark.at > typingLasts) return undefined;
    if (this.isOff('typing')) return undefined;
    return mark.author ?? conversation.agentName ?? this.words.say('AnAgent');
  }

  /** Server time, for opening times. */
  serverNow(): number {
    return this.now.value + this.clockOffset();
  }

  clockOffset(): number {
    return this.client.clock.offset();
  }

  /** The channel as it is known last. */
  channel(): Channel | undefined {
    return this.view.value.state.channel ?? this.config.value.channel;
  }

  /** Whether a feature is switched off, in the conversation's queue or else the channel's. */
  isOff(feature: Feature): boolean {
    const disabled = this.current()?.disabled ?? this.channel()?.disabled;
    return disabled?.includes(feature) ?? false;
  }

  /** All who serve it, the owner first: "Ana and Ben". */
  agentsText(conversation: Conversation): string {
    const names = (conversation.agents ?? []).map(({ displayName }) => displayName);
    if (names.length > 0) return this.words.list(names);
    return conversation.agentName ?? this.words.say('anAgent');
  }

  /** For whom the visitor waits, and how it came to that; nothing in the channel's own line. */
  handedText({ id, handedTo, handedToName }: Conversation): string | undefined {
    if (!handedTo) return undefined;
    const to = handedToName ?? handedTo.name;
    const move = this.move.value;
    if (move?.id !== id) return this.words.say('waitsFor', { to });
    const { by } = move;
    return by ? this.words.say('handedBy', { by, to }) : this.words.say('handed', { to });
  }

  placeText(conversation: Conversation): string {
    const { place = 0 } = conversation;
    return place <= 1 ? this.words.say('placeNext') : this.words.say('place', { place });
  }

  // What follows from it.

  private follow(): void {
    const view = this.client.view();
    const { state, connection } = view;
    batch(() => {
      this.view.value = view;
      this.now.value = this.env.now();
    });
    if (connection.phase === 'stopped' && connection.why !== 'version' && !this.restarted) {
      // The session has ended or is not taken any more: once more without it.
      this.restarted = true;
      this.anew();
      return;
    }
    if (connection.phase === 'live') this.restarted = false;
    this.followConnection();
    if (!state.loaded) return;
    this.followOffer(state);
    this.followConversation(this.current(), state);
    this.followContact();
  }

  private followContact(): void {
    const contact = this.starting.contact.state.value;
    const now = this.current();
    // Revived, or served: it is a conversation like any other.
    if (contact && now && now.state !== 'inactive') this.starting.contact.clear();
    else if (contact?.fate === 'sent' && this.starting.form.value.text)
      this.starting.fill({ text: '' });
  }

  private followConnection(): void {
    const { connection } = this.view.value;
    if (connection.phase === 'live' && this.lostTold) {
      this.lostTold = false;
      if (this.open.value) this.announcer.interrupt(this.words.say('back'));
    }
  }

  /** Told by the bar when it appears, so that a short blink is not read aloud. */
  tellLost(text: string): void {
    if (this.lostTold) return;
    this.lostTold = true;
    this.announcer.interrupt(text);
  }

  private followOffer(state: State): void {
    const { channel } = state;
    if (!channel) return;
    if (channel !== this.channelWas) {
      this.channelWas = channel;
      this.host.follow(channel);
      this.starting.askLink(0);
    }
    if (channel.offered === this.wasOffered) return;
    const { offered, availability } = channel;
    if (this.wasOffered !== undefined) this.host.emit('offered', { offered, availability });
    this.wasOffered = offered;
  }

  private followConversation(now: Conversation | undefined, state: State): void {
    const was = this.known;
    this.known = now;
    this.keepSession(now);
    if (!now) return;
    const same = was?.id === now.id ? was : undefined;
    const agent = this.agentsText(now);
    if (same) this.followHanding(same, now);
    if (now.state === 'waiting' || now.state === 'offered') {
      const place = now.place ?? 1;
      if (!same) this.host.emit('queued', { place });
      if (!same || same.place !== now.place || same.waiting !== now.waiting) {
        this.host.emit('place', { place, waiting: now.waiting ?? 0 });
      }
      if (this.open.value) this.announcer.place(this.placeText(now));
    } else {
      this.announcer.noPlace();
    }
    if (same?.state !== now.state && now.state === 'inService') {
      this.host.emit('accepted', { agent: now.agentName ?? agent });
      if (same) this.announcer.say(this.words.say('withAgent', { name: agent }));
    } else if (same && now.state === 'inService' && this.agentsText(same) !== agent) {
      // Somebody came or went.
      this.announcer.say(this.words.say('withAgent', { name: agent }));
    }
    if (same && same.state !== 'ended' && now.state === 'ended') {
      this.asking.value = false;
      this.host.emit('ended', { by: now.endedBy ?? '' });
      this.announcer.say(this.words.say('ended'));
    }
    this.countUnread(now, state);
  }

  private followHanding(was: Conversation, now: Conversation): void {
    if (now.handedTo?.name === was.handedTo?.name && now.handedTo?.kind === was.handedTo?.kind) {
      return;
    }
    this.move.value = { id: now.id, by: was.state === 'inService' ? was.agentName : undefined };
    const text = this.handedText(now);
    if (text && this.open.value) this.announcer.moved(text, this.placeText(now));
  }

  /** A session is kept only while it leads to something. */
  private keepSession(conversation: Conversation | undefined): void {
    const { value } = this.session;
    if (!conversation) {
      const { contact } = this.starting;
      if (value && !contact.state.value && !contact.pending()) this.session.value = undefined;
    } else if (this.token && value?.token !== this.token) {
      this.session.value = { token: this.token, seen: value?.seen ?? 0 };
    }
  }

  private arrived(changes: readonly Change[], state: State): void {
    for (const { message } of changes) {
      if (message?.from !== 'agent') continue;
      const name = message.author ?? this.words.say('AnAgent');
      this.announcer.message(name, message.text);
      const conversation = state.conversations.get(message.conversation);
      if (conversation) this.countUnread(conversation, state);
      this.host.emit('message', { from: name, unread: this.unread.value });
    }
  }

  private countUnread(conversation: Conversation, state: State): void {
    if (this.isLookedAt()) {
      this.seenAll();
      return;
    }
    const seen = this.session.value?.seen ?? 0;
    const list = state.messages.get(conversation.id) ?? [];
    this.unread.value = list.filter(({ from, seq }) => from !== 'customer' && seq > seen).length;
  }

  private isLookedAt(): boolean {
    return this.open.value && !this.env.hidden();
  }

  /** The visitor has everything before the eyes. */
  seenAll(): void {
    if (!this.isLookedAt()) return;
    this.unread.value = 0;
    const conversation = this.current();
    const last = conversation && this.view.value.state.messages.get(conversation.id)?.at(-1);
    const { value } = this.session;
    if (value && last && last.seq > value.seen) this.session.value = { ...value, seen: last.seq };
  }

  /** An ended conversation is done with: what could not be sent in it goes with it. */
  private putAway(): void {
    const conversation = this.current();
    if (!conversation) return;
    for (const entry of this.view.value.entries) {
      if (entry.lane === conversation.id) this.client.remove(entry.key);
    }
    batch(() => {
      this.dismissed.value = conversation.id;
      this.session.value = undefined;
      this.unread.value = 0;
      this.starting.contact.clear();
    });
  }

  private current(): Conversation | undefined {
    return currentConversation(this.view.value.state, this.dismissed.value);
  }

  private anew(): void {
    const contact = this.starting.contact.pending();
    this.token = undefined;
    this.session.value = undefined;
    this.client.reset();
    this.starting.contact.afterReset(contact);
    this.client.start();
  }

  private connect(): void {
    const { failed } = this.config.value;
    // A channel that is not there, or not for this page, does not appear by asking again.
    if (failed !== 'missing' && failed !== 'refused') this.client.start();
  }

  private tick(): void {
    this.stopTicks?.();
    this.now.value = this.env.now();
    this.stopTicks = this.ticker.subscribe(() => {
      this.now.value = this.env.now();
      if (!this.current()) this.starting.askLink();
    });
  }
}
