/** The widget on a page of another origin, with a style and a policy that are against it. */
import { signIn, until } from '@usher/testing/people';
import { closedUntil, sample } from '@usher/testing/settings';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hired, join, onDesk, say, seen, shop, unseen, visitor } from './world.ts';

type Heard = [string, unknown][];
const heard = (page: Page) => page.evaluate(() => (window as unknown as { heard: Heard }).heard);
const names = async (page: Page) => (await heard(page)).map(([name]) => name);

describe('on a page of another origin', () => {
  it('costs two requests before the click, and no socket', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'] } }), async (desk) => {
      const site = await shop(desk);
      try {
        const page = await visitor();
        const requests: string[] = [];
        let sockets = 0;
        page.on('request', (request) => {
          if (request.url().startsWith(desk.url)) requests.push(new URL(request.url()).pathname);
        });
        page.on('websocket', () => {
          sockets += 1;
        });
        await page.goto(site.url);
        const launcher = page.getByRole('button', { name: 'Open chat' });
        await seen(launcher);
        expect(requests).toEqual(['/widget/loader.js', '/v1/channels/web']);
        expect(sockets).toBe(0);
        await launcher.click();
        await seen(page.getByRole('dialog', { name: 'Customer service' }));
        await expect.poll(() => sockets).toBe(1);
      } finally {
        await site.stop();
      }
    }));

  it('the chat works from join to end, untouched by the page’s style, and tells the page', () =>
    onDesk(sample(), async (desk) => {
      const site = await shop(desk);
      try {
        await desk.apply(sample({ channel: { allowedOrigins: [site.url] } }));
        const page = await visitor();
        await expect
          .poll(
            async () =>
              (await fetch(`${desk.url}/v1/channels/web`, { headers: { Origin: site.url } }))
                .status,
          )
          .toBe(200);
        await page.goto(site.url);
        await page.getByRole('button', { name: 'Open chat' }).click();
        const dialog = page.getByRole('dialog');
        await seen(dialog);
        const looks = await dialog.evaluate((element) => {
          const { fontSize, textTransform, letterSpacing, position } = getComputedStyle(element);
          const host = (element.getRootNode() as ShadowRoot).host;
          const { opacity, transform, filter } = getComputedStyle(host);
          return { fontSize, textTransform, letterSpacing, position, opacity, transform, filter };
        });
        expect(looks).toEqual({
          fontSize: '16px',
          textTransform: 'none',
          letterSpacing: 'normal',
          position: 'fixed',
          opacity: '1',
          transform: 'none',
          filter: 'none',
        });
        const ana = hired(await signIn(desk, 'ana'));
        await join(page, 'Maria', 'Hello from the shop');
        await until(ana, ({ state }) => [...state.waiting.values()][0]?.page === `${site.url}/`);
        const { conversation = '' } = await ana.ask({ type: 'pick' });
        await seen(page.getByRole('heading', { name: 'You are talking with Ana Silva.' }));

        await page.keyboard.press('Escape');
        await unseen(dialog);
        ana.say('Are you there?', conversation);
        await seen(page.getByRole('button', { name: 'Open chat, 1 unread messages' }));
        await page.evaluate(() =>
          (window as unknown as { usher(what: string): void }).usher('open'),
        );
        await seen(page.getByRole('log').getByText('Are you there?'));
        await seen(page.getByRole('button', { name: 'Minimise chat' }));
        await say(page, 'Yes');
        await until(ana, ({ state }) => state.messages.get(conversation)?.at(-1)?.text === 'Yes');
        await ana.ask({ type: 'end', conversation });
        await seen(page.getByText('Ana Silva ended the chat.'));
        await expect
          .poll(() => names(page))
          .toEqual([
            'ready',
            'opened',
            'queued',
            'place',
            'accepted',
            'closed',
            'message',
            'opened',
            'ended',
          ]);
      } finally {
        await site.stop();
      }
    }));

  it('a conversation goes on over a page load, with its panel as it was', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'] } }), async (desk) => {
      const site = await shop(desk);
      try {
        const page = await visitor();
        await page.goto(site.url);
        await page.getByRole('button', { name: 'Open chat' }).click();
        await join(page, '', 'first page');
        await seen(page.getByRole('heading', { name: 'You are next.' }));
        await page.goto(`${site.url}/?another`);
        await seen(page.getByRole('dialog').getByText('first page'));
        await page.getByRole('dialog').getByRole('button', { name: 'Minimise chat' }).click();
        await page.goto(`${site.url}/?third`);
        await seen(page.getByRole('button', { name: 'Open chat' }));
        expect(await page.getByRole('dialog').count()).toBe(0);
      } finally {
        await site.stop();
      }
    }));

  it('whose origin is not allowed shows nothing and says why in the console', () =>
    onDesk(sample({ channel: { allowedOrigins: ['https://www.acme.example'] } }), async (desk) => {
      const site = await shop(desk);
      try {
        const page = await visitor({}, [/CORS policy/, /ERR_FAILED/, /403/]);
        const warned = page.waitForEvent('console', (message) =>
          message.text().startsWith('usher:'),
        );
        await page.goto(site.url);
        expect((await warned).text()).toContain('is not available to this page');
        expect(await page.getByRole('button', { name: 'Open chat' }).count()).toBe(0);
      } finally {
        await site.stop();
      }
    }));

  it('a channel that hides while it is not offered shows no launcher until it is', () =>
    onDesk(
      sample({
        channel: { allowedOrigins: ['*'], unavailable: { action: 'Hide' } },
        queue: { schedule: 'hours' },
        schedules: [closedUntil(new Date(), 3, 'Europe/Helsinki')],
      }),
      async (desk) => {
        const site = await shop(desk);
        try {
          const page = await visitor();
          await page.goto(site.url);
          await expect.poll(() => names(page)).toEqual(['ready']);
          expect(await page.getByRole('button', { name: 'Open chat' }).count()).toBe(0);
          const ana = hired(await signIn(desk, 'ana'));
          await ana.ask({ type: 'open', queue: 'support' });
          await page.reload();
          await seen(page.getByRole('button', { name: 'Open chat' }));
        } finally {
          await site.stop();
        }
      },
    ));
});
