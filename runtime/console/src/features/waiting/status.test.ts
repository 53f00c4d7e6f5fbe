import { describe, expect, test } from 'vitest';
import type { Tab } from '../../desk/shelf';
import { aConversation, aMessage, NOW } from '../../testing/fixture';
import { clockOf, urgency } from './status';

describe('how urgent it is', () => {
  const clock = { unansweredSince: NOW, soonAt: NOW + 60_000, overdueAt: NOW + 90_000 };
  test.each([
    [0, 'fine'],
    [60_000, 'fine'],
    [60_001, 'soon'],
    [90_000, 'soon'],
    [90_001, 'overdue'],
  ])('%i ms after the message it is %s, by the times of the desk', (ms, word) => {
    expect(urgency(clock, NOW + ms)).toBe(word);
  });

  test('a queue without thresholds has nothing that is late', () => {
    expect(urgency({ unansweredSince: NOW - 1e9 }, NOW)).toBe('fine');
  });

  test('of who wrote nothing the wait counts', () => {
    expect(urgency({}, NOW, NOW - 180_001)).toBe('soon');
    expect(urgency({}, NOW)).toBe('fine');
  });
});

describe('the clock of a conversation', () => {
  const tab = (more: object, ...messages: ReturnType<typeof aMessage>[]): Tab => {
    const { conversation } = aConversation('c', more);
    if (!conversation) throw new Error('no conversation');
    return { conversation, messages: messages.flatMap((change) => change.message ?? []) };
  };

  test('is that of the header while it speaks of the same question', () => {
    const asked = aMessage('c', 1, 'customer', 'Hello');
    const since = asked.message?.at ?? 0;
    const header = { unansweredSince: since, soonAt: since + 5, overdueAt: since + 9 };
    expect(clockOf(tab(header, asked))).toEqual(header);
  });

  test('of a question that the header does not know yet runs by the usual times', () => {
    const messages = [
      aMessage('c', 1, 'agent', 'Hello'),
      aMessage('c', 2, 'customer', 'Where is it?'),
    ];
    const since = messages[1]?.message?.at ?? 0;
    expect(clockOf(tab({ unansweredSince: 5, overdueAt: 7 }, ...messages))).toEqual({
      unansweredSince: since,
      soonAt: since + 180_000,
      overdueAt: since + 300_000,
    });
  });

  test('stands still once it is answered', () => {
    const messages = [aMessage('c', 1, 'customer', 'Hi'), aMessage('c', 2, 'agent', 'Hello')];
    expect(clockOf(tab({ unansweredSince: 1, overdueAt: 2 }, ...messages))).toEqual({});
  });
});
