/**
 * Every screen is looked at in both themes and three widths: no violation by axe, no sideways
 * scroll. USHER_PICTURES names a folder for pictures of them.
 */
import { mkdir } from 'node:fs/promises';
import { axeViolations, scrollsSideways } from '@usher/testing/browser';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const pictures = process.env.USHER_PICTURES;

export interface ScreenLook {
  width: number;
  height: number;
  dark: boolean;
}

export const looks: readonly ScreenLook[] = [1440, 768, 320].flatMap((width) =>
  [false, true].map((dark) => ({ width, height: width === 320 ? 640 : 900, dark })),
);

/** Judges what is shown now, and goes on when something is wrong with it. */
export async function check(page: Page, name: string, look: ScreenLook): Promise<void> {
  const where = `${name} at ${look.width} ${look.dark ? 'dark' : 'light'}`;
  if (pictures) {
    await mkdir(pictures, { recursive: true });
    await page.screenshot({
      path: `${pictures}/${name}-${look.width}-${look.dark ? 'dark' : 'light'}.png`,
    });
  }
  expect.soft(await axeViolations(page), where).toEqual([]);
  expect.soft(await scrollsSideways(page), where).toBe(false);
}
