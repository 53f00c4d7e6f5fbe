import { memoryStore } from '@usher/protocol/env';
import { describe, expect, it, vi } from 'vitest';
import { keysOf, scopeOf } from '../shared/host.ts';
import { channel, harness, told } from './harness.ts';

const keys = keysOf(scopeOf('http://desk.example', 'web'));
const names = (h: { events: { name: string }[] }) => h.events.map(({ name }) => name);

describe('before the chat is opened', () => {
  it('no socket is opened', async () => {
    const h = await harness();
    expect(h.env.sockets).toEqual([]);
    h.model.show();
    expect(h.env.sockets.length).toBe(1);
    expect(h.env.socket.url).toBe('ws://desk.example/v1/customer/stream');
  });

  it('a conversation of before a reload is taken up at once, with its session', async () => {
    const h = await harness();
    h.store.setItem(keys.session, JSON.stringify({ token: 'old', seen: 4 }));
    const again = await harness({ store: h.store });
    again.env.socket.open();
    expect(again.env.socket.sent[0]).toMatchObject({ channel: 'web', session: 'old' });
    expect(again.model.screen.value.name).toBe('loading');
  });

  it('the desk’s own page opens by itself', async () => {
    const h = await harness({ mode: 'page' });
    expect(h.model.open.value).toBe(true);
    expect(h.env.sockets.length).toBe(1);
  });
});

describe('screens', () => {
  it('go from form to waiting, served, ended and the form again', async () => {
    const h = await harness();
    h.model.show();
    expect(h.model.screen.value.name).toBe('form');
    h.live(told.channel());
    h.model.starting.fill({ name: ' Maria ', text: ' My parcel? ' });
    void h.model.starting.join();
    expect(h.sent()[0]).toEqual({
      type: 'join',
      name: 'Maria',
      text: 'My parcel?',
      page: 'http://shop.example/cart?size=4',
      cid: 1,
    });
    expect(h.model.starting.joining.value).toBe(true);
    h.ack(1);
    h.update(told.conversation());
    expect(h.model.screen.value.name).toBe('waiting');
    h.update(told.conversation({ place: 2, waiting: 4 }));
    h.update(told.conversation({ state: 'inService', agentName: 'Ana' }));
    expect(h.model.screen.value.name).toBe('chat');
    h.update(told.conversation({ state: 'ended', agentName: 'Ana', endedBy: 'agent' }));
    expect(h.model.screen.value.name).toBe('ended');
    h.model.startAgain();
    expect(h.model.screen.value.name).toBe('form');
    expect(names(h)).toEqual(['opened', 'queued', 'place', 'place', 'accepted', 'ended']);
  });

  it('follow what the queue says: closed while one looks, and open again', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.channel());
    h.update(told.channel({ offered: false, availability: 'closed' }));
    expect(h.model.screen.value.name).toBe('unavailable');
    h.update(told.channel());
    expect(h.model.screen.value.name).toBe('form');
    expect(h.events.filter(({ name }) => name === 'offered').map(({ detail }) => detail)).toEqual([
      { offered: false, availability: 'closed' },
      { offered: true, availability: 'available' },
    ]);
  });

  it('tell why there is no chat at all', async () => {
    const h = await harness({ mode: 'page', config: { failed: 'missing' } });
    expect(h.model.screen.value).toEqual({ name: 'failed', why: 'missing' });
    expect(h.env.sockets).toEqual([]);
  });

  it('ask to load the page again when another version is needed', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.channel());
    h.env.socket.drop(4004);
    expect(h.model.screen.value).toEqual({ name: 'failed', why: 'version' });
  });
});

describe('a session', () => {
  it('is kept only while it leads to something', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.channel());
    expect(h.store.getItem(keys.session)).toBeNull();
    h.update(told.conversation());
    expect(h.store.getItem(keys.session)).toContain('token-1');
    h.update(told.conversation({ state: 'ended' }));
    h.model.startAgain();
    h.update(told.channel());
    expect(h.store.getItem(keys.session)).toBeNull();
  });

  it('that is not taken any more is dropped, and the chat begins anew, once', async () => {
    const first = await harness();
    first.store.setItem(keys.session, JSON.stringify({ token: 'forged', seen: 0 }));
    const h = await harness({ store: first.store });
    h.env.socket.open();
    h.env.socket.give({ type: 'error', error: { code: 'unauthorized', message: 'no' } });
    h.env.socket.drop(4003);
    expect(h.env.sockets.length).toBe(2);
    h.env.socket.open();
    expect(h.env.socket.sent[0]).not.toHaveProperty('session');
    h.env.socket.drop(4003);
    expect(h.env.sockets.length).toBe(2);
    expect(h.model.screen.value).toEqual({ name: 'failed', why: 'session' });
    h.model.startAgain();
    expect(h.env.sockets.length).toBe(3);
  });

  it('is not held open for nothing: closing the panel without a conversation closes the socket', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.channel());
    h.model.hide();
    expect(h.env.socket.closedWith).toBe(1000);
    h.model.show();
    h.live(told.channel(), told.conversation());
    h.model.hide();
    expect(h.env.socket.closedWith).toBeUndefined();
  });
});

describe('what is written', () => {
  it('is kept over a reload: the draft, and the form', async () => {
    const h = await harness();
    h.model.write('half a sentence');
    h.model.starting.fill({ name: 'Maria', text: 'half a question' });
    const again = await harness({ store: h.store });
    expect(again.model.draft.value).toBe('half a sentence');
    expect(again.model.starting.form.value).toMatchObject({
      name: 'Maria',
      text: 'half a question',
    });
  });

  it('is sent trimmed, and nothing is sent for nothing', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.conversation({ state: 'inService' }));
    h.model.say('   ');
    h.model.say(' hello ');
    expect(h.sent()).toEqual([{ type: 'say', text: 'hello', cid: 1 }]);
    expect(h.model.draft.value).toBe('');
  });

  it('stays when a join is refused, with the reason', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.channel());
    h.model.starting.fill({ name: '', text: 'help' });
    const joined = h.model.starting.join();
    h.refuse(1, 'queue_full');
    await joined;
    expect(h.model.starting.joinError.value).toBe('The last place was taken meanwhile.');
    expect(h.model.starting.form.value.text).toBe('help');
    expect(h.model.starting.joining.value).toBe(false);
  });

  it('goes with what the site sealed of its customer at that moment, which is kept nowhere', async () => {
    let sealed: string | undefined = 'eyJ.first';
    const store = memoryStore();
    const kept = vi.spyOn(store, 'setItem');
    const h = await harness({ store, secure: () => sealed });
    h.model.starting.fill({ text: 'help' });
    h.model.show();
    h.live(told.channel());
    sealed = 'eyJ.second';
    const joined = h.model.starting.join();
    expect(h.sent()[0]).toMatchObject({ type: 'join', secure: 'eyJ.second' });
    h.refuse(1, 'secure_metadata_invalid');
    await joined;
    expect(h.model.starting.joinError.value).toContain('Load the page again');
    sealed = undefined;
    const without = h.model.starting.join();
    expect(h.sent()[1]).not.toHaveProperty('secure');
    h.refuse(2, 'secure_metadata_required');
    await without;
    expect(h.model.starting.joinError.value).toContain('Please sign in on the site');
    expect(JSON.stringify(kept.mock.calls)).toContain('help');
    expect(JSON.stringify(kept.mock.calls)).not.toContain('eyJ');
  });

  it('tells the agent of typing only while being served', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.conversation());
    h.model.write('a');
    expect(h.sent()).toEqual([]);
    h.update(told.conversation({ state: 'inService' }));
    h.model.write('ab');
    expect(h.sent()).toEqual([{ type: 'typing', typing: true }]);
  });
});

describe('a message that the end overtook', () => {
  it('stays to be read with its reason, and goes when the chat is put away', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.conversation({ state: 'inService' }));
    h.model.say('too late');
    h.update(told.conversation({ state: 'ended', endedBy: 'agent' }));
    h.refuse(1, 'ended');
    expect(h.model.view.value.entries.map(({ state }) => state)).toEqual(['refused']);
    h.model.hide();
    expect(h.model.view.value.entries).toEqual([]);
    expect(h.store.getItem(keys.session)).toBeNull();
    expect(h.env.socket.closedWith).toBe(1000);
    h.model.show();
    expect(h.model.screen.value.name).toBe('form');
  });
});

describe('unread messages', () => {
  it('are counted while the panel is closed, and gone when it is opened', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.conversation({ state: 'inService' }), told.message(1));
    expect(h.model.unread.value).toBe(0);
    h.model.hide();
    h.update(told.message(20), told.message(21));
    h.update(told.message(22, { from: 'customer' }));
    expect(h.model.unread.value).toBe(2);
    expect(h.events.at(-1)).toEqual({ name: 'message', detail: { from: 'Ana', unread: 2 } });
    h.model.show();
    expect(h.model.unread.value).toBe(0);
  });

  it('are still known after a reload', async () => {
    const first = await harness();
    first.store.setItem(keys.session, JSON.stringify({ token: 't', seen: 4 }));
    const h = await harness({ store: first.store });
    h.live(told.conversation({ state: 'inService' }), told.message(4), told.message(6));
    expect(h.model.unread.value).toBe(1);
  });
});

describe('typing of the agent', () => {
  it('is shown for 6 s', async () => {
    const h = await harness();
    h.model.show();
    h.live(told.conversation({ state: 'inService', agentName: 'Ana' }));
    h.env.socket.give({ type: 'typing', conversation: 'c1', from: 'agent', author: 'Ana' });
    const screen = h.model.screen.value;
    if (screen.name !== 'chat') throw new Error(screen.name);
    expect(h.model.writer(screen.conversation)).toBe('Ana');
    h.env.pass(7_000);
    expect(h.model.writer(screen.conversation)).toBeUndefined();
  });
});

describe('earlier messages', () => {
  it('are offered when the snapshot is full, read once, and put before the others', async () => {
    const asked: number[] = [];
    const h = await harness({
      fetchMessages: async (_, before) => {
        asked.push(before);
        return { messages: [{ ...told.message(3).message, conversation: 'c1' } as never] };
      },
    });
    h.model.show();
    const many = Array.from({ length: 50 }, (_, i) => told.message(100 + i));
    h.live(told.conversation({ state: 'inService' }), ...many);
    const screen = h.model.screen.value;
    if (screen.name !== 'chat') throw new Error(screen.name);
    expect(h.model.earlierOf(screen.conversation).done).toBe(false);
    await h.model.loadEarlier(screen.conversation);
    expect(asked).toEqual([100]);
    expect(
      h.model
        .messages(screen.conversation)
        .map((m) => m.seq)
        .slice(0, 2),
    ).toEqual([3, 100]);
    expect(h.model.earlierOf(screen.conversation).done).toBe(true);
  });
});

describe('a channel that asks to hide', () => {
  it('tells the page what became of it', async () => {
    const h = await harness({ config: { channel: channel({ whenUnavailable: 'Hide' }) } });
    h.model.show();
    h.live(told.channel({ whenUnavailable: 'Hide' }));
    h.update(told.channel({ whenUnavailable: 'Hide', offered: false, availability: 'full' }));
    expect(names(h)).toContain('offered');
  });
});
