import { act, fireEvent, screen as page, within } from '@testing-library/preact';
import { describe, expect, it, vi } from 'vitest';
import { channel, told } from './harness.ts';
import { opened, press, shown, write } from './panel-harness.tsx';

describe('the panel', () => {
  it('is a dialog named by the channel; it takes the focus and gives it back on Escape', async () => {
    const focus = vi.fn();
    const h = await shown();
    h.model.host.launcher = { update: () => {}, focus };
    expect(page.queryByRole('dialog')).toBeNull();
    act(() => h.model.show());
    const dialog = page.getByRole('dialog', { name: 'Customer service' });
    expect(document.activeElement).toBe(page.getByRole('textbox', { name: /Your name/ }));
    fireEvent.keyDown(dialog, { key: 'Escape' });
    expect(page.queryByRole('dialog')).toBeNull();
    expect(focus).toHaveBeenCalled();
  });

  it('on the desk’s own page is the main content with a heading, and cannot be closed', async () => {
    await shown({ mode: 'page' });
    expect(page.getByRole('main')).toBeTruthy();
    expect(page.getByRole('heading', { level: 1, name: 'Customer service' })).toBeTruthy();
    expect(page.queryByRole('button', { name: /Minimise/ })).toBeNull();
    expect(document.title).toBe('Customer service');
  });
});

describe('when the chat is not offered', () => {
  it('closed says when it opens, and the desk’s own words', async () => {
    const h = await opened();
    const opensAt = h.env.time + 2 * 86_400_000;
    act(() =>
      h.live(
        told.channel({
          offered: false,
          availability: 'closed',
          opensAt,
          timeZone: 'America/New_York',
          message: 'Write to help@acme.example.',
        }),
      ),
    );
    expect(page.getByRole('heading').textContent).toMatch(
      /^Closed\. Opens Friday 00:13 \(17:13 in New York\)\.$/,
    );
    expect(page.getByText('Write to help@acme.example.')).toBeTruthy();
    expect(page.queryByRole('textbox')).toBeNull();
  });

  it.each([
    ['busy', 'All agents are busy'],
    ['offline', 'Nobody is here just now'],
    ['full', 'The queue is full'],
  ] as const)('%s has its own words', async (availability, heading) => {
    await opened({ config: { channel: channel({ offered: false, availability }) } });
    expect(page.getByRole('heading', { name: heading })).toBeTruthy();
  });

  it('closed without a next opening says just that', async () => {
    await opened({ config: { channel: channel({ offered: false, availability: 'closed' }) } });
    expect(page.getByRole('heading', { name: 'Closed.' })).toBeTruthy();
  });
});

describe('joining', () => {
  it('by the form: both fields may be empty, the place is shown after it', async () => {
    const h = await opened();
    act(() => h.live(told.channel({ availability: 'queue', waiting: 2, greeting: 'Welcome' })));
    expect(page.getByText('Welcome')).toBeTruthy();
    expect(page.getByText('No agent is free just now. 2 people are waiting.')).toBeTruthy();
    press('Start chat');
    expect(page.getByRole('button', { name: 'Starting…' })).toBeTruthy();
    act(() => {
      h.ack(1);
      h.update(told.conversation());
    });
    expect(page.getByRole('heading', { name: 'You are number 3 in the queue.' })).toBeTruthy();
    expect(page.getByText('5 people are waiting in all.')).toBeTruthy();
  });

  it('moves the focus from the form to where one writes', async () => {
    const h = await opened();
    act(() => h.live(told.channel()));
    page.getByRole('button', { name: 'Start chat' }).focus();
    act(() => h.update(told.conversation()));
    expect(document.activeElement).toBe(page.getByRole('textbox', { name: 'Message' }));
  });

  it('says that too many want to chat, and goes on asking', async () => {
    const h = await opened();
    act(() => h.live(told.channel()));
    press('Start chat');
    act(() => h.refuse(1, 'overloaded'));
    expect(page.getByText(/Very many people want to chat/).getAttribute('role')).toBe('status');
    expect(page.getByRole('button', { name: 'Starting…' })).toBeTruthy();
    act(() => {
      h.ack(1);
      h.update(told.conversation());
    });
    expect(page.queryByText(/Very many people/)).toBeNull();
  });

  it('refuses a question that is too long, in words, and keeps it', async () => {
    const h = await opened();
    act(() => h.live(told.channel()));
    write(/How can we help/, 'x'.repeat(4001));
    expect(page.getByText('1 character too many')).toBeTruthy();
    press('Start chat');
    expect(h.sent()).toEqual([]);
  });
});

describe('waiting', () => {
  it('leaves only after a question, and stays with one press', async () => {
    const h = await opened();
    act(() => h.live(told.conversation()));
    press('Leave the queue');
    expect(page.getByRole('group', { name: 'Leave the queue? You lose your place.' })).toBeTruthy();
    expect(document.activeElement).toBe(page.getByRole('button', { name: 'Stay' }));
    press('Stay');
    expect(h.sent()).toEqual([]);
    press('Leave the queue');
    press('Leave');
    expect(h.sent()).toEqual([{ type: 'end', cid: 1 }]);
    act(() => {
      h.ack(1);
      h.update(told.conversation({ state: 'ended', endedBy: 'customer' }));
    });
    expect(page.getByText('You left the queue.')).toBeTruthy();
  });

  it('tells why one is back in the line', async () => {
    const h = await opened();
    act(() => h.live(told.conversation({ returned: 'lost', place: 1 })));
    expect(page.getByRole('heading', { name: 'You are next.' })).toBeTruthy();
    expect(page.getByText(/The agent’s connection was lost/)).toBeTruthy();
  });
});

describe('the conversation', () => {
  const served = { state: 'inService', agentName: 'Ana' } as const;

  it('shows both sides in a log, and reads the agent’s messages aloud', async () => {
    const h = await opened();
    act(() => h.live(told.conversation(served), told.message(1, { text: 'Hello Maria' })));
    act(() => h.update(told.message(12, { from: 'customer', text: 'Hi' })));
    const log = page.getByRole('log', { name: 'Messages' });
    expect(within(log).getByText('Hello Maria')).toBeTruthy();
    expect(within(log).getByText('Hi')).toBeTruthy();
    act(() => h.update(told.message(13, { text: 'How can I help?' })));
    act(() => h.env.pass(600));
    expect(page.getAllByText('Ana: How can I help?').length).toBe(1);
  });

  it('sends on Enter, not on Shift and Enter, and not in the middle of a composition', async () => {
    const h = await opened();
    act(() => h.live(told.conversation(served)));
    write('Message', 'hello');
    const field = page.getByRole('textbox', { name: 'Message' });
    fireEvent.keyDown(field, { key: 'Enter', shiftKey: true });
    fireEvent.keyDown(field, { key: 'Enter', isComposing: true });
    expect(h.sent().filter(({ type }) => type === 'say')).toEqual([]);
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(h.sent().filter(({ type }) => type === 'say')).toHaveLength(1);
    expect((field as HTMLTextAreaElement).value).toBe('');
  });

  it('shows sending, checking and sent', async () => {
    const h = await opened();
    act(() => h.live(told.conversation(served)));
    write('Message', 'hello');
    press('Send');
    expect(page.getByText('Sending…')).toBeTruthy();
    act(() => h.env.pass(10_000));
    expect(page.getByText('Checking…')).toBeTruthy();
    act(() => h.ack(1));
    expect(page.queryByText('Checking…')).toBeNull();
  });

  it('a refused message says why, and can be tried again or deleted', async () => {
    const h = await opened();
    act(() => h.live(told.conversation(served)));
    write('Message', 'odd');
    press('Send');
    act(() => h.refuse(1, 'text_invalid'));
    expect(page.getByText(/Not sent\. The message has characters/)).toBeTruthy();
    press('Try again');
    expect(h.sent().at(-1)).toMatchObject({ type: 'say', text: 'odd', cid: 2 });
    act(() => h.refuse(2, 'text_invalid'));
    press('Delete');
    expect(page.queryByText('odd')).toBeNull();
  });

  it('counts near the limit and does not send over it', async () => {
    const h = await opened();
    act(() => h.live(told.conversation(served)));
    write('Message', 'x'.repeat(3500));
    expect(page.queryByText(/characters left/)).toBeNull();
    write('Message', 'x'.repeat(3999));
    expect(page.getByText('1 character left')).toBeTruthy();
    write('Message', 'x'.repeat(4002));
    expect(page.getByText('2 characters too many')).toBeTruthy();
    press('Send');
    expect(h.sent().filter(({ type }) => type === 'say')).toEqual([]);
    expect(h.model.draft.value.length).toBe(4002);
  });

  it('shows what a person wrote as text, and web addresses as links that tell nothing', async () => {
    const h = await opened();
    act(() =>
      h.live(
        told.conversation(served),
        told.message(1, { text: '<img src=x onerror=alert(1)> https://acme.example/a' }),
      ),
    );
    expect(page.getByText(/<img src=x/)).toBeTruthy();
    const link = page.getByRole('link', { name: 'https://acme.example/a' });
    expect(link.getAttribute('rel')).toBe('noopener noreferrer nofollow');
  });

  it('tells when the agent is not connected, and who is writing', async () => {
    const h = await opened();
    act(() => h.live(told.conversation({ ...served, online: false })));
    expect(page.getByText(/Ana is not connected right now/)).toBeTruthy();
    act(() =>
      h.env.socket.give({ type: 'typing', conversation: 'c1', from: 'agent', author: 'Ana' }),
    );
    expect(page.getByText('Ana is writing…')).toBeTruthy();
  });

  it.each([
    ['agent', 'Ana ended the chat.'],
    ['idle', /nothing was written for a long time/],
    ['abandoned', /you lost your place/],
    ['removed', 'The desk closed this chat.'],
  ] as const)('ended by %s says so, and a new one can be started', async (endedBy, words) => {
    const h = await opened();
    act(() =>
      h.live(told.channel(), told.conversation({ state: 'ended', agentName: 'Ana', endedBy })),
    );
    expect(page.getByText(words)).toBeTruthy();
    press('Start a new chat');
    expect(page.getByRole('button', { name: 'Start chat' })).toBeTruthy();
  });
});

describe('a lost connection', () => {
  it('is told after 2 s, with its time and the next attempt, and read aloud once', async () => {
    const h = await opened();
    h.env.randoms = [0.999];
    act(() => h.live(told.conversation({ state: 'inService' })));
    write('Message', 'kept');
    act(() => h.env.socket.drop());
    for (let i = 0; i < 4; i++) {
      act(() => h.env.pass(500));
      act(() => h.env.socket.drop());
    }
    expect(
      page.getAllByText(/Connection lost at \d\d:\d\d\. Your text is kept\./).length,
    ).toBeGreaterThan(0);
    expect(page.getByRole('alert').textContent).toMatch(/Connection lost at/);
    expect((page.getByRole('textbox', { name: 'Message' }) as HTMLTextAreaElement).value).toBe(
      'kept',
    );
    const before = h.env.sockets.length;
    press('Try now');
    expect(h.env.sockets.length).toBe(before + 1);
    act(() => h.live(told.conversation({ state: 'inService' })));
    expect(page.queryByRole('button', { name: 'Try now' })).toBeNull();
    expect(page.getByRole('alert').textContent).toBe('Connected again.');
  });

  it('of less than 2 s is not told', async () => {
    const h = await opened();
    act(() => h.live(told.conversation()));
    act(() => h.env.socket.drop());
    act(() => h.env.pass(400));
    act(() => h.live(told.conversation()));
    expect(page.queryByText(/Connection lost/)).toBeNull();
    expect(page.getByRole('alert').textContent).toBe('');
  });

  it('leaves what is written meanwhile as not sent yet', async () => {
    const h = await opened();
    act(() => h.live(told.conversation({ state: 'inService' })));
    act(() => h.env.socket.drop());
    write('Message', 'later');
    press('Send');
    expect(page.getByText('Not sent yet')).toBeTruthy();
  });
});
