import type { Entry } from '@usher/protocol/outbox';
import { expect, test } from 'vitest';
import { pendingOf } from './pending';

const entry = (key: number, cid: number, conversation = 'a'): Entry => ({
  key,
  cid,
  lane: conversation,
  client: 'tab-1',
  state: 'sending',
  at: 0,
  command: { type: 'say', conversation, text: `m${key}` },
});

test('what has arrived is not shown a second time while its answer is on the way', () => {
  const messages = [
    {
      seq: 9,
      conversation: 'a',
      from: 'agent' as const,
      text: 'm1',
      at: 0,
      client: 'tab-1',
      cid: 4,
    },
  ];
  const entries = [entry(1, 4), entry(2, 5), entry(3, 6, 'b')];
  expect(pendingOf(entries, 'a', messages).map((e) => e.key)).toEqual([2]);
});

test('one that was never numbered is nobody else’s', () => {
  const messages = [{ seq: 9, conversation: 'a', from: 'customer' as const, text: 'x', at: 0 }];
  expect(pendingOf([entry(1, 0)], 'a', messages)).toHaveLength(1);
});
