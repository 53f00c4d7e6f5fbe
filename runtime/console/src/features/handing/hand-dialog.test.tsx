import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { aConversation, aQueue, show } from '../../testing/fixture';
import { aColleague, aTeam } from '../../testing/things';
import { ChatPage } from '../conversation/ChatPage';

beforeEach(() => {
  vi.stubGlobal('fetch', async () => new Response('{"messages":[]}'));
});

const ana = { name: 'ana', displayName: 'Ana Silva' };
const ben = { name: 'ben', displayName: 'Ben' };
const desk = [
  aQueue(),
  aQueue({ name: 'billing', displayName: 'Billing', state: 'Closed' }),
  aTeam('tier1', { displayName: 'First line' }),
  aColleague('ben', { load: 2 }),
  aColleague('carl', { presence: 'offline' }),
];
const chat = <ChatPage id="Maria" />;

test('a conversation is handed to a colleague with a note', async () => {
  const { far, path } = await show(chat, '/c/Maria', [
    ...desk,
    aConversation('Maria', { agents: [ana] }),
  ]);
  await userEvent.click(screen.getByRole('button', { name: 'Transfer' }));
  const dialog = await screen.findByRole('dialog', {
    name: 'Hand the conversation with Maria on',
  });
  expect(within(dialog).getByRole('radio', { name: /^Ben · Available, has 2 of 3/ })).toBeDefined();
  expect(within(dialog).getByRole('radio', { name: /^Billing · Closed/ })).toBeDefined();
  const send = within(dialog).getByRole('button', { name: 'Hand on' });
  expect(send).toHaveProperty('disabled', true);
  await userEvent.type(within(dialog).getByRole('textbox', { name: 'Search' }), 'be');
  await userEvent.click(within(dialog).getByRole('radio', { name: /^Ben/ }));
  await userEvent.type(within(dialog).getByRole('textbox', { name: 'Note' }), 'Knows the order');
  await userEvent.click(send);
  expect(far.last('transfer')).toMatchObject({
    conversation: 'Maria',
    to: { kind: 'agent', name: 'ben' },
    text: 'Knows the order',
  });
  far.ack('transfer', 'Maria');
  await waitFor(() => expect(path()).toBe('/chats'));
});

test('who is not there is a warning, not a refusal', async () => {
  await show(chat, '/c/Maria', [...desk, aConversation('Maria')]);
  await userEvent.click(screen.getByRole('button', { name: 'Transfer' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.click(within(dialog).getByRole('radio', { name: /^Carl/ }));
  expect(within(dialog).getByText(/The customer would wait for them/)).toBeDefined();
  expect(within(dialog).getByRole('button', { name: 'Hand on' })).toHaveProperty('disabled', false);
});

test('who is in it is not invited again; an invitation is taken back', async () => {
  const { far, update } = await show(chat, '/c/Maria', [
    ...desk,
    aConversation('Maria', { agents: [ana, ben] }),
  ]);
  expect(screen.getByText(/^2 agents: You and Ben/).textContent).toMatch(/owner: You$/);
  await userEvent.click(screen.getByRole('button', { name: 'Invite' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).queryByRole('radio', { name: /^Ben/ })).toBeNull();
  expect(within(dialog).queryByRole('radio', { name: /^Billing/ })).toBeNull();
  await userEvent.click(within(dialog).getByRole('radio', { name: /^First line/ }));
  await userEvent.click(within(dialog).getByRole('button', { name: 'Invite' }));
  const to = { kind: 'team', name: 'tier1' } as const;
  expect(far.last('invite')).toMatchObject({ conversation: 'Maria', to });
  far.ack('invite', 'Maria');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  update(aConversation('Maria', { agents: [ana, ben], invited: [to] }));
  expect(screen.getByText('First line is invited')).toBeDefined();
  await userEvent.click(
    screen.getByRole('button', { name: 'Take back the invitation of First line' }),
  );
  expect(far.last('uninvite')).toMatchObject({ conversation: 'Maria', to });
});

test('a queue without transfers and invitations has no buttons for them', async () => {
  await show(chat, '/c/Maria', [
    ...desk,
    aConversation('Maria', { disabled: ['transfer', 'invitations'] }),
  ]);
  expect(screen.queryByRole('button', { name: 'Transfer' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Invite' })).toBeNull();
});

test('leaving a shared conversation says that the others stay', async () => {
  await show(chat, '/c/Maria', [...desk, aConversation('Maria', { agents: [ana, ben] })]);
  await userEvent.click(screen.getByRole('button', { name: 'Leave' }));
  expect(screen.getByText('The others stay in the conversation.')).toBeDefined();
});

test('one that is idle says that it does not count', async () => {
  await show(chat, '/c/Maria', [...desk, aConversation('Maria', { idle: true })]);
  expect(screen.getByText('Idle, does not count')).toBeDefined();
});

test('an offered conversation can be read before it is accepted', async () => {
  const { far } = await show(chat, '/c/Maria', [
    ...desk,
    aConversation('Maria', { state: 'offered' }),
    {
      kind: 'message',
      message: { seq: 1, conversation: 'Maria', from: 'customer', text: 'Hello', at: 1 },
    },
  ]);
  expect(screen.getByRole('log', { name: 'Messages with Maria' }).textContent).toContain('Hello');
  expect(screen.queryByRole('textbox')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: /^Accept/ }));
  expect(far.last('accept')).toMatchObject({ conversation: 'Maria' });
});
