import { expect, test } from 'vitest';
import { isFull, queueLook } from './queue-look';

test('each state has a look of its own, and waiting customers show also while closed', () => {
  expect(queueLook({ state: 'Open', waiting: 0 })).toBe('open');
  expect(queueLook({ state: 'Open', waiting: 2 })).toBe('waiting');
  expect(queueLook({ state: 'Closed', waiting: 0 })).toBe('closed');
  expect(queueLook({ state: 'Closed', waiting: 1 })).toBe('closedWaiting');
});

test('a queue without a limit is never full', () => {
  expect(isFull({ placesLeft: -1 })).toBe(false);
  expect(isFull({ placesLeft: 0 })).toBe(true);
});
