import { describe, expect, test } from 'vitest';
import { KEYS, type KeyMemory, type KeyPress, matchKey, PAIR_MS, writeKey } from './keys';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  isComposing: false,
  altGraph: false,
  inText: false,
  ...more,
});
const on = { singleKeys: true, now: 1_000 };
const act = (p: KeyPress, options = on, memory: KeyMemory = {}) =>
  matchKey(p, memory, options).action;

describe('single keys', () => {
  test('act outside text fields', () => {
    expect(act(press('n'))).toBe('acceptNext');
    expect(act(press('?', { shiftKey: true }))).toBe('help');
    expect(act(press('3'))).toBe('tab3');
  });

  test('are text inside text fields', () => {
    expect(act(press('n', { inText: true }))).toBeUndefined();
    expect(act(press('?', { inText: true }))).toBeUndefined();
  });

  test('can be switched off, while Ctrl+K stays', () => {
    expect(act(press('n'), { ...on, singleKeys: false })).toBeUndefined();
    expect(act(press('k', { ctrlKey: true }), { ...on, singleKeys: false })).toBe('palette');
  });

  test("leave the browser's own keys alone", () => {
    expect(act(press('n', { ctrlKey: true }))).toBeUndefined();
    expect(act(press('e', { altKey: true }))).toBeUndefined();
    expect(act(press('r', { metaKey: true }))).toBeUndefined();
    expect(act(press('k', { ctrlKey: true, shiftKey: true }))).toBeUndefined();
  });
});

describe('keyboards of others', () => {
  test('a German [ is typed with AltGr and acts as [', () => {
    expect(act(press('[', { altKey: false, altGraph: true }))).toBe('previousTab');
  });

  test('Ctrl+Alt is AltGr on Windows and never acts', () => {
    expect(act(press('[', { ctrlKey: true, altKey: true }))).toBeUndefined();
  });

  test('Option+L on a German Mac is @ and never acts', () => {
    expect(act(press('@', { altKey: true }))).toBeUndefined();
  });

  test('a composing input method is left alone', () => {
    expect(act(press('n', { isComposing: true }))).toBeUndefined();
    expect(act(press('Process'))).toBeUndefined();
    expect(act(press('Dead'))).toBeUndefined();
  });
});

describe('two keys after one another', () => {
  test('g q goes to the queues', () => {
    const first = matchKey(press('g'), {}, on);
    expect(first.action).toBeUndefined();
    expect(act(press('q'), { ...on, now: 1_400 }, first.memory)).toBe('goQueues');
  });

  test('too slow is not a pair', () => {
    const first = matchKey(press('g'), {}, on);
    expect(act(press('q'), { ...on, now: 1_001 + PAIR_MS }, first.memory)).toBeUndefined();
  });

  test('another key between them ends the pair', () => {
    const first = matchKey(press('g'), {}, on);
    const second = matchKey(press('x'), first.memory, on);
    expect(act(press('q'), on, second.memory)).toBeUndefined();
  });
});

test('no key stands twice in the table', () => {
  const all = KEYS.flatMap((line) => line.keys);
  expect(new Set(all).size).toBe(all.length);
});

test('no line of the table uses Alt, or Ctrl+Shift', () => {
  for (const key of KEYS.flatMap((line) => line.keys)) {
    expect(key).not.toMatch(/Alt|Mod\+Shift/);
  }
});

test('keys are written as the machine at hand writes them', () => {
  expect(writeKey('Mod+k', false)).toBe('Ctrl+K');
  expect(writeKey('Mod+k', true)).toBe('⌘K');
  expect(writeKey('g q', false)).toBe('g q');
  expect(writeKey('Mod+Enter', false)).toBe('Ctrl+Enter');
});
