import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { setPreference } from '../../preferences/preferences';
import { aConversation, aMessage, aQueue, show } from '../../testing/fixture';
import { ChatPage } from './ChatPage';

beforeEach(() => {
  vi.stubGlobal('fetch', async () => new Response('{"messages":[]}'));
});

const chat = [
  aQueue(),
  aConversation('Maria'),
  aMessage('Maria', 1, 'customer', 'Hello'),
  aMessage('Maria', 2, 'agent', 'Hello Maria'),
];
const at = (id: string) => `/c/${id}`;
const field = () => screen.getByRole('textbox', { name: 'Write to Maria' });

describe('the messages', () => {
  test('stand by sender under the customer’s name, in a log', async () => {
    await show(<ChatPage id="Maria" />, at('Maria'), chat);
    const log = screen.getByRole('log', { name: 'Messages with Maria' });
    expect(within(log).getByText('Hello')).toBeDefined();
    expect(within(log).getByText('You')).toBeDefined();
    expect(screen.getByText('Answered')).toBeDefined();
  });

  test('go from sending to sent, once', async () => {
    const { far, update } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    await userEvent.type(field(), 'One moment{Enter}');
    expect(field()).toHaveProperty('value', '');
    expect(screen.getByText('Sending…')).toBeDefined();
    const said = far.last('say');
    expect(said).toMatchObject({ conversation: 'Maria', text: 'One moment' });
    const message = aMessage('Maria', 3, 'agent', 'One moment');
    if (message.message) Object.assign(message.message, { client: clientOf(far), cid: said.cid });
    update(message);
    await waitFor(() => expect(screen.queryByText('Sending…')).toBeNull());
    expect(screen.getAllByText('One moment')).toHaveLength(1);
  });

  test('that are refused say why and can be tried again or deleted', async () => {
    const { far } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    await userEvent.type(field(), 'Odd{Enter}');
    const error = { code: 'text_invalid', message: 'no' };
    far.say({ type: 'refused', cid: far.last('say').cid ?? 0, error });
    expect(
      await screen.findByText('Not sent. The text has characters that cannot be sent.'),
    ).toBeDefined();
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(screen.getByText('Sending…')).toBeDefined();
    far.say({ type: 'refused', cid: far.last('say').cid ?? 0, error });
    await userEvent.click(await screen.findByRole('button', { name: 'Delete' }));
    expect(screen.queryByText('Odd')).toBeNull();
  });
});

describe('the composer', () => {
  test('sends by Enter or by Ctrl+Enter, as each person set it', async () => {
    const { far } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    await userEvent.type(field(), 'a{Shift>}{Enter}{/Shift}b');
    expect(field()).toHaveProperty('value', 'a\nb');
    setPreference('sendWith', 'modEnter');
    await userEvent.type(field(), '{Enter}c');
    expect(field()).toHaveProperty('value', 'a\nb\nc');
    await userEvent.type(field(), '{Control>}{Enter}{/Control}');
    expect(far.last('say').text).toBe('a\nb\nc');
    setPreference('sendWith', 'enter');
  });

  test('counts near the limit, and over it does not send', async () => {
    await show(<ChatPage id="Maria" />, at('Maria'), chat);
    const user = userEvent.setup();
    await user.click(field());
    await user.paste('x'.repeat(3_999));
    expect(screen.getByText('1 character left')).toBeDefined();
    await user.paste('😀😀');
    expect(screen.getByText('1 character too many')).toBeDefined();
    expect(screen.getByRole('button', { name: 'Send' })).toHaveProperty('disabled', true);
  });

  test('keeps a draft under its conversation', async () => {
    const { desk } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    await userEvent.type(field(), 'draft');
    expect(screen.getByText('Draft saved.')).toBeDefined();
    expect(desk.draft('Maria')).toBe('draft');
    expect(desk.draft('Lars')).toBe('');
  });

  test('tells that somebody writes, and shows it of the customer', async () => {
    const { far } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    await userEvent.type(field(), 'ab');
    expect(far.sent.filter((sent) => sent.type === 'typing')).toHaveLength(1);
  });
});

describe('the end', () => {
  test('asks first', async () => {
    const { far } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    await userEvent.click(screen.getByRole('button', { name: 'End' }));
    const ask = screen.getByRole('alertdialog', { name: 'End the conversation with Maria?' });
    await userEvent.click(within(ask).getByRole('button', { name: 'Cancel' }));
    expect(far.sent.some((sent) => sent.type === 'end')).toBe(false);
  });

  test('leaves it to be read until it is put away', async () => {
    const { path, update } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    update(aConversation('Maria', { state: 'ended', endedBy: 'customer' }));
    expect(screen.getByText('Maria ended this conversation.')).toBeDefined();
    expect(screen.queryByRole('textbox')).toBeNull();
    expect(screen.getByText('Hello Maria')).toBeDefined();
    await userEvent.click(screen.getByRole('button', { name: 'Close this conversation' }));
    expect(path()).toBe('/chats');
  });

  test('that came while away is read from what was kept', async () => {
    const { far } = await show(<ChatPage id="Maria" />, at('Maria'), chat);
    far.say({ type: 'snapshot', seq: 200, changes: [aQueue()] });
    expect(screen.getByText('This conversation is no longer with you.')).toBeDefined();
    expect(screen.getByText('Hello Maria')).toBeDefined();
  });
});

test('a conversation that is not mine says so', async () => {
  await show(<ChatPage id="Nobody" />, at('Nobody'), chat);
  expect(
    screen.getByRole('heading', { level: 1, name: 'This conversation is not with you' }),
  ).toBeDefined();
});

function clientOf(far: { sent: object[] }): string {
  return (far.sent[0] as { client?: string }).client ?? '';
}
