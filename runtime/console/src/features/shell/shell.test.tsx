import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { aConversation, aQueue, aWaiting, show } from '../../testing/fixture';
import { anInvitation, aRoom, aTeam, myStanding } from '../../testing/things';
import { Sidebar } from './Sidebar';
import { UserMenu } from './UserMenu';

const answers: { status: number; body: unknown }[] = [];
const sent: unknown[] = [];
beforeEach(() => {
  answers.length = 0;
  sent.length = 0;
  vi.stubGlobal('fetch', async (_: string, init: { body?: string }) => {
    sent.push(JSON.parse(init.body ?? '{}'));
    const answer = answers.shift() ?? { status: 204, body: null };
    return answer.status === 204
      ? new Response(null, { status: 204 })
      : Response.json(answer.body, { status: answer.status });
  });
});

const signOut = async () => {
  await userEvent.click(screen.getByRole('button', { name: 'Signed in as Ana Silva' }));
  await userEvent.click(screen.getByRole('menuitem', { name: 'Sign out' }));
};

test('signing out with conversations open asks first, and says what becomes of them', async () => {
  await show(<UserMenu />, '/', [aConversation('a'), aConversation('b')]);
  await signOut();
  const ask = screen.getByRole('alertdialog', { name: 'Sign out with conversations open?' });
  expect(within(ask).getByText(/^2 conversations are open/)).toBeDefined();
  expect(sent).toEqual([]);
  await userEvent.click(within(ask).getByRole('button', { name: 'Stay signed in' }));
  expect(screen.queryByRole('alertdialog')).toBeNull();
  await signOut();
  await userEvent.click(screen.getByRole('button', { name: 'Sign out' }));
  await waitFor(() => expect(sent).toEqual([{ force: true }]));
});

test('it asks too when only the desk knows of a conversation', async () => {
  answers.push({ status: 409, body: { error: { code: 'open_conversations', message: '1' } } });
  await show(<UserMenu />, '/', []);
  await signOut();
  expect(await screen.findByRole('alertdialog')).toBeDefined();
  expect(sent).toEqual([{}]);
});

test('the sidebar has favourites first, then queues by priority, mine, and teams', async () => {
  await show(<Sidebar />, '/queue/support', [
    myStanding(),
    aQueue({ name: 'a', displayName: 'Alpha' }),
    aQueue({ name: 'z', displayName: 'Zeta', priority: 9, mode: 'Automatic', alerted: 2 }),
    aQueue({ name: 'm', displayName: 'Mid', favourite: true }),
    aTeam('tier1', { displayName: 'First line', waiting: 2 }),
    aRoom('t:tier1', { unread: 3 }),
    aWaiting('Maria', { agent: 'ana' }),
    anInvitation('c9'),
  ]);
  const names = (list: string) =>
    within(screen.getByRole('list', { name: list }))
      .getAllByRole('link')
      .map((link) => link.textContent);
  expect(names('Favourites')[0]).toMatch(/^Mid/);
  const queues = names('Customer queues');
  expect(queues[0]).toMatch(/^ZetaOpenAutomatic2 alerts/);
  expect(queues[1]).toMatch(/^Alpha/);
  expect(names('Personal')[0]).toBe('For me2for you');
  expect(names('Teams')[0]).toMatch(/^First line.*2waiting$/);
  expect(screen.getByRole('link', { name: '3 unread messages of First line' })).toBeDefined();
  const stars = screen.getAllByRole('button', { pressed: true });
  expect(stars.map((star) => star.getAttribute('aria-label'))).toEqual(['Favourite: Mid']);
});
