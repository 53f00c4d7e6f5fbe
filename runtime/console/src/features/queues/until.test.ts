import { expect, test } from 'vitest';
import { nextMidnight, untilTime } from './until';

const at = (iso: string) => Date.parse(iso);

test('half an hour and two hours count from now', () => {
  expect(untilTime('30min', 1_000)).toBe(1_801_000);
  expect(untilTime('2h', 1_000)).toBe(7_201_000);
  expect(untilTime('always', 1_000)).toBeUndefined();
});

test("the end of the day is the midnight of the queue's own zone", () => {
  expect(nextMidnight(at('2026-07-01T20:30:00Z'), 'Europe/Helsinki')).toBe(
    at('2026-07-01T21:00:00Z'),
  );
  expect(nextMidnight(at('2026-07-01T21:00:00Z'), 'Europe/Helsinki')).toBe(
    at('2026-07-02T21:00:00Z'),
  );
});

test('days of 25 and 23 hours end at their own midnight', () => {
  expect(nextMidnight(at('2026-10-24T22:00:00Z'), 'Europe/Berlin')).toBe(
    at('2026-10-25T23:00:00Z'),
  );
  expect(nextMidnight(at('2026-03-28T23:00:00Z'), 'Europe/Berlin')).toBe(
    at('2026-03-29T22:00:00Z'),
  );
});
