import { describe, expect, test } from 'vitest';
import en from './en.json';
import fi from './fi.json';
import { createI18n, english, pickLocale } from './i18n';
import pt from './pt.json';

const now = Date.parse('2026-11-18T10:00:00Z'); // a Wednesday

describe('moments', () => {
  const british = createI18n('en', en, ['en-GB']);
  test.each([
    ['2026-11-18T14:00:00Z', '16:00'],
    ['2026-11-19T06:00:00Z', 'tomorrow 08:00'],
    ['2026-11-17T06:00:00Z', 'yesterday 08:00'],
    ['2026-11-23T06:00:00Z', 'Monday 08:00'],
    ['2026-12-07T06:00:00Z', '7 Dec 08:00'],
  ])('%s reads %s', (at, words) => {
    expect(british.moment(Date.parse(at), now, 'Europe/Helsinki')).toBe(words);
  });

  test('days are counted in the zone that is asked for', () => {
    // 23:30 in London is the next day in Helsinki.
    const late = Date.parse('2026-11-18T23:30:00Z');
    expect(british.moment(late, now, 'Europe/London')).toBe('23:30');
    expect(british.moment(late, now, 'Europe/Helsinki')).toBe('tomorrow 01:30');
  });
});

test('sentences count', () => {
  expect(english.t('queue.waiting', { count: 1 })).toBe('1 waiting');
  expect(english.t('log.unread', { count: 3 })).toBe('3 new messages');
  expect(english.t('log.unread', { count: 1 })).toBe('1 new message');
});

test('the first language that is there is taken', () => {
  expect(pickLocale(['sv-SE', 'fi-FI', 'en'])).toBe('fi');
  expect(pickLocale(['pt-BR'])).toBe('pt');
  expect(pickLocale(['ja'])).toBe('en');
});

describe.each([
  ['fi', fi],
  ['pt', pt],
] as const)('the catalogue %s', (locale, catalogue: Record<string, string>) => {
  test('has every sentence of the English one and no other', () => {
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
  });

  test('names the same values, and every sentence parses', () => {
    const i18n = createI18n(locale, catalogue as typeof en);
    const names = (sentence: string) => [
      ...new Set([...sentence.matchAll(/\{\s*(\w+)\s*[,}]/g)].map((found) => found[1] ?? '')),
    ];
    for (const [key, sentence] of Object.entries(en)) {
      const own = new Set(names(catalogue[key] ?? ''));
      for (const name of names(sentence)) expect.soft(own, key).toContain(name);
      const values = Object.fromEntries([...own].map((n) => [n, 2]));
      expect.soft(() => i18n.t(key as keyof typeof en, values), key).not.toThrow();
    }
  });
});
