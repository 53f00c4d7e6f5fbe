import type { Message } from '@usher/protocol/protocol';
import { expect, test } from 'vitest';
import { GROUP_MS, groupMessages } from './groups';

const start = new Date(2026, 10, 18, 10, 0).getTime();
const message = (seq: number, from: Message['from'], at: number): Message => ({
  seq,
  conversation: 'c',
  from,
  text: `m${seq}`,
  at,
});
const shape = (messages: Message[]) =>
  groupMessages(messages).map((g) => g.messages.map((m) => m.seq).join(','));

test('messages of one sender stand together', () => {
  const list = [
    message(1, 'customer', start),
    message(2, 'customer', start + 1_000),
    message(3, 'agent', start + 2_000),
  ];
  expect(shape(list)).toEqual(['1,2', '3']);
});

test('a long pause begins a new group', () => {
  const list = [
    message(1, 'customer', start),
    message(2, 'customer', start + GROUP_MS),
    message(3, 'customer', start + 2 * GROUP_MS + 1),
  ];
  expect(shape(list)).toEqual(['1,2', '3']);
});

test('each day begins with its date', () => {
  const list = [
    message(1, 'agent', start),
    message(2, 'customer', start + 1),
    message(3, 'customer', start + 86_400_000),
  ];
  expect(groupMessages(list).map((g) => g.day !== undefined)).toEqual([true, false, true]);
});

test('a note of the desk stands alone', () => {
  const list = [
    message(1, 'agent', start),
    message(2, 'system', start + 1),
    message(3, 'agent', start + 2),
  ];
  expect(shape(list)).toEqual(['1', '2', '3']);
});
