import { expect, test } from 'vitest';
import {
  applyTheme,
  DEFAULT_PREFERENCES,
  parsePreferences,
  preferences,
  setPreference,
} from './preferences';

test('nothing kept means the defaults', () => {
  expect(parsePreferences(null)).toEqual(DEFAULT_PREFERENCES);
  expect(parsePreferences('{')).toEqual(DEFAULT_PREFERENCES);
  expect(parsePreferences('[1]')).toEqual(DEFAULT_PREFERENCES);
});

test('a field that is wrong falls back alone', () => {
  const read = parsePreferences('{"theme":"dark","sound":"loud","singleKeys":false,"locale":"xx"}');
  expect(read).toEqual({ ...DEFAULT_PREFERENCES, theme: 'dark', singleKeys: false });
});

test('a change is kept and acts on the page', () => {
  setPreference('theme', 'dark');
  expect(document.documentElement.dataset.theme).toBe('dark');
  expect(parsePreferences(localStorage.getItem('usher.preferences')).theme).toBe('dark');
  preferences.setState({ theme: 'system' });
  applyTheme();
  expect(document.documentElement.dataset.theme).toBeUndefined();
});
