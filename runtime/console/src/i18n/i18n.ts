import { IntlMessageFormat } from 'intl-messageformat';
import { createContext, useContext } from 'react';
import en from './en.json';

/** A sentence of the console, by feature: "queue.closed.until". */
export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Values = Record<string, string | number>;
/** Looks up a sentence and puts values into it. */
export type Translate = (key: Key, values?: Values) => string;

/** The languages that are there; English is complete by definition. */
export const LOCALES = ['en', 'fi', 'pt'] as const;
export type Locale = (typeof LOCALES)[number];
export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', fi: 'Suomi', pt: 'Português' };

/** The first of the wanted languages that is there. */
export function pickLocale(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const found = LOCALES.find((l) => tag.toLowerCase().split('-')[0] === l);
    if (found) return found;
  }
  return 'en';
}

/** Loads a catalogue; English is in the first bundle. */
export async function loadCatalogue(locale: Locale): Promise<Catalogue> {
  if (locale === 'fi') return (await import('./fi.json')).default;
  if (locale === 'pt') return (await import('./pt.json')).default;
  return en;
}

/** A language in use: sentences, times, numbers. */
export interface I18n {
  readonly locale: Locale;
  /** The locale for dates and numbers: the browser's own region when it speaks the language. */
  readonly region: string;
  readonly t: Translate;
  time(at: number, timeZone?: string): string;
  day(at: number, timeZone?: string): string;
  /** A moment in as few words as are clear now: 16:00, tomorrow 08:00, Monday 08:00, 3 Nov 08:00. */
  moment(at: number, now: number, timeZone?: string): string;
}

/** Makes a language of a catalogue. Formatters are kept: they are costly to make. */
export function createI18n(
  locale: Locale,
  catalogue: Catalogue,
  wanted: readonly string[] = [],
): I18n {
  const region = wanted.find((tag) => tag.toLowerCase().split('-')[0] === locale) ?? locale;
  const sentences = new Map<string, IntlMessageFormat>();
  const dates = new Map<string, Intl.DateTimeFormat>();
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });

  const date = (options: Intl.DateTimeFormatOptions, timeZone?: string) => {
    const key = `${timeZone ?? ''} ${JSON.stringify(options)}`;
    let format = dates.get(key);
    if (!format) {
      format = new Intl.DateTimeFormat(region, timeZone ? { ...options, timeZone } : options);
      dates.set(key, format);
    }
    return format;
  };
  const time = (at: number, timeZone?: string) =>
    date(
      { hour: '2-digit', minute: '2-digit', hourCycle: locale === 'en' ? undefined : 'h23' },
      timeZone,
    ).format(at);
  const dayNumber = (at: number, timeZone?: string) => {
    const parts = date(
      { year: 'numeric', month: 'numeric', day: 'numeric', calendar: 'iso8601' },
      timeZone,
    ).formatToParts(at);
    const read = (type: string) => Number(parts.find((p) => p.type === type)?.value);
    return Date.UTC(read('year'), read('month') - 1, read('day')) / 86_400_000;
  };

  const t: Translate = (key, values) => {
    let sentence = sentences.get(key);
    if (!sentence) {
      sentence = new IntlMessageFormat(catalogue[key] ?? en[key] ?? key, locale);
      sentences.set(key, sentence);
    }
    return String(sentence.format(values));
  };

  return {
    locale,
    region,
    t,
    time,
    day: (at, timeZone) =>
      date({ weekday: 'long', day: 'numeric', month: 'long' }, timeZone).format(at),
    moment(at, now, timeZone) {
      const away = dayNumber(at, timeZone) - dayNumber(now, timeZone);
      if (away === 0) return time(at, timeZone);
      if (away === 1 || away === -1) return `${relative.format(away, 'day')} ${time(at, timeZone)}`;
      if (away > 1 && away < 7)
        return `${date({ weekday: 'long' }, timeZone).format(at)} ${time(at, timeZone)}`;
      return `${date({ day: 'numeric', month: 'short', year: Math.abs(away) > 300 ? 'numeric' : undefined }, timeZone).format(at)} ${time(at, timeZone)}`;
    },
  };
}

/** English, for tests and for before anything else is loaded. */
export const english = createI18n('en', en);

export const I18nContext = createContext<I18n>(english);

/** The language in use. */
export function useI18n(): I18n {
  return useContext(I18nContext);
}
