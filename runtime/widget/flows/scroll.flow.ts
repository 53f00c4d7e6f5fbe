/** Where the list of messages stands: at the end, or where a person has put it. */
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hired, hosted, join, onDesk, seen, unseen } from './world.ts';

/** How far the list is from its end, in pixels. */
function fromEnd(page: Page): Promise<number> {
  return page
    .getByRole('log')
    .evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
}

describe('the list of messages', () => {
  it('stays at its end in every size, and never moves under who reads further up', () =>
    onDesk(sample(), async (desk) => {
      const page = await hosted(desk);
      const ana = hired(await signIn(desk, 'ana'));
      await join(page, 'Maria', 'Hello');
      await until(ana, ({ state }) => state.waiting.size === 1);
      const { conversation = '' } = await ana.ask({ type: 'pick' });
      const line = 'Something long enough to need more than one line on a small screen';
      for (let i = 1; i <= 30; i++) ana.say(`${line} ${i}`, conversation);
      await seen(page.getByText(`${line} 30`));
      await expect.poll(() => fromEnd(page)).toBeLessThan(2);
      for (const [width, height] of [
        [768, 1024],
        [320, 640],
        [320, 360],
        [1440, 900],
      ] as const) {
        await page.setViewportSize({ width, height });
        await expect.poll(() => fromEnd(page)).toBeLessThan(2);
      }

      const log = page.getByRole('log');
      await log.hover();
      await page.mouse.wheel(0, -500);
      await expect.poll(() => fromEnd(page)).toBeGreaterThan(300);
      const before = await log.evaluate((element) => element.scrollTop);
      ana.say('one more', conversation);
      ana.say('and another', conversation);
      await seen(page.getByRole('button', { name: '2 new messages' }));
      expect(await log.evaluate((element) => element.scrollTop)).toBe(before);
      await page.getByRole('button', { name: '2 new messages' }).click();
      await expect.poll(() => fromEnd(page)).toBeLessThan(2);
      await unseen(page.getByRole('button', { name: '2 new messages' }));
    }));
});
