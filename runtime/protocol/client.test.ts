import { beforeEach, describe, expect, it } from 'vitest';
import { Client } from './client.ts';
import { memoryStore } from './env.ts';
import { FakeEnv } from './fake.ts';
import type { Change } from './protocol.ts';
import { Tab } from './tab.ts';

const limits = { text: 4000, frame: 32768, pingSeconds: 20 };
const conversation = {
  kind: 'conversation',
  conversation: {
    id: 'c1',
    state: 'inService',
    queue: 'support',
    queueName: 'Support',
    channel: 'web',
    arrivedAt: 1,
    online: true,
  },
} as const satisfies Change;
const message = (seq: number, text: string, own?: { client: string; cid: number }): Change => ({
  kind: 'message',
  message: { seq, conversation: 'c1', from: 'customer', text, at: seq, ...own },
});

let env: FakeEnv;
let tab: Tab;
let client: Client;
let live: string[];

beforeEach(async () => {
  env = new FakeEnv();
  env.randoms = [0];
  live = [];
  tab = await Tab.claim({
    store: memoryStore(),
    scope: 't',
    env,
    wire: () => undefined,
    onLeave: () => {},
  });
  client = new Client({
    url: 'ws://desk',
    env,
    tab,
    hello: () => ({ channel: 'web', session: 's1' }),
    onChanges: (changes) => live.push(...changes.map((change) => change.message?.text ?? '')),
  });
  client.start();
});

function welcome(): void {
  env.socket.open();
  env.socket.give({ type: 'welcome', v: 1, time: env.time + 5_000, limits });
}
function snapshot(seq: number, changes: Change[], messagesAfter = 0): void {
  env.socket.give({ type: 'snapshot', seq, changes, messagesAfter });
}
const update = (prev: number, seq: number, ...changes: Change[]) =>
  env.socket.give({ type: 'update', prev, seq, changes });
const texts = () =>
  client
    .view()
    .state.messages.get('c1')
    ?.map((m) => m.text) ?? [];

describe('a client', () => {
  it('says who it is, keeps the server clock, and shows what the snapshot says', () => {
    welcome();
    expect(env.socket.sent[0]).toEqual({
      type: 'hello',
      v: 1,
      client: tab.client,
      channel: 'web',
      session: 's1',
    });
    snapshot(3, [conversation, message(2, 'hi')]);
    expect(texts()).toEqual(['hi']);
    expect(client.clock.offset()).toBe(5_000);
    expect(live).toEqual([]);
    update(3, 4, message(4, 'there'));
    expect(live).toEqual(['there']);
  });

  it('names its seq on the next connection, and gets only what it missed', () => {
    welcome();
    snapshot(3, [conversation, message(2, 'hi')]);
    env.socket.drop();
    env.pass(0);
    welcome();
    expect(env.socket.sent[0]).toMatchObject({ seq: 3, keeps: { seq: 2, at: 2 } });
    snapshot(9, [conversation, message(8, 'missed')], 3);
    expect(texts()).toEqual(['hi', 'missed']);
  });

  it('after a gap connects again without seq', () => {
    welcome();
    snapshot(3, [conversation, message(2, 'hi')]);
    const first = env.socket;
    update(5, 6, message(6, 'out of the blue'));
    expect(first.closedWith).toBe(4001);
    env.pass(0);
    welcome();
    expect(env.socket.sent[0]).not.toHaveProperty('seq');
    expect(texts()).toEqual(['hi']);
    snapshot(6, [conversation, message(6, 'all anew')]);
    expect(texts()).toEqual(['all anew']);
  });

  it('lost in the middle of a snapshot begins the next one from nothing', () => {
    welcome();
    env.socket.give({ type: 'snapshot', seq: 3, changes: [conversation], more: true });
    env.socket.drop();
    env.pass(0);
    welcome();
    snapshot(4, [message(4, 'orphan')]);
    expect(client.view().state.conversations.size).toBe(0);
    expect(client.view().connection.phase).toBe('live');
  });

  it('keeps an unsent message through a snapshot, and sends it only after it has caught up', () => {
    welcome();
    snapshot(3, [conversation]);
    env.socket.drop();
    client.say('typed while away', 'c1');
    env.pass(0);
    welcome();
    expect(env.socket.sent.length).toBe(1);
    env.socket.give({
      type: 'snapshot',
      seq: 5,
      changes: [conversation],
      messagesAfter: 3,
      more: true,
    });
    expect(env.socket.sent.length).toBe(1);
    snapshot(5, [], 3);
    expect(env.socket.sent[1]).toEqual({
      type: 'say',
      text: 'typed while away',
      conversation: 'c1',
      cid: 1,
    });
    expect(client.view().entries).toHaveLength(1);
  });

  it('does not send again what it finds in the snapshot', () => {
    welcome();
    snapshot(3, [conversation]);
    client.say('once', 'c1');
    env.socket.drop();
    env.pass(0);
    welcome();
    snapshot(4, [conversation, message(4, 'once', { client: tab.client, cid: 1 })], 3);
    expect(env.socket.sent.length).toBe(1);
    expect(client.view().entries).toEqual([]);
    expect(texts()).toEqual(['once']);
  });

  it('shows a message as a row or in the stream at any moment, never twice and never not at all', () => {
    welcome();
    snapshot(3, [conversation]);
    const counts = new Set<number>();
    client.subscribe(() => counts.add(client.view().entries.length + texts().length));
    client.say('once', 'c1');
    env.socket.give({ type: 'ack', cid: 1, seq: 4, conversation: 'c1' });
    expect(client.view().entries[0]?.state).toBe('sent');
    update(3, 4, message(4, 'once', { client: tab.client, cid: 1 }));
    expect(client.view().entries).toEqual([]);
    expect([...counts]).toEqual([1]);
  });

  it('tells of typing at most every 3 s', () => {
    welcome();
    snapshot(3, [conversation]);
    client.typing('c1');
    client.typing('c1');
    env.pass(3_000);
    client.typing('c1');
    expect(env.socket.sent.filter((frame) => frame.type === 'typing')).toHaveLength(2);
  });

  it('forgets everything on reset', () => {
    welcome();
    snapshot(3, [conversation, message(2, 'hi')]);
    client.say('unsent', 'c1');
    client.reset();
    expect(texts()).toEqual([]);
    expect(client.view().entries).toEqual([]);
    expect(client.view().connection.phase).toBe('idle');
    client.start();
    welcome();
    expect(env.socket.sent[0]).not.toHaveProperty('seq');
  });
});

describe('what a tab watches', () => {
  const open: Change = {
    kind: 'open',
    open: {
      conversation: 'c8',
      queue: 'support',
      channel: 'web',
      agents: [],
      arrivedAt: 1,
      startedAt: 2,
      online: true,
    },
  };
  const watches = () => env.socket.sent.filter((frame) => frame.type === 'watch');

  it('is told without a number, once for the same lists', () => {
    welcome();
    snapshot(5, []);
    client.watch(['team']);
    client.watch(['team']);
    client.watch(['team', 'inactive']);
    expect(watches()).toEqual([
      { type: 'watch', views: ['team'] },
      { type: 'watch', views: ['team', 'inactive'] },
    ]);
  });

  it('is told again on the next socket, after its snapshot', () => {
    welcome();
    snapshot(5, []);
    client.watch(['team']);
    update(5, 5, open);
    expect(client.view().state.opens.size).toBe(1);
    env.socket.drop();
    expect(client.view().state.opens.size).toBe(1);
    env.pass(0);
    welcome();
    expect(watches()).toEqual([]);
    snapshot(6, []);
    expect(watches()).toEqual([{ type: 'watch', views: ['team'] }]);
    expect(client.view().state.opens.size).toBe(0);
  });

  it('stops with the last list, whose rows go', () => {
    welcome();
    snapshot(5, []);
    client.watch(['team']);
    update(5, 5, open);
    client.watch([]);
    expect(watches().at(-1)).toEqual({ type: 'watch', views: [] });
    expect(client.view().state.opens.size).toBe(0);
  });
});

describe('a post in a room', () => {
  it('is kept until it is seen in the stream, and settles by its number', () => {
    client.post('Anybody free?', 't:tier1');
    expect(client.view().entries.map((entry) => [entry.lane, entry.state])).toEqual([
      ['room/t:tier1', 'queued'],
    ]);
    welcome();
    snapshot(5, []);
    const sent = env.socket.sent.find((frame) => frame.type === 'post');
    expect(sent).toMatchObject({ room: 't:tier1', text: 'Anybody free?', cid: 1 });
    update(5, 6, {
      kind: 'post',
      post: {
        seq: 6,
        room: 't:tier1',
        author: 'ana',
        authorName: 'Ana',
        text: 'Anybody free?',
        at: 6,
        client: tab.client,
        cid: 1,
      },
    });
    expect(client.view().entries).toEqual([]);
    expect(client.view().state.posts.get('t:tier1')?.length).toBe(1);
  });
});

describe('a contact form', () => {
  const form = { type: 'contact', email: 'maria@example.org', text: 'Call me' } as const;

  it('goes out when there is a way, and stays until its effect is in the stream', () => {
    client.deliver(form);
    welcome();
    snapshot(5, []);
    expect(env.socket.sent.at(-1)).toMatchObject({ ...form, cid: 1 });
    env.socket.give({ type: 'ack', cid: 1, seq: 6, conversation: 'c1' });
    expect(client.view().entries.map((entry) => entry.state)).toEqual(['sent']);
    update(5, 6, conversation);
    expect(client.view().entries).toEqual([]);
  });

  it('that is refused stays with the reason', () => {
    client.deliver(form);
    welcome();
    snapshot(5, []);
    const error = { code: 'bad_request', message: 'no way to reach you' };
    env.socket.give({ type: 'refused', cid: 1, error });
    expect(client.view().entries[0]).toMatchObject({ state: 'refused', error });
  });
});

describe('commands that have nothing to do with each other', () => {
  it('do not wait for each other; those of one thing do', () => {
    welcome();
    snapshot(5, []);
    void client.ask({ type: 'presence', presence: 'away' });
    void client.ask({ type: 'newKey' });
    void client.ask({ type: 'favour', to: { kind: 'team', name: 'tier1' }, on: true });
    void client.ask({ type: 'read', room: 't:tier1', seq: 5 });
    void client.ask({ type: 'leave', conversation: 'c1' });
    const types = env.socket.sent.map((frame) => frame.type);
    expect(types).toEqual(['hello', 'presence', 'favour', 'read', 'leave']);
  });
});
