import { cleanup, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { aConversation, aMessage, aQueue, aWaiting, NOW, show } from '../../testing/fixture';
import { aColleague, anInvitation, aTeam } from '../../testing/things';
import { Alerts } from '../notices/Alerts';
import { Notes } from '../notices/Notes';
import { notes } from '../notices/notes';
import { Offers } from './Offers';

beforeEach(() => notes.setState({ list: [] }));

const page = (
  <>
    <Alerts />
    <Offers />
    <Notes />
  </>
);
const race = (conversation: string) =>
  aWaiting(conversation, { team: 'field', grab: true, text: 'My machine stands still' });

test('an automatic offer shows the question and the seconds that are left', async () => {
  const { far, path } = await show(page, '/queues', [
    aQueue({ mode: 'Automatic' }),
    aConversation('Maria', { state: 'offered', offerUntil: NOW + 30_000 }),
    aMessage('Maria', 1, 'customer', 'Where is my parcel?'),
  ]);
  const offers = screen.getByRole('region', { name: 'Offers' });
  expect(within(offers).getByText('You are offered a customer')).toBeDefined();
  expect(within(offers).getByText('Where is my parcel?')).toBeDefined();
  expect(within(offers).getByText('30 s left')).toBeDefined();
  expect(within(offers).getByRole('link', { name: 'Read' }).getAttribute('href')).toBe('/c/Maria');
  await userEvent.click(within(offers).getByRole('button', { name: 'Accept' }));
  expect(far.last('accept')).toMatchObject({ conversation: 'Maria' });
  far.ack('accept', 'Maria');
  await waitFor(() => expect(path()).toBe('/c/Maria'));
});

test('an offer that was not accepted in time is told of', async () => {
  const { update } = await show(page, '/queues', [
    aConversation('Maria', { state: 'offered', offerUntil: NOW + 30_000 }),
  ]);
  update(
    { kind: 'gone', gone: { kind: 'conversation', id: 'Maria', why: 'offered' } },
    { kind: 'notice', notice: { code: 'offer_expired', message: 'late', conversation: 'Maria' } },
  );
  expect(screen.queryByRole('region', { name: 'Offers' })).toBeNull();
  expect(
    screen.getAllByText('The offer went back to the line because it was not accepted in time.')
      .length,
  ).toBeGreaterThan(0);
});

test('a representative of a Grab team grabs from the notification', async () => {
  const { far, path } = await show(page, '/queues', [
    aTeam('field', { displayName: 'Field', mode: 'Grab', waiting: 1 }),
    race('Maria'),
  ]);
  expect(screen.getByText('New for Field')).toBeDefined();
  await userEvent.click(screen.getByRole('button', { name: 'Grab Maria' }));
  expect(far.last('grab')).toMatchObject({ conversation: 'Maria' });
  far.ack('grab', 'Maria');
  await waitFor(() => expect(path()).toBe('/c/Maria'));
});

test('who waits in a queue of a Grab team is announced by the queue, but not on its own page', async () => {
  const rows = [
    aTeam('field', { mode: 'Grab' }),
    aQueue({ name: 'visits', displayName: 'Visits' }),
    aWaiting('Maria', { queue: 'visits', grab: true }),
  ];
  await show(page, '/queues', rows);
  expect(screen.getByText('New for Visits')).toBeDefined();
  cleanup();
  await show(page, '/queue/visits', rows);
  expect(screen.queryByRole('region', { name: 'Offers' })).toBeNull();
});

test('who was slower is told who was faster', async () => {
  const { update } = await show(page, '/queues', [
    aTeam('field', { mode: 'Grab', waiting: 1 }),
    aColleague('ben'),
    race('Maria'),
  ]);
  update({ kind: 'gone', gone: { kind: 'waiting', id: 'Maria', why: 'grabbed', by: 'ben' } });
  expect(screen.getAllByText('Ben was faster: Maria is taken.').length).toBeGreaterThan(0);
  expect(screen.queryByRole('button', { name: 'Grab Maria' })).toBeNull();
});

test('an admin of a Grab team has no notification', async () => {
  await show(page, '/queues', [aTeam('field', { mode: 'Grab', role: 'Admin' }), race('Maria')]);
  expect(screen.queryByRole('region', { name: 'Offers' })).toBeNull();
});

test('of many races some are shown and the rest is counted', async () => {
  await show(page, '/queues', [
    aTeam('field', { mode: 'Grab' }),
    ...['a', 'b', 'c', 'd', 'e'].map(race),
  ]);
  expect(screen.getAllByRole('button', { name: /^Grab/ })).toHaveLength(3);
  expect(screen.getByRole('link', { name: '2 more wait' }).getAttribute('href')).toBe(
    '/team/field',
  );
});

test('an invitation can be put off, and stays in its list', async () => {
  const { update } = await show(page, '/queues', [anInvitation('c1')]);
  await userEvent.click(screen.getByRole('button', { name: 'Later: Maria' }));
  expect(screen.queryByRole('region', { name: 'Offers' })).toBeNull();
  // Another invitation to the same conversation is told of again.
  update(anInvitation('c1', { at: NOW }));
  expect(screen.getByRole('region', { name: 'Offers' })).toBeDefined();
});

test('an invitation is a notification too, and one that a colleague took up is told of', async () => {
  const { update } = await show(page, '/queues', [
    aTeam('tier1', { displayName: 'First line' }),
    aColleague('carl'),
    anInvitation('c1', { team: 'tier1' }),
  ]);
  expect(screen.getByText('Ben asks First line into the conversation with Maria')).toBeDefined();
  // One to a team is the team's: nobody declines it for the others.
  expect(screen.queryByRole('button', { name: /^Decline/ })).toBeNull();
  update({ kind: 'gone', gone: { kind: 'invitation', id: 'c1', why: 'taken', by: 'carl' } });
  expect(screen.getAllByText('Carl took up the invitation to Maria.').length).toBeGreaterThan(0);
});
