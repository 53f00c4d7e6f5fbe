import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { aQueue, aWaiting, show } from '../../testing/fixture';
import { aColleague, anInvitation, aTeam, myStanding } from '../../testing/things';
import MePage from './MePage';

const handed = aWaiting('Maria', {
  agent: 'ana',
  via: 'transfer',
  from: 'ben',
  fromName: 'Ben',
  note: 'Knows the order',
});

test('a conversation that was handed to me says by whom and why, and is accepted', async () => {
  const { far, path } = await show(<MePage />, '/me', [myStanding(), aQueue(), handed]);
  const waiting = screen.getByRole('region', { name: 'Waiting for you' });
  expect(within(waiting).getByText('From Ben')).toBeDefined();
  expect(within(waiting).getByText('Knows the order')).toBeDefined();
  await userEvent.click(within(waiting).getByRole('button', { name: 'Accept Maria' }));
  expect(far.last('pick')).toMatchObject({ conversation: 'Maria' });
  far.ack('pick', 'Maria');
  await waitFor(() => expect(path()).toBe('/c/Maria'));
});

test('an admin sees who waits for a colleague, apart, and does not refuse for them', async () => {
  await show(<MePage />, '/me', [
    myStanding(),
    aColleague('ben'),
    aWaiting('Maria', { agent: 'ben', via: 'transfer' }),
  ]);
  const others = screen.getByRole('region', { name: 'Waiting for colleagues' });
  expect(within(others).getByText(/^for Ben/)).toBeDefined();
  expect(within(others).queryByRole('button', { name: 'Refuse Maria' })).toBeNull();
  expect(screen.getByText('Nobody waits for you alone.')).toBeDefined();
});

test('what waits for me can be refused; what comes back says who declined it', async () => {
  const { far } = await show(<MePage />, '/me', [
    myStanding(),
    handed,
    aWaiting('Lars', { agent: 'ana', via: 'return', from: 'ben', fromName: 'Ben' }),
  ]);
  expect(screen.getByText('Declined by Ben')).toBeDefined();
  await userEvent.click(screen.getByRole('button', { name: 'Refuse Maria' }));
  expect(far.last('decline')).toMatchObject({ conversation: 'Maria' });
});

test('an invitation to me is taken up or declined; those to a team are not here', async () => {
  const { far, path } = await show(<MePage />, '/me', [
    myStanding(),
    aTeam('tier1'),
    anInvitation('c1', { note: 'Swedish, please' }),
    anInvitation('c2', { team: 'tier1', name: 'Lars' }),
  ]);
  expect(screen.getByText('Ben asks you into the conversation with Maria')).toBeDefined();
  expect(screen.getByText('Swedish, please')).toBeDefined();
  expect(screen.queryByText(/Lars/)).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Join Maria' }));
  expect(far.last('enter')).toMatchObject({ conversation: 'c1' });
  far.ack('enter', 'c1');
  await waitFor(() => expect(path()).toBe('/c/c1'));
  await userEvent.click(screen.getByRole('button', { name: 'Decline Maria' }));
  expect(far.last('decline')).toMatchObject({ conversation: 'c1' });
});
