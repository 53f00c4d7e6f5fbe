import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');
const tokens = new Map<string, { light: string; dark: string }>();
for (const [, name, light, dark] of css.matchAll(
  /--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g,
)) {
  if (name && light && dark) tokens.set(name, { light, dark });
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['bg', 'panel', 'raised', 'selected'];
const pairs: [string, string, number][] = [
  ...grounds.flatMap((ground): [string, string, number][] => [
    ['text', ground, 7],
    ['text2', ground, 4.5],
    ['accent', ground, 4.5],
  ]),
  ['muted', 'bg', 4.5],
  ['muted', 'panel', 4.5],
  ['muted', 'raised', 4.5],
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-press', 4.5],
  ['text', 'own', 7],
  ['text2', 'own', 4.5],
  ...['open', 'closed', 'waiting', 'soon', 'overdue'].flatMap(
    (state): [string, string, number][] => [
      [state, 'bg', 4.5],
      [state, 'panel', 4.5],
      [state, `${state}-tint`, 4.5],
      ['text', `${state}-tint`, 7],
    ],
  ),
  ['closed', 'selected', 4.5],
  ['open', 'selected', 4.5],
  ['overdue', 'selected', 4.5],
  ['soon', 'selected', 4.5],
  ['control', 'bg', 3],
  ['control', 'panel', 3],
];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  test.each(pairs)('%s on %s has a contrast of at least %d', (fore, ground, least) => {
    const a = tokens.get(fore)?.[theme];
    const b = tokens.get(ground)?.[theme];
    if (!a || !b) throw new Error(`no token ${a ? ground : fore}`);
    expect(contrast(a, b)).toBeGreaterThanOrEqual(least);
  });
});
