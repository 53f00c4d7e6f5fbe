/**
 * The words of the widget, in the visitor's language.
 *
 *     const words = wordsFor('fi-FI', fi);
 *     words.say('place', { place: 3 });           // "Olet jonossa numero 3."
 *     words.count('left', 1);                     // by the plural rules of the language
 *     words.opens(opensAt, now, 'Europe/Helsinki');
 *
 * Formats of time follow the visitor's own region when it speaks the same language.
 */
import en from './i18n/en.json';

export type Key = keyof typeof en;
/** The words of a language; English is part of the app, the others are files beside it. */
export type Catalogue = Record<Key, string>;
/** A key that has the forms .one and .other. */
export type CountKey = { [K in Key]: K extends `${infer P}.other` ? P : never }[Key];
type Values = Record<string, string | number>;

export interface Words {
  readonly language: string;
  say(key: Key, values?: Values): string;
  /** The form for a number; {count} is the number as the region writes it. */
  count(key: CountKey, n: number): string;
  /** What a refused command says: by its code, else one sentence for all, or the given one. */
  error(code: string, limit: number, otherwise?: Key): string;
  /** "Ana, Ben and Mei". */
  list(names: readonly string[]): string;
  /** "10:42". */
  time(at: number): string;
  /** "today 14:00", "Monday 08:00", "Monday 12 January 08:00", with the desk's own time if it differs. */
  opens(at: number, now: number, deskZone: string | undefined): string;
}

/** `own` are the words of the locale's language; without them it is English. */
export function wordsFor(locale: string, own?: Catalogue, ownZone?: string): Words {
  const language = own ? primary(locale) : 'en';
  const words = own ?? en;
  const region = primary(locale) === language ? locale : language;
  const number = new Intl.NumberFormat(region);
  const plural = new Intl.PluralRules(region);
  const zone = ownZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

  const say = (key: Key, values: Values = {}) =>
    words[key].replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name];
      return typeof value === 'number' ? number.format(value) : (value ?? '');
    });
  const time = (at: number, timeZone = zone) =>
    new Intl.DateTimeFormat(region, { hour: '2-digit', minute: '2-digit', timeZone }).format(at);
  const day = (at: number, now: number): string => {
    const away = dayNumber(at, zone) - dayNumber(now, zone);
    if (away === 0) return say('today', { time: time(at) });
    if (away === 1) return say('tomorrow', { time: time(at) });
    const far: Intl.DateTimeFormatOptions = away > 6 ? { day: 'numeric', month: 'long' } : {};
    const name = new Intl.DateTimeFormat(region, { weekday: 'long', ...far, timeZone: zone });
    return `${name.format(at)} ${time(at)}`;
  };

  return {
    language,
    say,
    count: (key, n) => {
      const form = `${key}.${plural.select(n)}` as Key;
      return say(form in words ? form : (`${key}.other` as Key), { count: n });
    },
    error: (code, limit, otherwise = 'error.other') => {
      const key = `error.${code}` as Key;
      return say(key in words ? key : otherwise, { count: limit });
    },
    list: (names) => new Intl.ListFormat(region, { type: 'conjunction' }).format(names),
    time,
    opens: (at, now, deskZone) => {
      const when = day(at, now);
      if (!deskZone || !isZone(deskZone) || time(at, deskZone) === time(at)) return when;
      const city = (deskZone.split('/').at(-1) ?? deskZone).replaceAll('_', ' ');
      return say('inZone', { when, time: time(at, deskZone), city });
    },
  };
}

export function primary(locale: string): string {
  return (locale.split(/[-_]/)[0] ?? '').toLowerCase();
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Days since 1970 of the date that a calendar on the wall shows. */
function dayNumber(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone,
  }).format(at);
  return Date.parse(`${parts}T00:00:00Z`) / 86_400_000;
}
