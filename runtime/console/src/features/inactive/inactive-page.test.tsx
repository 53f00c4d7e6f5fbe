import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { aQueue, show } from '../../testing/fixture';
import { anInactive } from '../../testing/things';
import InactivePage from './InactivePage';

test('a contact form has its data as links, and is closed', async () => {
  const { far, update } = await show(<InactivePage />, '/inactive', [aQueue({ inactive: 1 })]);
  expect(far.last('watch')).toMatchObject({ views: ['inactive'] });
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeDefined();
  update(anInactive('Aino', { email: 'aino+x@example.org', phone: '+358 40 765 4321' }));
  const aino = screen.getByRole('article', { name: 'Aino' });
  expect(within(aino).getByText('Contact form')).toBeDefined();
  expect(within(aino).getByRole('link', { name: 'aino+x@example.org' }).getAttribute('href')).toBe(
    'mailto:aino%2Bx@example.org',
  );
  expect(within(aino).getByRole('link', { name: '+358 40 765 4321' }).getAttribute('href')).toBe(
    'tel:+358407654321',
  );
  await userEvent.click(within(aino).getByRole('button', { name: 'Close Aino' }));
  expect(far.last('end')).toMatchObject({ conversation: 'Aino' });
});

test('who wrote again is gone from here, and nobody left is said', async () => {
  const { update } = await show(<InactivePage />, '/inactive', []);
  update(anInactive('Lars', { why: 'abandoned' }));
  expect(screen.getByText('Connection lost')).toBeDefined();
  expect(screen.getByText('No contact data')).toBeDefined();
  update({ kind: 'gone', gone: { kind: 'inactive', id: 'Lars', why: 'revived' } });
  expect(screen.getByText('Nobody was left behind.')).toBeDefined();
});
