import type { Waiting } from '@usher/protocol/protocol';
import { expect, test } from 'vitest';
import { DEFAULT_SORT, parseSort, sortWaiting, toggleSort, writeSort } from './sort';

const collator = new Intl.Collator('en', { numeric: true });
const row = (conversation: string, arrivedAt: number, name: string): Waiting => ({
  conversation,
  arrivedAt,
  name,
  queue: 'support',
  channel: 'web',
  online: true,
});
const rows = [row('b', 20, 'Bo'), row('a', 10, 'Åsa'), row('c', 30, 'bo')];
const ids = (list: Waiting[]) => list.map((w) => w.conversation).join('');

test('the longest wait comes first by default', () => {
  expect(ids(sortWaiting(rows, DEFAULT_SORT, collator))).toBe('abc');
});

test('a second click on the same header turns the order round', () => {
  const up = toggleSort(DEFAULT_SORT, 'waited');
  expect(up).toEqual({ column: 'waited', down: false });
  expect(ids(sortWaiting(rows, up, collator))).toBe('cba');
});

test('equal rows keep the order of arrival whichever way the sort goes', () => {
  const twins = [row('y', 2, 'Bo'), row('x', 1, 'Bo')];
  expect(ids(sortWaiting(twins, { column: 'customer', down: false }, collator))).toBe('xy');
  expect(ids(sortWaiting(twins, { column: 'customer', down: true }, collator))).toBe('xy');
});

test('the sort is remembered, and nonsense is the default', () => {
  expect(parseSort(writeSort({ column: 'page', down: true }))).toEqual({
    column: 'page',
    down: true,
  });
  expect(parseSort('nonsense')).toEqual(DEFAULT_SORT);
  expect(parseSort(null)).toEqual(DEFAULT_SORT);
});
