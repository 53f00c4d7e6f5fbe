import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { LOCALES, type Locale } from '../i18n/i18n';

/** Settings that belong to the person at this browser. They are kept in localStorage. */
export interface Preferences {
  /** Whether single keys act outside text fields. */
  singleKeys: boolean;
  /** What sends a message: Enter, or Ctrl/⌘+Enter. */
  sendWith: 'enter' | 'modEnter';
  /** The sound when somebody begins to wait or an offer comes. */
  sound: 'off' | 'once' | 'repeat';
  theme: 'system' | 'light' | 'dark';
  /** Undefined: what the browser asks for. */
  locale?: Locale;
}

export const DEFAULT_PREFERENCES: Preferences = {
  singleKeys: true,
  sendWith: 'enter',
  sound: 'once',
  theme: 'system',
};

const KEY = 'usher.preferences';

/** Reads what was kept, field by field: what is unknown or broken is the default. */
export function parsePreferences(raw: string | null): Preferences {
  let read: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(raw ?? '{}');
    if (typeof value === 'object' && value !== null) read = value as Record<string, unknown>;
  } catch {
    // Not ours, or cut short: the defaults serve.
  }
  const one = <T extends string>(field: string, allowed: readonly T[], fallback: T): T =>
    allowed.find((v) => v === read[field]) ?? fallback;
  const locale = LOCALES.find((l) => l === read.locale);
  return {
    singleKeys:
      typeof read.singleKeys === 'boolean' ? read.singleKeys : DEFAULT_PREFERENCES.singleKeys,
    sendWith: one('sendWith', ['enter', 'modEnter'], DEFAULT_PREFERENCES.sendWith),
    sound: one('sound', ['off', 'once', 'repeat'], DEFAULT_PREFERENCES.sound),
    theme: one('theme', ['system', 'light', 'dark'], DEFAULT_PREFERENCES.theme),
    ...(locale ? { locale } : {}),
  };
}

/** localStorage that never throws: a browser may refuse it, and the console works without. */
export const keep = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Full or refused: the setting lasts until the tab closes.
    }
  },
};

/** The one store of preferences. */
export const preferences = createStore<Preferences>(() => parsePreferences(keep.get(KEY)));

/** Changes a preference, keeps it, and lets it act on the page. */
export function setPreference<K extends keyof Preferences>(key: K, value: Preferences[K]): void {
  preferences.setState({ [key]: value } as Pick<Preferences, K>);
  keep.set(KEY, JSON.stringify(preferences.getState()));
  applyTheme();
}

/** Puts the theme on the page. */
export function applyTheme(): void {
  const { theme } = preferences.getState();
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function usePreferences(): Preferences {
  return useStore(preferences);
}
