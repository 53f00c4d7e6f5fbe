import { screen, within } from '@testing-library/react';
import type { Explanation } from '@usher/protocol/protocol';
import { expect, test, vi } from 'vitest';
import { aConversation, aQueue, NOW, show } from '../../testing/fixture';
import { aColleague } from '../../testing/things';
import WhyPage from './WhyPage';

const explanation: Explanation = {
  conversation: 'Maria',
  steps: [
    { seq: 1, at: NOW, type: 'joined', text: 'Maria came by the channel web.' },
    {
      seq: 2,
      at: NOW,
      type: 'offered',
      text: 'Offered to ben.',
      queue: 'support',
      generation: 4,
      strategy: 'LeastBusy',
      free: 1,
      passed: { offline: 3, limit: 1 },
      candidates: [
        { agent: 'ben', load: 0, limit: 3 },
        { agent: 'carl', load: 3, limit: 3, passed: 'limit' },
        { agent: 'dora', load: 1, limit: 3, passed: 'of another time' },
      ],
    },
  ],
};

test('each decision is there, with who was looked at and why not they', async () => {
  vi.stubGlobal('fetch', async () => Response.json(explanation));
  await show(<WhyPage id="Maria" />, '/why/Maria', [
    aQueue(),
    aConversation('Maria'),
    aColleague('ben'),
  ]);
  expect(screen.getByRole('heading', { name: 'Why: Maria' })).toBeDefined();
  await screen.findByText('Offered to ben.');
  expect(
    screen.getByText('by least busy · 1 free · settings of Support, generation 4'),
  ).toBeDefined();
  expect(screen.getByText('3 passed over: offline · 1 passed over: at the limit')).toBeDefined();
  const table = screen.getByRole('table', { name: 'Who was looked at' });
  expect(within(table).getByRole('row', { name: /^Ben 0 of 3 – Chosen/ })).toBeDefined();
  expect(within(table).getByRole('row', { name: /^carl 3 of 3 – at the limit/ })).toBeDefined();
  expect(within(table).getByRole('row', { name: /of another time/ })).toBeDefined();
});

test('what cannot be read says why, and can be tried again', async () => {
  vi.stubGlobal('fetch', async () =>
    Response.json({ error: { code: 'not_found', message: 'no' } }, { status: 404 }),
  );
  await show(<WhyPage id="nobody" />, '/why/nobody', []);
  expect(await screen.findByText('It is no longer there.')).toBeDefined();
  expect(screen.getByRole('button', { name: 'Try again' })).toBeDefined();
});
