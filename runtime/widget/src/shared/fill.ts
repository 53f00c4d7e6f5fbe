/** The channel's colour and what is written on it: all that the launcher needs. */

export type Rgb = readonly [number, number, number];

/** Reads #rrggbb; undefined for anything else. */
export function parseHex(text: string | undefined): Rgb | undefined {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text ?? '');
  if (!found) return undefined;
  return [1, 2, 3].map((i) => Number.parseInt(found[i] ?? '0', 16)) as unknown as Rgb;
}

/** Of WCAG 2: 0 black, 1 white. */
export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((part) => {
    const x = part / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Up to here white reads on it with 4.5:1; above, black reads better. */
const whiteUpTo = 1.05 / 4.5 - 0.05;

/** White on the product's own colour when the channel gives none, or one that cannot be read. */
export function fillOf(color: string | undefined): { fill: string; onFill: string } {
  const fill = parseHex(color);
  if (!fill || !color) return { fill: '#1a5fd0', onFill: '#ffffff' };
  return {
    fill: color.toLowerCase(),
    onFill: luminance(fill) <= whiteUpTo ? '#ffffff' : '#000000',
  };
}

/** Sets them on the host element, where the page may override them by --usher-* properties. */
export function applyFill(element: HTMLElement, color: string | undefined): void {
  const { fill, onFill } = fillOf(color);
  element.style.setProperty('--usher-i-fill', fill);
  element.style.setProperty('--usher-i-on-fill', onFill);
}
