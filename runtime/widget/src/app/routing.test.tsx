/** What routing brings to a conversation: contact forms, handing on, several agents, coming back. */
import { act, fireEvent, screen as page } from '@testing-library/preact';
import { describe, expect, it, vi } from 'vitest';
import { channel, type Harness, type HarnessOptions, harness, told } from './harness.ts';
import { focused, live, opened, press, write } from './panel-harness.tsx';

const closed = {
  offered: false,
  availability: 'closed',
  whenUnavailable: 'ContactForm',
  message: 'We answer within a day.',
  sessionKeys: true,
} as const;

async function contact(options: HarnessOptions = {}): Promise<Harness> {
  const h = await opened({ config: { channel: channel(closed) }, ...options });
  live(h, told.channel(closed));
  return h;
}
function fillIn(): void {
  write(/Your name/, 'Maria');
  write('E-mail', 'maria@acme.example');
  write('Your message', 'My parcel is late');
}
const sent = (h: Harness) => h.sent().filter(({ type }) => type === 'contact');
const inactive = { state: 'inactive', name: 'Maria', email: 'maria@acme.example' } as const;

describe('the contact form', () => {
  it('asks for what is missing, at the first field that lacks it', async () => {
    const h = await contact();
    expect(page.getByText('We answer within a day.')).toBeTruthy();
    expect(page.getByRole('heading', { name: 'Closed.' })).toBeTruthy();
    press('Send message');
    expect(page.getByText(/Write an e-mail address or a phone number/)).toBeTruthy();
    expect(page.getByText('Write your message.')).toBeTruthy();
    expect(focused()).toBe(page.getByRole('textbox', { name: 'E-mail' }));
    write('Phone', '12');
    expect(page.getByText(/Write the number in digits/)).toBeTruthy();
    write('Phone', '+358 40 123 4567');
    press('Send message');
    expect(focused()).toBe(page.getByRole('textbox', { name: 'Your message' }));
    expect(sent(h)).toEqual([]);
  });

  it('is sent once, and what was sent stays to be read', async () => {
    const h = await contact();
    fillIn();
    press('Send message');
    expect(sent(h)).toEqual([
      {
        type: 'contact',
        name: 'Maria',
        email: 'maria@acme.example',
        text: 'My parcel is late',
        page: 'http://shop.example/cart?size=4',
        cid: 1,
      },
    ]);
    expect(page.getByRole('heading', { name: 'Your message is on its way' })).toBeTruthy();
    expect(page.getByText('My parcel is late')).toBeTruthy();
    act(() => {
      h.ack(1);
      h.update(
        told.conversation(inactive),
        told.message(11, { from: 'customer', text: 'My parcel is late' }),
      );
    });
    expect(page.getByRole('heading', { name: 'We got your message' })).toBeTruthy();
    expect(page.getByText('We will answer to maria@acme.example.')).toBeTruthy();
    expect(page.getAllByText('My parcel is late')).toHaveLength(1);
  });

  it('written without a connection waits for one, also over a reload', async () => {
    const h = await contact();
    fillIn();
    act(() => h.env.socket.drop());
    press('Send message');
    expect(page.getByText(/There is no connection just now/)).toBeTruthy();
    const again = await harness({ store: h.store, config: { channel: channel(closed) } });
    expect(again.model.screen.value).toMatchObject({
      name: 'contact',
      contact: { fate: 'waiting', text: 'My parcel is late' },
    });
    again.live(told.channel(closed));
    expect(sent(again)).toHaveLength(1);
  });

  it('that had no answer goes to the same session again, and is not shown twice', async () => {
    const h = await contact();
    fillIn();
    press('Send message');
    const again = await harness({ store: h.store, config: { channel: channel(closed) } });
    expect(again.env.sockets).toHaveLength(1);
    again.env.socket.open();
    expect(again.env.socket.sent[0]).toMatchObject({ type: 'hello', session: 'token-1' });
    const tab = again.env.socket.sent[0]?.client;
    again.live(
      told.channel(closed),
      told.conversation(inactive),
      told.message(11, { from: 'customer', text: 'My parcel is late' }),
    );
    expect(typeof tab).toBe('string');
    expect(again.model.screen.value.name).toBe('contact');
  });

  it('for which the session is gone goes out in another one', async () => {
    const h = await contact();
    fillIn();
    act(() => h.env.socket.drop());
    press('Send message');
    act(() => h.model.retryNow());
    act(() => h.env.socket.open());
    act(() => h.env.socket.drop(4003));
    live(h, told.channel(closed));
    expect(h.env.socket.sent[0]).not.toHaveProperty('session');
    expect(sent(h)).toHaveLength(1);
  });

  it('that is refused is there to be mended, with the reason', async () => {
    const h = await contact();
    fillIn();
    press('Send message');
    act(() => h.refuse(1, 'text_invalid'));
    expect(page.getByText('The message has characters that cannot be sent.')).toBeTruthy();
    const text = page.getByRole('textbox', { name: 'Your message' }) as HTMLTextAreaElement;
    expect(text.value).toBe('My parcel is late');
    write('Your message', 'My parcel is very late');
    press('Send message');
    expect(sent(h).at(-1)).toMatchObject({ text: 'My parcel is very late', cid: 2 });
  });

  it('keeps the connection while it is on its way, though the panel is closed', async () => {
    const h = await contact();
    fillIn();
    press('Send message');
    act(() => h.model.hide());
    expect(h.env.socket.closedWith).toBeUndefined();
  });

  it('turns into a start when the queue opens, and nothing is asked twice', async () => {
    const h = await contact();
    fillIn();
    act(() => h.update(told.channel()));
    expect(page.getByRole('heading', { name: 'Start a chat' })).toBeTruthy();
    const name = page.getByRole('textbox', { name: /Your name/ }) as HTMLInputElement;
    expect(name.value).toBe('Maria');
  });

  it('can be added to, and then it is a conversation like any other', async () => {
    const h = await contact();
    fillIn();
    press('Send message');
    act(() => {
      h.ack(1);
      h.update(told.conversation(inactive));
    });
    write('Message', 'One more thing');
    press('Send');
    expect(h.sent().at(-1)).toMatchObject({ type: 'say', text: 'One more thing' });
    act(() => h.update(told.conversation({ state: 'waiting', place: 2 })));
    expect(page.getByRole('heading', { name: 'You are number 2 in the queue.' })).toBeTruthy();
    expect(h.store.getItem('usher.contact.desk.example/web')).toBeNull();
  });

  it('of which the desk knows nothing any more can still be put away', async () => {
    const h = await contact();
    fillIn();
    press('Send message');
    act(() => h.ack(1));
    act(() => h.update());
    expect(page.getByRole('heading', { name: 'We got your message' })).toBeTruthy();
    press('Start a new chat');
    live(h, told.channel());
    expect(page.getByRole('heading', { name: 'Start a chat' })).toBeTruthy();
    expect(h.store.getItem('usher.contact.desk.example/web')).toBeNull();
  });

  it('has the way in for who was given a key', async () => {
    await contact();
    press('I have a session key');
    expect(page.getByRole('textbox', { name: 'Session key' })).toBeTruthy();
  });
});

describe('who left the line', () => {
  it.each([
    ['left', 'You left the queue'],
    ['abandoned', 'You lost your place in the queue'],
  ] as const)('(%s) comes back by writing', async (endedBy, heading) => {
    const h = await opened();
    live(
      h,
      told.channel(),
      told.conversation(),
      told.message(5, { from: 'customer', text: 'Hello' }),
    );
    act(() => h.update(told.conversation({ state: 'inactive', endedBy })));
    expect(page.getByRole('heading', { name: heading })).toBeTruthy();
    expect(page.getByText('Write a message to come back.')).toBeTruthy();
    write('Message', 'I am back');
    press('Send');
    expect(h.sent().at(-1)).toMatchObject({ type: 'say', text: 'I am back' });
    act(() => h.update(told.conversation({ place: 1 })));
    expect(page.getByRole('heading', { name: 'You are next.' })).toBeTruthy();
  });

  it('is told when nobody can answer what is written', async () => {
    const h = await opened();
    live(h, told.channel(closed), told.conversation({ state: 'inactive', endedBy: 'left' }));
    expect(page.getByText(/Nobody can answer just now/)).toBeTruthy();
  });

  it('may begin another one instead, in another session', async () => {
    const h = await opened();
    live(h, told.conversation({ state: 'inactive', endedBy: 'left' }));
    press('Start a new chat');
    live(h, told.channel());
    expect(h.env.socket.sent[0]).not.toHaveProperty('session');
    expect(page.getByRole('heading', { name: 'Start a chat' })).toBeTruthy();
  });
});

describe('a conversation handed on', () => {
  it('says by whom and to whom, and goes on with its messages', async () => {
    const h = await opened();
    live(h, told.conversation({ state: 'inService', agentName: 'Ana' }), told.message(5));
    act(() =>
      h.update(
        told.conversation({
          state: 'waiting',
          place: 2,
          handedTo: { kind: 'team', name: 'billing' },
          handedToName: 'Billing',
        }),
      ),
    );
    expect(page.getByText('Ana handed you on to Billing.')).toBeTruthy();
    expect(page.getByRole('status').textContent).toBe(
      'Ana handed you on to Billing. You are number 2 in the queue.',
    );
    expect(page.getByText('message 5')).toBeTruthy();
  });

  it('by a rule says to whom', async () => {
    const h = await opened();
    live(h, told.conversation());
    const handedTo = { kind: 'queue', name: 'overflow' } as const;
    act(() => h.update(told.conversation({ handedTo, handedToName: 'Overflow' })));
    expect(page.getByText('You were handed on to Overflow.')).toBeTruthy();
  });

  it('after a reload, or as the visitor chose, says for whom one waits', async () => {
    const h = await opened();
    live(h, told.conversation({ handedTo: { kind: 'agent', name: 'ben' }, handedToName: 'Ben' }));
    expect(page.getByText('You are waiting for Ben.')).toBeTruthy();
  });
});

describe('several agents', () => {
  const ana = { name: 'ana', displayName: 'Ana' };
  const ben = { name: 'ben', displayName: 'Ben' };
  const served = { state: 'inService', agent: 'ana', agentName: 'Ana' } as const;

  it('are named, and who comes is told', async () => {
    const h = await opened();
    live(h, told.conversation({ ...served, agents: [ana] }));
    expect(page.getByRole('heading', { name: 'You are talking with Ana.' })).toBeTruthy();
    act(() => h.update(told.conversation({ ...served, agents: [ana, ben] })));
    expect(page.getByRole('heading', { name: 'You are talking with Ana and Ben.' })).toBeTruthy();
    expect(page.getByRole('status').textContent).toBe('You are talking with Ana and Ben.');
  });
});

describe('features that are off', () => {
  const served = { state: 'inService', agentName: 'Ana' } as const;
  const typing = { type: 'typing', conversation: 'c1', from: 'agent', author: 'Ana' };

  it('typing is neither sent nor shown', async () => {
    const h = await opened();
    live(h, told.conversation({ ...served, disabled: ['typing'] }));
    write('Message', 'hello');
    expect(h.sent()).toEqual([]);
    act(() => h.env.socket.give(typing));
    expect(page.queryByText('Ana is writing…')).toBeNull();
  });

  it('emoji have no button', async () => {
    const h = await opened();
    live(h, told.conversation(served));
    expect(page.getByRole('button', { name: 'Emoji' })).toBeTruthy();
    act(() => h.update(told.conversation({ ...served, disabled: ['emoji'] })));
    expect(page.queryByRole('button', { name: 'Emoji' })).toBeNull();
  });
});

describe('emoji', () => {
  it('are put where the caret is, by keys alone', async () => {
    const h = await opened();
    live(h, told.conversation({ state: 'inService', agentName: 'Ana' }));
    write('Message', 'Hello you');
    const field = page.getByRole('textbox', { name: 'Message' }) as HTMLTextAreaElement;
    field.setSelectionRange(5, 5);
    press('Emoji');
    await vi.waitFor(() => expect(focused()?.textContent).toBe('😀'));
    const key = (name: string) =>
      act(() => void fireEvent.keyDown(focused() as Element, { key: name }));
    key('End');
    expect(focused()?.textContent).toBe('🎁');
    key('ArrowUp');
    key('Home');
    key('ArrowRight');
    expect(focused()?.textContent).toBe('😂');
    act(() => void fireEvent.click(focused() as Element));
    expect(h.model.draft.value).toBe('Hello😂 you');
    expect(focused()).toBe(field);
  });

  it('close on Escape, and the panel stays', async () => {
    const h = await opened();
    live(h, told.conversation({ state: 'inService', agentName: 'Ana' }));
    press('Emoji');
    act(() => void fireEvent.keyDown(page.getByRole('group'), { key: 'Escape' }));
    expect(page.queryByRole('group')).toBeNull();
    expect(page.getByRole('dialog')).toBeTruthy();
    expect(focused()).toBe(page.getByRole('button', { name: 'Emoji' }));
  });
});
