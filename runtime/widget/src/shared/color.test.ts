import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accentOf, contrast } from './color.ts';
import { parseHex } from './fill.ts';

const rgb = (text: string) => parseHex(text) ?? [0, 0, 0];

describe('contrast', () => {
  it('is that of WCAG', () => {
    expect(contrast(rgb('#ffffff'), rgb('#000000'))).toBeCloseTo(21, 5);
    expect(contrast(rgb('#767676'), rgb('#ffffff'))).toBeCloseTo(4.54, 2);
  });
});

describe('an accent', () => {
  it('can always be written on and read, whatever colour a channel gives', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (n) => {
        const accent = accentOf(`#${n.toString(16).padStart(6, '0')}`);
        // Black or white: one of them has at least 4.5:1 on any colour.
        expect(contrast(rgb(accent.fill), rgb(accent.onFill))).toBeGreaterThanOrEqual(4.5);
        for (const ground of ['#ffffff', '#f5f6f8', '#eceef2', '#fff1d6']) {
          expect(contrast(rgb(accent.textLight), rgb(ground))).toBeGreaterThanOrEqual(4.5);
        }
        for (const ground of ['#14171c', '#1b1f26', '#252b34', '#352708']) {
          expect(contrast(rgb(accent.textDark), rgb(ground))).toBeGreaterThanOrEqual(4.5);
        }
      }),
    );
  });

  it('is the product’s when there is none, or one that is no colour', () => {
    for (const odd of [undefined, '', 'red', '#12345', '#1a5fd0; background: url(x)']) {
      expect(accentOf(odd).fill).toBe('#1a5fd0');
    }
  });
});

describe('the tokens of the style', () => {
  // The same pairs stand in the table of the design; numbers are computed there and here.
  it.each([
    ['text', '#171b22', '#ffffff', 4.5],
    ['text2', '#4a5361', '#f5f6f8', 4.5],
    ['muted', '#5c6673', '#ffffff', 4.5],
    ['muted on raised', '#5c6673', '#eceef2', 4.5],
    ['own bubble', '#171b22', '#dce8fc', 4.5],
    ['red on tint', '#b3261e', '#fbe7e6', 4.5],
    ['blue', '#1f63d6', '#f5f6f8', 4.5],
    ['control', '#757f8c', '#ffffff', 3],
    ['amber on tint', '#8a5a00', '#fff1d6', 3],
    ['dark text2', '#b8c0cc', '#1b1f26', 4.5],
    ['dark muted', '#98a2b0', '#14171c', 4.5],
    ['dark own bubble', '#eceff3', '#1d3050', 4.5],
    ['dark red on tint', '#ff8a80', '#3a1a1a', 4.5],
    ['dark control', '#7d8896', '#14171c', 3],
    ['dark amber on tint', '#e8b04a', '#352708', 3],
  ])('%s has enough contrast', (_, on, ground, least) => {
    expect(contrast(rgb(on), rgb(ground))).toBeGreaterThanOrEqual(least);
  });
});
