import { describe, expect, test } from 'vitest';
import { formatFirstWait, formatWait, waitClass } from './wait';

describe('the class of a wait', () => {
  test.each([
    [0, 'fine'],
    [180_000, 'fine'],
    [180_001, 'soon'],
    [300_000, 'soon'],
    [300_001, 'overdue'],
  ] as const)('%i ms is %s', (ms, expected) => {
    expect(waitClass(ms)).toBe(expected);
  });
});

describe('the clock of a wait', () => {
  test.each([
    [-5_000, '0:00'],
    [6_999, '0:06'],
    [372_000, '6:12'],
    [3_599_999, '59:59'],
    [3_723_000, '1:02:03'],
  ])('%i ms reads %s', (ms, expected) => {
    expect(formatWait(ms)).toBe(expected);
  });

  test("beside a queue's name more than an hour reads ∞", () => {
    expect(formatFirstWait(3_600_000)).toBe('1:00:00');
    expect(formatFirstWait(3_600_001)).toBe('∞');
  });
});
