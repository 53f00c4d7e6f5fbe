/** Contrast by WCAG 2: a channel gives one colour, everything that stands on it is computed. */

import { applyFill, fillOf, luminance, parseHex, type Rgb } from './fill.ts';

function hex(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}

/** 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const white: Rgb = [255, 255, 255];
const black: Rgb = [0, 0, 0];
/** What text in the accent stands on: the tokens raised and amber-tint of style.css. */
const lightGrounds: Rgb[] = [
  [0xec, 0xee, 0xf2],
  [0xff, 0xf1, 0xd6],
];
const darkGrounds: Rgb[] = [
  [0x25, 0x2b, 0x34],
  [0x35, 0x27, 0x08],
];

/** The colour moved towards another until it reads on all the grounds with this contrast. */
function towards(color: Rgb, target: Rgb, grounds: Rgb[], least: number): Rgb {
  for (let step = 0; step <= 20; step++) {
    const share = step / 20;
    const mixed = color.map(
      (part, i) => part + ((target[i] ?? 0) - part) * share,
    ) as unknown as Rgb;
    if (grounds.every((ground) => contrast(mixed, ground) >= least)) return mixed;
  }
  return target;
}

export interface Accent {
  /** The channel's colour itself, and what is written on it. */
  fill: string;
  onFill: string;
  /** The colour as text, on all that is light and all that is dark: at least 4.5:1. */
  textLight: string;
  textDark: string;
}

/** The product's accent when the channel gives none, or one that cannot be read. */
export function accentOf(color: string | undefined): Accent {
  const fill = parseHex(color);
  if (!fill) return { ...fillOf(color), textLight: '#1a5fd0', textDark: '#78a9ff' };
  return {
    ...fillOf(color),
    textLight: hex(towards(fill, black, lightGrounds, 4.6)),
    textDark: hex(towards(fill, white, darkGrounds, 4.6)),
  };
}

/** Sets the accent on the host element, where the page may override it by --usher-* properties. */
export function applyAccent(element: HTMLElement, color: string | undefined): void {
  const { textLight, textDark } = accentOf(color);
  applyFill(element, color);
  element.style.setProperty('--usher-i-text-light', textLight);
  element.style.setProperty('--usher-i-text-dark', textDark);
}
