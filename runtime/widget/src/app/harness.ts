/** A model on fake surroundings, for tests: the test plays server, clock and loader. */
import { memoryStore } from '@usher/protocol/env';
import { FakeEnv } from '@usher/protocol/fake';
import type { Change, Channel, Conversation, Message, MessagePage } from '@usher/protocol/protocol';
import { Tab } from '@usher/protocol/tab';
import '../emoji/emoji.ts';
import type { Config, Events, Host, Mode, Wish } from '../shared/host.ts';
import { Model } from './model.ts';
import { wordsFor } from './words.ts';

export const channel = (more: Partial<Channel> = {}): Channel => ({
  name: 'web',
  displayName: 'Customer service',
  offered: true,
  availability: 'available',
  queueState: 'Open',
  waiting: 0,
  whenUnavailable: 'Message',
  time: 0,
  ...more,
});

export const conversation = (more: Partial<Conversation> = {}): Conversation => ({
  id: 'c1',
  state: 'waiting',
  queue: 'support',
  queueName: 'Support',
  channel: 'web',
  arrivedAt: 1,
  place: 3,
  waiting: 5,
  online: true,
  ...more,
});

export const message = (seq: number, more: Partial<Message> = {}): Message => ({
  seq,
  conversation: 'c1',
  from: 'agent',
  author: 'Ana',
  text: `message ${seq}`,
  at: 1_700_000_000_000,
  ...more,
});

export interface Harness {
  env: FakeEnv;
  model: Model;
  store: ReturnType<typeof memoryStore>;
  events: { name: string; detail: unknown }[];
  root: ShadowRoot;
  /** Frames that the model sent on its last socket, without hello and pongs. */
  sent(): Record<string, unknown>[];
  /** Opens the socket and sends welcome and a snapshot of these changes. */
  live(...changes: Change[]): void;
  /** Sends an update. */
  update(...changes: Change[]): void;
  ack(cid: number): void;
  refuse(cid: number, code: string): void;
}

export interface HarnessOptions {
  mode?: Mode;
  config?: Config;
  store?: ReturnType<typeof memoryStore>;
  locale?: string;
  fetchMessages?: (token: string, before: number) => Promise<MessagePage>;
  wish?: Wish;
  /** What the site says of its customer now. */
  secure?(): string | undefined;
  /** Answers the question where a support link leads. */
  fetchConfig?: Host['fetchConfig'];
}

export async function harness(options: HarnessOptions = {}): Promise<Harness> {
  const env = new FakeEnv();
  const store = options.store ?? memoryStore();
  const element = document.createElement('usher-chat');
  const root = element.attachShadow({ mode: 'open' });
  document.body.append(element);
  const events: Harness['events'] = [];
  const host: Host = {
    mode: options.mode ?? 'bubble',
    base: 'http://desk.example',
    channel: 'web',
    locale: options.locale ?? 'en-GB',
    element,
    root,
    launcher: undefined,
    config: options.config ?? { channel: channel() },
    wish: options.wish ?? {},
    get secure() {
      return options.secure?.();
    },
    fetchConfig: options.fetchConfig ?? (async () => ({ channel: channel() })),
    load: async <T>(_: string, slot: string) => (window as unknown as Record<string, T>)[slot] as T,
    follow: () => {},
    emit: <K extends keyof Events>(name: K, detail: Events[K]) =>
      void events.push({ name, detail }),
  };
  const claimed = Tab.claim({
    store,
    scope: 'test',
    env,
    wire: () => undefined,
    onLeave: () => {},
  });
  env.pass(1_000);
  const tab = await claimed;
  const words = wordsFor(host.locale, undefined, 'Europe/Helsinki');
  const { fetchMessages = async () => ({ messages: [] }) } = options;
  const model = new Model({
    host,
    env,
    store,
    tab,
    words,
    page: () => 'http://shop.example/cart?to=secret&size=4',
    fetchMessages: (_, token, before) => fetchMessages(token, before),
  });
  let seq = 10;
  return {
    env,
    model,
    store,
    events,
    root,
    sent: () => env.socket.sent.filter(({ type }) => type !== 'hello' && type !== 'pong'),
    live: (...changes) => {
      env.socket.open();
      const limits = { text: 4000, frame: 32768, pingSeconds: 20 };
      env.socket.give({ type: 'welcome', v: 1, session: 'token-1', time: env.time, limits });
      env.socket.give({ type: 'snapshot', seq, changes });
    },
    update: (...changes) => {
      env.socket.give({ type: 'update', prev: seq, seq: seq + 1, changes });
      seq += 1;
    },
    ack: (cid) => env.socket.give({ type: 'ack', cid, seq }),
    refuse: (cid, code) =>
      env.socket.give({ type: 'refused', cid, error: { code, message: code } }),
  };
}

export const told = {
  channel: (more?: Partial<Channel>): Change => ({ kind: 'channel', channel: channel(more) }),
  conversation: (more?: Partial<Conversation>): Change => ({
    kind: 'conversation',
    conversation: conversation(more),
  }),
  message: (seq: number, more?: Partial<Message>): Change => ({
    kind: 'message',
    message: message(seq, more),
  }),
};
