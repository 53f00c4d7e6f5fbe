import { describe, expect, it } from 'vitest';
import en from './i18n/en.json';
import fi from './i18n/fi.json';
import pt from './i18n/pt.json';
import { type Catalogue, primary, wordsFor as wordsIn } from './words.ts';

const catalogues: Record<string, Catalogue> = { en, fi, pt };
/** With the words of the language, as far as there are any. */
const wordsFor = (locale: string, zone?: string) =>
  wordsIn(locale, catalogues[primary(locale)], zone);

describe('the catalogues', () => {
  it.each(['fi', 'pt'])('%s has the keys of en and nothing else', (language) => {
    expect(Object.keys(catalogues[language] ?? {}).sort()).toEqual(Object.keys(en).sort());
  });

  it.each(['fi', 'pt'])('%s fills the same places as en', (language) => {
    const holes = (text = '') => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, text] of Object.entries(en)) {
      expect([key, holes(catalogues[language]?.[key as keyof Catalogue])]).toEqual([
        key,
        holes(text),
      ]);
    }
  });
});

describe('words', () => {
  it('speak the visitor’s language, else English', () => {
    expect(wordsFor('fi-FI').say('send')).toBe('Lähetä');
    expect(wordsFor('pt-BR').say('send')).toBe('Enviar');
    expect(wordsFor('de-DE').say('send')).toBe('Send');
    expect(wordsFor('').language).toBe('en');
  });

  it('follow the plural rules of the language', () => {
    expect(wordsFor('en').count('left', 1)).toBe('1 character left');
    expect(wordsFor('en').count('left', 0)).toBe('0 characters left');
    expect(wordsFor('pt').count('newMessages', 1)).toBe('1 mensagem nova');
    expect(wordsFor('pt').count('newMessages', 1_000_000)).toBe('1.000.000 mensagens novas');
  });

  it('put in what a person wrote as it is, also what looks like a place to fill', () => {
    expect(wordsFor('en').say('said', { name: '$& {text}', text: 'hi' })).toBe('$& {text}: hi');
  });

  it('tell a refusal by its code, else in one sentence', () => {
    expect(wordsFor('en').error('queue_full', 0)).toBe('The last place was taken meanwhile.');
    expect(wordsFor('en').error('text_too_long', 4000)).toContain('4,000');
    expect(wordsFor('en').error('something_new', 0)).toContain('Your text is kept');
  });
});

describe('when a queue opens', () => {
  const friday = Date.parse('2026-11-20T19:00:00Z');
  const opens = (at: string, zone?: string, own = 'Europe/Helsinki', locale = 'en-GB') =>
    wordsFor(locale, own).opens(Date.parse(at), friday, zone);

  it('is today, tomorrow, a weekday or a date', () => {
    expect(opens('2026-11-20T20:00:00Z')).toBe('today 22:00');
    expect(opens('2026-11-21T06:00:00Z')).toBe('tomorrow 08:00');
    expect(opens('2026-11-23T06:00:00Z')).toBe('Monday 08:00');
    expect(opens('2026-11-27T06:00:00Z')).toBe('Friday 27 November 08:00');
  });

  it('counts days by the visitor’s own calendar', () => {
    expect(opens('2026-11-21T06:00:00Z', undefined, 'America/Los_Angeles')).toBe('today 22:00');
    expect(opens('2026-11-20T23:00:00Z')).toBe('tomorrow 01:00');
  });

  it('tells the desk’s own time when it differs', () => {
    expect(opens('2026-11-23T06:00:00Z', 'Europe/Helsinki')).toBe('Monday 08:00');
    expect(opens('2026-11-23T06:00:00Z', 'Europe/Helsinki', 'Europe/Lisbon')).toBe(
      'Monday 06:00 (08:00 in Helsinki)',
    );
    expect(opens('2026-11-23T13:00:00Z', 'America/New_York', 'Europe/Lisbon')).toBe(
      'Monday 13:00 (08:00 in New York)',
    );
  });

  it('passes over a zone that the browser does not know', () => {
    expect(opens('2026-11-23T06:00:00Z', 'Mars/Olympus')).toBe('Monday 08:00');
  });

  it('follows the formats of the visitor’s region', () => {
    expect(opens('2026-11-23T06:00:00Z', undefined, 'Europe/Helsinki', 'fi-FI')).toMatch(
      /maanantai.* 08\.00/,
    );
    expect(opens('2026-11-20T20:00:00Z', undefined, 'Europe/Helsinki', 'en-US')).toMatch(
      /today 10:00\sPM/,
    );
  });
});
