import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BURST_MS, createBurst } from './burst';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('up to three messages are read, the rest of a burst is counted once', () => {
  const said: string[] = [];
  const burst = createBurst((name, text, count) =>
    said.push(count > 1 || text === '' ? `${count} of ${name}` : `${name}: ${text}`),
  );
  for (const text of ['a', 'b', 'c', 'd', 'e']) burst.add('Maria', text);
  expect(said).toEqual(['Maria: a', 'Maria: b', 'Maria: c']);
  vi.advanceTimersByTime(BURST_MS);
  expect(said.at(-1)).toBe('2 of Maria');
});

test('after a burst the next message is read again', () => {
  const said: string[] = [];
  const burst = createBurst((_, text) => said.push(text));
  burst.add('Maria', 'a');
  vi.advanceTimersByTime(BURST_MS);
  burst.add('Maria', 'b');
  expect(said).toEqual(['a', 'b']);
});
