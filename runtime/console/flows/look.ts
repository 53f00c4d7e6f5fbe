/**
 * Every screen is looked at in both themes and three widths: no violation by axe, no sideways
 * scroll. USHER_PICTURES names a folder for pictures of them.
 */
import { mkdir } from 'node:fs/promises';
import { axeViolations, scrollsSideways } from '@usher/testing/browser';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const pictures = process.env.USHER_PICTURES;

export interface Size {
  width: number;
  height: number;
}

export const sizes: readonly Size[] = [1440, 768, 320].map((width) => ({
  width,
  height: width === 320 ? 640 : 900,
}));

/** Judges what is shown now, in both themes, and goes on when something is wrong with it. */
export async function check(page: Page, name: string, size: Size): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    const where = `${name} at ${size.width} ${theme}`;
    if (pictures) {
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: `${pictures}/${name}-${size.width}-${theme}.png` });
    }
    expect.soft(await axeViolations(page), where).toEqual([]);
    expect.soft(await scrollsSideways(page), where).toBe(false);
  }
}

/**
 * Goes to a screen and waits for its heading: by its address, as somebody who has a link, where the
 * page is widest, and else within the page, which costs no load.
 */
export async function visitScreen(
  page: Page,
  size: Size,
  url: string,
  name: string | RegExp,
): Promise<void> {
  if (size === sizes[0]) await page.goto(url);
  else await page.evaluate((to) => history.pushState(null, '', to), url);
  await page.getByRole('heading', { level: 1, name }).waitFor();
}
