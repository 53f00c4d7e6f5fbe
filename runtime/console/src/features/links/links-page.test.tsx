import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { aQueue, aWaiting, NOW, show } from '../../testing/fixture';
import { aTeam } from '../../testing/things';
import LinksPage from './LinksPage';

test('a link to me is made and can be taken along as an address and as a button', async () => {
  const sent: unknown[] = [];
  vi.stubGlobal('fetch', async (_: string, init: { body: string }) => {
    sent.push(JSON.parse(init.body));
    return Response.json({ url: 'https://acme.example/w/web?to=T', token: 'T', expires: NOW });
  });
  await show(<LinksPage />, '/links', [aQueue(), aWaiting('Maria')]);
  expect(screen.getByRole('combobox', { name: 'Leads to' }).textContent).toBe('Me');
  await userEvent.click(screen.getByRole('radio', { name: 'One week' }));
  await userEvent.click(screen.getByRole('button', { name: 'Make the link' }));
  expect(sent).toEqual([
    { channel: 'web', to: { kind: 'agent', name: 'ana' }, expires: NOW + 7 * 86_400_000 },
  ]);
  expect(await screen.findByDisplayValue('https://acme.example/w/web?to=T')).toBeDefined();
  expect(screen.getByDisplayValue(/data-usher-open data-usher-to="T"/)).toBeDefined();
});

test('an admin makes links to the team and its queues', async () => {
  await show(<LinksPage />, '/links', [aQueue(), aTeam('tier1', { role: 'Admin' })]);
  const choices = (name: string) =>
    within(screen.getByRole('combobox', { name }))
      .getAllByRole('option')
      .map((option) => option.textContent);
  expect(choices('Leads to')).toEqual(['Me', 'Team tier1', 'Queue Support']);
  expect(choices('Channel')).toEqual(['Shop', 'Billing']);
});
