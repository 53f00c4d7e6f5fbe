import type { LogEntry } from '@usher/protocol/protocol';
import { expect, test } from 'vitest';
import en from '../../i18n/en.json';
import { createI18n } from '../../i18n/i18n';
import { logWords } from './log-words';

const i18n = createI18n('en', en, ['en-GB']);
const now = new Date(2026, 10, 18, 10, 0).getTime();
const words = (entry: Partial<LogEntry>) =>
  logWords({ seq: 1, at: now, queue: 'support', type: 'closed', ...entry }, now, i18n);

test('a close by hand says who, until when and why', () => {
  const until = new Date(2026, 10, 18, 13, 0).getTime();
  expect(words({ by: 'Jonas', cause: 'Override', until, reason: 'fire drill' })).toBe(
    'Jonas closed the queue until 13:00 (fire drill)',
  );
});

test('a close by the schedule says so', () => {
  expect(words({ cause: 'Schedule' })).toBe('The queue closed: by the schedule');
  expect(words({ type: 'opened', cause: 'Holiday', reason: 'Easter' })).toBe(
    'The queue opened (Easter): holiday',
  );
});

test('customers come and go by name, and without one', () => {
  expect(words({ type: 'joined', name: 'Maria', cause: 'web' })).toBe('Maria began to wait');
  expect(words({ type: 'joined', cause: 'web' })).toBe('A customer began to wait');
  expect(words({ type: 'picked', by: 'Ana', name: 'Maria', cause: 'next' })).toBe(
    'Ana accepted Maria',
  );
  expect(words({ type: 'returned', by: 'Ana', name: 'Maria', cause: 'lost' })).toBe(
    "Maria came back to the line from Ana: the agent's connection was lost",
  );
  expect(words({ type: 'left', name: 'Maria', cause: 'abandoned' })).toBe(
    'Maria left the line: the connection was lost',
  );
});

test('a change by hand that the cluster refused says why', () => {
  expect(words({ type: 'override', cause: 'Refused', reason: 'owned by git' })).toBe(
    'The change by hand was not carried into the cluster (owned by git)',
  );
});

test('a type that came later is shown by its name', () => {
  expect(words({ type: 'translated' })).toBe('translated');
});

test.each([
  ['entered', 'Ana joined the conversation with Maria'],
  ['transferred', 'Ana handed Maria on'],
  ['exited', 'Ana left the conversation with Maria; others stay'],
  ['moved', 'Maria was moved by a waiting rule'],
  ['passed', 'A waiting rule passed Maria over'],
  ['alerted', 'An alert: Maria waits too long'],
  ['inactive', 'Maria left without being served'],
  ['contact', 'Maria left a contact form'],
  ['keysLocked', 'Too many wrong session keys were tried'],
  ['erased', 'Ana had conversations erased for good'],
])('%s reads "%s"', (type, sentence) => {
  expect(words({ type, by: 'Ana', name: 'Maria' })).toBe(sentence);
});

test.each([
  ['transferred', 'Ana handed Maria on to billing'],
  ['moved', 'Maria was moved to billing by a waiting rule'],
  ['passed', 'Maria was not moved to billing by a waiting rule'],
  ['invited', 'Ana asked billing into the conversation with Maria'],
])('%s with a target reads "%s"', (type, sentence) => {
  const to = { kind: 'team', name: 'billing' } as const;
  expect(words({ type, by: 'Ana', name: 'Maria', to })).toBe(sentence);
});
