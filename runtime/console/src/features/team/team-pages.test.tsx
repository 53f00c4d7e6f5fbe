import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { aConversation, aQueue, aWaiting, NOW, show } from '../../testing/fixture';
import { anInvitation, anOpen, aRoom, aTeam } from '../../testing/things';
import OpenPage from './OpenPage';
import TeamPage from './TeamPage';

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(440);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
  vi.stubGlobal('fetch', async () => new Response('{"messages":[]}'));
});

describe('a team’s queue', () => {
  test('has those who wait for the team, not those of its queues', async () => {
    await show(<TeamPage name="tier1" />, '/team/tier1', [
      aQueue({ waiting: 1 }),
      aTeam('tier1', { displayName: 'First line', waiting: 1 }),
      aWaiting('Maria', { team: 'tier1', via: 'rule', alerted: true }),
      aWaiting('Lars'),
    ]);
    const rows = screen.getAllByRole('row').slice(1);
    expect(rows.map((row) => row.getAttribute('data-row'))).toEqual(['Maria']);
    expect(within(rows[0] as HTMLElement).getByText('Alert')).toBeDefined();
    expect(within(rows[0] as HTMLElement).getByText('Waiting rule')).toBeDefined();
  });

  test('of a Grab team is grabbed by its representatives', async () => {
    const { far } = await show(<TeamPage name="field" />, '/team/field', [
      aTeam('field', { mode: 'Grab', waiting: 1 }),
      aWaiting('Maria', { team: 'field', grab: true }),
    ]);
    await userEvent.click(screen.getByRole('button', { name: 'Grab Maria' }));
    expect(far.last('grab')).toMatchObject({ conversation: 'Maria' });
  });

  test('of a Grab team is accepted by its admins, who are in no race', async () => {
    const { far } = await show(<TeamPage name="field" />, '/team/field', [
      aTeam('field', { mode: 'Grab', role: 'Admin', waiting: 1 }),
      aWaiting('Maria', { team: 'field', grab: true }),
    ]);
    await userEvent.click(screen.getByRole('button', { name: 'Accept Maria' }));
    expect(far.last('pick')).toMatchObject({ conversation: 'Maria' });
  });

  test('has the invitations to the team, and the way to its chat with what is unread', async () => {
    await show(<TeamPage name="tier1" />, '/team/tier1', [
      aTeam('tier1', { displayName: 'First line' }),
      aRoom('t:tier1', { unread: 4 }),
      anInvitation('c1', { team: 'tier1' }),
    ]);
    expect(screen.getByText('Ben asks First line into the conversation with Maria')).toBeDefined();
    const chat = screen.getByRole('link', { name: 'Team chat 4 unread' });
    expect(chat.getAttribute('href')).toBe('/room/t%3Atier1');
  });

  test('that is not mine is no blank page', async () => {
    await show(<TeamPage name="other" />, '/team/other', [aQueue()]);
    expect(screen.getByRole('heading', { name: 'You are not in the team other' })).toBeDefined();
  });
});

describe('the conversations of the teams', () => {
  const all = [
    aQueue(),
    aTeam('tier1', { displayName: 'First line' }),
    anOpen('Maria', {
      unansweredSince: NOW - 400_000,
      soonAt: NOW - 200_000,
      overdueAt: NOW - 100_000,
    }),
    anOpen('Lars', { channel: 'shop', team: 'tier2' }),
    aConversation('Olena', { agents: [{ name: 'ana', displayName: 'Ana Silva' }] }),
  ];

  test('are watched while they are looked at', async () => {
    const { far } = await show(<OpenPage />, '/open', all);
    expect(far.last('watch')).toMatchObject({ views: ['team'] });
  });

  test('say who is in them and how late they are, and are entered', async () => {
    const { far, path, update } = await show(<OpenPage />, '/open', []);
    update(...all);
    const maria = screen.getByRole('article', { name: 'Maria' });
    expect(within(maria).getByText('Overdue')).toBeDefined();
    expect(within(maria).getByText(/1 agent: Ben/)).toBeDefined();
    await userEvent.click(within(maria).getByRole('button', { name: 'Join Maria' }));
    expect(far.last('enter')).toMatchObject({ conversation: 'Maria' });
    far.ack('enter', 'Maria');
    await waitFor(() => expect(path()).toBe('/c/Maria'));
  });

  test('are narrowed to mine, to a team, and back', async () => {
    const { update, path } = await show(<OpenPage />, '/open', []);
    update(...all);
    const names = () => screen.queryAllByRole('article').map((a) => a.getAttribute('aria-label'));
    expect(names()).toEqual(['Maria', 'Olena', 'Lars']);
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Team' }), 'tier2');
    expect(path()).toBe('/open?team=tier2');
    expect(names()).toEqual(['Lars']);
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Status' }), 'overdue');
    expect(screen.getByText('No conversation matches this filter.')).toBeDefined();
    await userEvent.click(screen.getByRole('button', { name: 'Clear the filter' }));
    await userEvent.click(screen.getByRole('link', { name: 'Joined' }));
    expect(names()).toEqual(['Olena']);
  });
});
