import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { aConversation, NOW, show } from '../../testing/fixture';
import { myStanding } from '../../testing/things';
import MePage from '../personal/MePage';
import { SessionKeys, spaceKey } from './SessionKeys';
import { Standing } from './Standing';

test('my load and presence are shown, and presence is changed by a menu', async () => {
  const { far, update } = await show(<Standing />, '/', [myStanding()]);
  expect(screen.getByText('2 of 3')).toBeDefined();
  await userEvent.click(screen.getByRole('button', { name: 'Presence: Available' }));
  await userEvent.click(screen.getByRole('menuitem', { name: 'Finish mine, no more' }));
  expect(far.last('presence')).toMatchObject({ presence: 'finishMine' });
  // Nothing is shown before the desk says so.
  expect(screen.getByText('Available')).toBeDefined();
  update(myStanding({ presence: 'finishMine' }));
  expect(screen.getByText('Finishing mine')).toBeDefined();
});

test('a load without a limit is a number', async () => {
  await show(<Standing />, '/', [myStanding({ limit: 0 })]);
  expect(screen.getByText('2')).toBeDefined();
});

test('a session key is made, shown in groups with its link and its time, and dropped', async () => {
  const { far, update } = await show(<SessionKeys />, '/me', [myStanding(), aConversation('c1')]);
  await userEvent.click(screen.getByRole('button', { name: 'New session key' }));
  expect(far.last('newKey')).toMatchObject({ type: 'newKey' });
  far.ack('newKey');
  update(myStanding({ keys: [{ key: '4071928', expires: NOW + 900_000 }] }));
  const card = await screen.findByRole('article', { name: 'Session key 407 19 28' });
  expect(within(card).getByText('15:00 left')).toBeDefined();
  expect(within(card).getByRole('textbox', { name: 'Link with the key' })).toHaveProperty(
    'value',
    `${location.origin}/w/web?key=4071928`,
  );
  await userEvent.click(within(card).getByRole('button', { name: 'Drop the key 407 19 28' }));
  expect(far.last('dropKey')).toMatchObject({ key: '4071928' });
});

test('a key whose time is over is not shown', async () => {
  await show(<SessionKeys />, '/me', [myStanding({ keys: [{ key: '1234567', expires: NOW }] })]);
  expect(screen.queryByText('123 45 67')).toBeNull();
});

test('keys are read out in groups', () => {
  expect(spaceKey('4071928')).toBe('407 19 28');
});

test('my page says so when nobody waits for me', async () => {
  await show(<MePage />, '/me', [myStanding()]);
  expect(screen.getByText('Nobody waits for you alone.')).toBeDefined();
});
