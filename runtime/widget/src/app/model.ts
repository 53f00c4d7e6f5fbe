/**
 * The widget without its looks: signals that the components show, and the actions they name.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { Client, type View } from '@usher/protocol/client';
import { Ticker } from '@usher/protocol/clock';
import type { Env, Store } from '@usher/protocol/env';
import { CommandRefused } from '@usher/protocol/outbox';
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
import { Contact } from './contact.ts';
import { fetchMessages } from './earlier.ts';
import { kept } from './kept.ts';
import { SupportLink } from './link.ts';
import { currentConversation, type Screen, screenOf } from './screen.ts';
import {
  contactCommand,
  contactProblems,
  emptyForm,
  type FormText,
  type Problems,
  pageWithoutWish,
  startCommand,
  startProblems,
  type Way,
} from './start.ts';
import type { Words } from './words.ts';

/** The session of a conversation, and the last message that the visitor had before the eyes. */
interface Session {
  token: string;
  seen: number;
}

/** Messages of before the snapshot, read when the visitor asks for them. */
export interface Earlier {
  readonly id: string;
  readonly list: readonly Message[];
  readonly busy: boolean;
  readonly failed: boolean;
  readonly done: boolean;
}

/** How many messages of a conversation a snapshot has at most. */
const pageSize = 50;
/** While a support link's form is looked at, whether it can be used is asked this often. */
const linkEvery = 20_000;

export interface ModelOptions {
  host: Host;
  env: Env;
  store: Store;
  tab: Tab;
  words: Words;
  /** The page that the visitor looks at. */
  page(): string;
  fetchMessages?: typeof fetchMessages;
}

export class Model {
  readonly words: Words;
  readonly host: Host;
  readonly announcer: Announcer;
  readonly view: Signal<View>;
  readonly config: Signal<Config>;
  readonly open: Signal<boolean>;
  readonly form: Signal<FormText>;
  readonly draft: Signal<string>;
  /** A join is under way. */
  readonly joining = signal(false);
  readonly joinError = signal<string | undefined>(undefined);
  /** How often a form was sent that is not complete: from then on it says what is missing. */
  readonly tried = signal(0);
  /** How the visitor wants to begin. */
  readonly way = signal<Way>('general');
  readonly link: SupportLink;
  readonly contact: Contact;
  /** What is wrong with the form; nothing before it was sent. */
  readonly problems: ReadonlySignal<Problems>;
  /** Who handed the conversation on, as far as this page has seen it. */
  readonly handedBy = signal<string | undefined>(undefined);
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
  private readonly options: ModelOptions;
  private readonly client: Client;
  private readonly ticker: Ticker;
  private readonly session: Signal<Session | undefined>;
  private readonly dismissed = signal<string | undefined>(undefined);
  private readonly earlier = signal<Earlier | undefined>(undefined);
  private token: string | undefined;
  private stopTicks: (() => void) | undefined;
  private restarted = false;
  private known: Conversation | undefined;
  private wasOffered: boolean | undefined;
  private lostTold = false;
  private linkAt = 0;
  private channelWas: Channel | undefined;

  constructor(options: ModelOptions) {
    const { host, env, store, words } = options;
    this.options = options;
    this.host = host;
    this.env = env;
    this.words = words;
    this.announcer = new Announcer(env, words);
    const scope = scopeOf(host.base, host.channel);
    const keys = keysOf(scope);
    this.session = kept<Session | undefined>(store, keys.session, undefined, (value) => !value);
    this.form = kept(store, `usher.form.${scope}`, emptyForm, (form) =>
      Object.values(form).every((value) => !value),
    );
    // A form of before may lack fields of today.
    this.form.value = { ...emptyForm, ...this.form.value };
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
    this.contact = new Contact(this.client, this.view, store, keys.contact);
    this.link = new SupportLink(host);
    const resuming = this.token !== undefined;
    this.screen = computed(() => {
      const { state, connection } = this.view.value;
      return screenOf({
        state,
        connection,
        config: this.config.value,
        resuming,
        dismissed: this.dismissed.value,
        way: this.way.value,
        link: this.link.state.value,
        contact: this.contact.state.value,
      });
    });
    this.problems = computed(() => {
      const screen = this.screen.value;
      if (this.tried.value === 0) return {};
      return screen.name === 'form'
        ? startProblems(this.form.value, screen.way)
        : contactProblems(this.form.value);
    });
    this.wish(host.wish, host.config.channel);
    this.limit = computed(() => this.view.value.welcome?.limits.text ?? maxTextRunes);
    this.client.subscribe(() => this.follow());
    if (this.open.value || resuming || this.contact.state.value) this.connect();
    if (this.open.value) this.tick();
  }

  // What the visitor does.

  show(wish: Wish = {}): void {
    this.wish(wish);
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
    if (!this.current() && !this.contact.isPending()) this.client.stop();
    this.host.emit('closed', undefined);
  }

  /** Takes up what the visitor came with. */
  private wish({ link, key }: Wish, channel?: Channel): void {
    if (link) {
      this.link.take(link, channel);
      this.way.value = 'link';
    } else if (key) {
      this.form.value = { ...this.form.value, key };
      this.way.value = 'key';
    }
  }

  /** Begins in another way than before; what was typed stays. */
  choose(way: Way): void {
    batch(() => {
      this.way.value = way;
      this.tried.value = 0;
      this.joinError.value = undefined;
    });
  }

  fill(fields: Partial<FormText>): void {
    this.form.value = { ...this.form.value, ...fields };
  }

  async join(): Promise<void> {
    const screen = this.screen.value;
    if (this.joining.value || screen.name !== 'form' || !this.isComplete()) return;
    const { channel, way } = screen;
    const link = this.link.state.value?.token;
    this.joining.value = true;
    this.joinError.value = undefined;
    try {
      await this.client.ask(startCommand(this.form.value, way, channel, link, this.page()));
      batch(() => {
        this.fill({ text: '', issue: '', agent: '', key: '' });
        // A key is used up with this; a link leads to the same again.
        if (way === 'key') this.way.value = 'general';
      });
    } catch (error) {
      this.joinError.value = this.reason(error);
    } finally {
      this.joining.value = false;
    }
  }

  /** Leaves a message and an address where the chat is not offered. */
  sendContact(): void {
    if (!this.isComplete()) return;
    // It has to be the same session that is asked again after a reload: then it arrives once.
    if (this.token) this.session.value = { token: this.token, seen: 0 };
    this.contact.clear();
    this.contact.send(contactCommand(this.form.value, this.page()));
    this.connect();
  }

  private isComplete(): boolean {
    this.tried.value += 1;
    if (Object.keys(this.problems.value).length > 0) return false;
    this.tried.value = 0;
    return true;
  }

  private page(): string {
    return pageWithoutWish(this.options.page());
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
    const have = this.earlierOf(conversation);
    if (!first || have.busy || this.token === undefined) return;
    const { id } = conversation;
    this.earlier.value = { ...have, busy: true, failed: false };
    try {
      const fetch = this.options.fetchMessages ?? fetchMessages;
      const page = await fetch(this.host.base, this.token, first.seq);
      const list = mergeMessages(page.messages, have.list);
      this.earlier.value = { id, list, busy: false, failed: false, done: !page.before };
    } catch {
      this.earlier.value = { ...have, busy: false, failed: true };
    }
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

  earlierOf(conversation: Conversation): Earlier {
    const { value } = this.earlier;
    if (value?.id === conversation.id) return value;
    const have = this.view.value.state.messages.get(conversation.id)?.length ?? 0;
    // A snapshot has the last 50; when it has fewer there are no others.
    return { id: conversation.id, list: [], busy: false, failed: false, done: have < pageSize };
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

  /** To whom it was handed; nothing when it was not. */
  handedText({ handedTo, handedToName }: Conversation): string | undefined {
    if (!handedTo) return undefined;
    const to = handedToName ?? handedTo.name;
    const by = this.handedBy.value;
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
    const contact = this.contact.state.value;
    const now = this.current();
    // Revived, or served: it is a conversation like any other.
    if (contact && now && now.state !== 'inactive') this.contact.clear();
    else if (contact?.fate === 'sent' && this.form.value.text) this.fill({ text: '' });
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
      this.askLink(0);
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
    this.handedBy.value = was.state === 'inService' ? was.agentName : undefined;
    const text = this.handedText(now);
    if (text) this.announcer.say(text);
  }

  /** A session is kept only while it leads to something. */
  private keepSession(conversation: Conversation | undefined): void {
    const { value } = this.session;
    if (!conversation) {
      if (value && !this.contact.state.value) this.session.value = undefined;
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
      this.contact.clear();
    });
  }

  private current(): Conversation | undefined {
    return currentConversation(this.view.value.state, this.dismissed.value);
  }

  private anew(): void {
    const contact = this.contact.pending();
    this.token = undefined;
    this.session.value = undefined;
    this.client.reset();
    this.contact.afterReset(contact);
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
      this.askLink(linkEvery);
    });
  }

  /** Asks again where the link leads, when it matters and was not asked for that long. */
  private askLink(every: number): void {
    const now = this.env.now();
    if (!this.link.state.value || this.way.value !== 'link' || this.current()) return;
    if (now - this.linkAt < every) return;
    this.linkAt = now;
    void this.link.ask();
  }

  private reason(error: unknown): string {
    if (!(error instanceof CommandRefused)) return this.words.say('error.other');
    const { code, retryAfterMs } = error.error;
    if (code === 'key_locked' && retryAfterMs) {
      return this.words.say('keyLockedUntil', {
        time: this.words.time(this.env.now() + retryAfterMs),
      });
    }
    const text = this.words.error(code, this.limit.value);
    const own = code === 'not_offered' ? this.channel()?.message : undefined;
    return own ? `${text} ${own}` : text;
  }
}
