/** Everything by the keyboard alone, from the launcher to the end. */
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hired, onDesk, seen, shop, unseen, visitor } from './world.ts';

/** The accessible name or label of what has the focus, also inside the shadow root. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    const label = (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
    return (element?.getAttribute('aria-label') ?? label ?? element?.textContent ?? '').trim();
  });
}

async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let i = 0; i < 12; i++) {
    const now = await focused(page);
    if (now.startsWith(name)) return;
    passed.push(now);
    await page.keyboard.press(key);
  }
  throw new Error(`"${name}" is not reached by ${key}; passed ${JSON.stringify(passed)}`);
}

describe('by the keyboard alone', () => {
  it('one opens, joins, writes, minimises, comes back, ends and starts again', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'] } }), async (desk) => {
      const site = await shop(desk);
      try {
        const page = await visitor();
        await page.goto(site.url);
        await seen(page.getByRole('button', { name: 'Open chat' }));
        await tabTo(page, 'Open chat');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('Your name (optional)');
        await page.keyboard.type('Maria');
        await tabTo(page, 'How can we help?');
        await page.keyboard.type('By keys');
        await tabTo(page, 'Start chat');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('Message');

        const ana = hired(await signIn(desk, 'ana'));
        await until(ana, ({ state }) => state.waiting.size === 1);
        await page.keyboard.type('while it is accepted ');
        const { conversation = '' } = await ana.ask({ type: 'pick' });
        await seen(page.getByRole('heading', { name: 'You are talking with Ana Silva.' }));
        await page.keyboard.type('the focus stays');
        await page.keyboard.press('Enter');
        await until(
          ana,
          ({ state }) =>
            state.messages.get(conversation)?.at(-1)?.text ===
            'while it is accepted the focus stays',
        );

        await page.keyboard.press('Escape');
        await unseen(page.getByRole('dialog'));
        await expect.poll(() => focused(page)).toBe('Open chat');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('Message');

        await tabTo(page, 'End chat', 'Shift+Tab');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('Keep going');
        await page.keyboard.press('Escape');
        await expect.poll(() => focused(page)).toBe('End chat');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('Keep going');
        await page.keyboard.press('Shift+Tab');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('The chat is over');
        await tabTo(page, 'Start a new chat');
        await page.keyboard.press('Enter');
        await expect.poll(() => focused(page)).toBe('Your name (optional)');
      } finally {
        await site.stop();
      }
    }));

  it('where the panel covers the view, Tab stays in it and Escape leaves it', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'] } }), async (desk) => {
      const site = await shop(desk);
      try {
        const page = await visitor({ width: 320, height: 640 });
        await page.goto(site.url);
        await page.getByRole('button', { name: 'Open chat' }).click();
        await expect.poll(() => focused(page)).toBe('Your name (optional)');
        const names: string[] = [];
        for (let i = 0; i < 8; i++) {
          names.push(await focused(page));
          await page.keyboard.press('Tab');
        }
        expect(new Set(names)).toEqual(
          new Set([
            'Your name (optional)',
            'How can we help? (optional)',
            'E-mail or phone (optional)',
            'I have a session key',
            'Start chat',
            'Minimise chat',
          ]),
        );
        await page.keyboard.press('Escape');
        await expect.poll(() => focused(page)).toBe('Open chat');
      } finally {
        await site.stop();
      }
    }));

  it('what can be pressed is at least 44 px', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'] } }), async (desk) => {
      const page = await visitor({ width: 320, height: 640, touch: true });
      await page.goto(`${desk.url}/w/web`);
      const small: string[] = [];
      const measure = async () => {
        for (const button of await page.getByRole('button').all()) {
          const box = await button.boundingBox();
          if (box && (box.width < 44 || box.height < 44)) {
            small.push(`${await button.textContent()} ${box.width} x ${box.height}`);
          }
        }
      };
      await seen(page.getByRole('button', { name: 'Start chat' }));
      await measure();
      await page.getByRole('button', { name: 'Start chat' }).click();
      await seen(page.getByRole('button', { name: 'Leave the queue' }));
      await measure();
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await measure();
      expect(small).toEqual([]);
    }));
});
