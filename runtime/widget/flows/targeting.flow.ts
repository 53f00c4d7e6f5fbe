/** Targeting rules on a page of another origin: when the launcher appears, and what it costs. */
import { signIn } from '@usher/testing/people';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { longShop, routing } from './routing-world.ts';
import { hired, join, onDesk, seen, shop, unseen, visitor } from './world.ts';

interface Rule {
  type: string;
  [field: string]: unknown;
}

const launcher = (page: Page) => page.getByRole('button', { name: 'Open chat' });

/** A shop with the widget, whose channel has these rules; the page has looked at them already. */
async function onShop(
  targeting: Rule[],
  flow: (page: Page, url: string, requests: string[]) => Promise<void>,
  options: { script?: string; more?: string; path?: string; queue?: object } = {},
): Promise<void> {
  await onDesk(routing({ channel: { targeting }, queue: { ...options.queue } }), async (desk) => {
    const site = await longShop(desk, options.more, options.script);
    try {
      const page = await visitor();
      const requests: string[] = [];
      page.on('request', (request) => {
        if (request.url().startsWith(desk.url)) requests.push(new URL(request.url()).pathname);
      });
      await page.goto(site.url + (options.path ?? '/'));
      // The rules' script is there; what follows from it is done in the same turn.
      await page.waitForFunction(() => 'usher.rules' in window);
      await flow(page, site.url, requests);
    } finally {
      await site.stop();
    }
  });
}

/** Settled: the rules were asked, and did not hold. */
async function hidden(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done(null))));
  expect(await launcher(page).count()).toBe(0);
}

describe('the launcher', () => {
  it('of a channel with rules costs one small script more, and nothing else leaves the page', () =>
    onShop([{ type: 'ScrollDepth', atLeast: 60 }], async (page, _, requests) => {
      await hidden(page);
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
      await seen(launcher(page));
      expect(requests).toHaveLength(3);
      expect(requests.slice(0, 2)).toEqual(['/widget/loader.js', '/v1/channels/web']);
      expect(requests[2]).toMatch(/^\/widget\/assets\/rules-[0-9a-f]{12}\.js$/);
      const stored = await page.evaluate(() => localStorage.length + sessionStorage.length);
      expect(stored).toBe(0);
    }));

  it('waits for its time', () =>
    onShop([{ type: 'TimeOnPage', atLeast: 3 }], async (page) => {
      // A slow machine may look when the time is over already: what is there is not there before it.
      const seconds = () => page.evaluate(() => performance.now() / 1_000);
      const there = await launcher(page).count();
      expect(there === 0 || (await seconds()) >= 3).toBe(true);
      await seen(launcher(page));
      expect(await seconds()).toBeGreaterThanOrEqual(3);
    }));

  it('follows the address, also of a page that changes it without loading', () =>
    onShop([{ type: 'PagePattern', pattern: '*/cart*' }], async (page) => {
      await hidden(page);
      await page.evaluate(() => history.pushState(null, '', '/cart?size=4'));
      await seen(launcher(page));
      await page.evaluate(() => history.pushState(null, '', '/socks'));
      await unseen(launcher(page));
      await page.goBack();
      await seen(launcher(page));
    }));

  it('comes with the second page, and the visitor stays known to this browser alone', () =>
    onShop([{ type: 'PagesSeen', atLeast: 2 }], async (page, url) => {
      await hidden(page);
      await page.goto(`${url}/next`);
      await seen(launcher(page));
      const stored = await page.evaluate(() => Object.keys(localStorage));
      expect(stored).toHaveLength(1);
      expect(stored[0]).toMatch(/^usher\.visitor\./);
    }));

  it('comes when the pointer leaves the page at its top', () =>
    onShop([{ type: 'ExitIntent' }], async (page) => {
      await page.mouse.move(300, 200);
      await hidden(page);
      await page.evaluate(() =>
        document.documentElement.dispatchEvent(
          new MouseEvent('mouseout', { bubbles: true, clientY: -3, relatedTarget: null }),
        ),
      );
      await seen(launcher(page));
    }));

  it('comes for what the page says of its visitor, in the tag or later', () =>
    onShop(
      [
        { type: 'Attribute', attribute: 'plan', values: ['gold'] },
        { type: 'Attribute', attribute: 'Cart', values: ['full'] },
      ],
      async (page) => {
        await hidden(page);
        await page.evaluate(() =>
          (window as unknown as { usher(what: string, more: object): void }).usher('set', {
            cart: 'full',
          }),
        );
        await seen(launcher(page));
      },
      { script: 'data-attribute-plan="gold"' },
    ));

  it('needs all rules', () =>
    onShop(
      [
        { type: 'Language', languages: ['en'] },
        { type: 'Referrer', pattern: 'https://search.example/*' },
      ],
      async (page) => {
        await hidden(page);
      },
    ));

  it('comes for a share of the visitors, for ever the same ones', () =>
    onShop([{ type: 'VisitorShare', atLeast: 100 }], async (page, url) => {
      await seen(launcher(page));
      const id = () => page.evaluate(() => JSON.stringify(Object.values(localStorage)));
      const before = JSON.parse(JSON.parse(await id())[0]).id;
      await page.goto(`${url}/next`);
      await seen(launcher(page));
      expect(JSON.parse(JSON.parse(await id())[0]).id).toBe(before);
    }));

  it('is bound to the rules also while the line is all that is offered', () =>
    onShop(
      [{ type: 'ScrollDepth', atLeast: 60 }],
      async (page) => {
        await hidden(page);
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
        await seen(launcher(page));
        await launcher(page).click();
        await seen(page.getByText('No agent is free just now.', { exact: false }));
      },
      { queue: { whenBusy: { offer: 'Queue' } } },
    ));
});

describe('a page whose policy allows the desk and nothing else', () => {
  it('gets rules and emoji all the same', () =>
    onDesk(
      routing({ channel: { targeting: [{ type: 'ScrollDepth', atLeast: 1 }] } }),
      async (desk) => {
        const site = await shop(desk);
        try {
          const page = await visitor();
          await page.goto(site.url);
          await seen(launcher(page));
          await launcher(page).click();
          await join(page, 'Maria', 'Hello');
          await page.getByRole('button', { name: 'Emoji' }).click();
          const grid = page.getByRole('group', { name: 'Emoji' });
          await grid.getByRole('button').nth(8).click();
          const field = page.getByRole('textbox', { name: 'Message' });
          expect(await field.inputValue()).toMatch(/^\p{Emoji}/u);
        } finally {
          await site.stop();
        }
      },
    ));
});

describe('a conversation', () => {
  it('is shown on pages that the rules do not name', () =>
    onShop(
      [{ type: 'PagePattern', pattern: '*/cart*' }],
      async (page, url) => {
        await seen(launcher(page));
        await launcher(page).click();
        await join(page, 'Maria', 'Hello');
        await seen(page.getByRole('heading', { name: 'You are next.' }));
        await page.goto(`${url}/socks`);
        await seen(page.getByRole('dialog').getByText('Hello'));
        await page.getByRole('dialog').getByRole('button', { name: 'Minimise chat' }).click();
        await seen(launcher(page));
      },
      { path: '/cart' },
    ));

  it('is begun by a button of the page whatever the rules say', () =>
    onShop(
      [{ type: 'PagePattern', pattern: '*/cart*' }],
      async (page) => {
        await hidden(page);
        await page.getByRole('button', { name: 'Help' }).click();
        await seen(page.getByRole('dialog'));
        await page.keyboard.press('Escape');
        await unseen(page.getByRole('dialog'));
        expect(await launcher(page).count()).toBe(0);
      },
      { more: '<button data-usher-open>Help</button>' },
    ));
});

describe('what the desk changes', () => {
  it('reaches an open widget at once: closed with a form, and open again', () =>
    onDesk(
      routing({
        channel: {
          issueQueues: [],
          unavailable: { action: 'Message', closed: { action: 'ContactForm' } },
        },
      }),
      async (desk) => {
        const site = await longShop(desk);
        try {
          const page = await visitor();
          await page.goto(site.url);
          await launcher(page).click();
          await seen(page.getByRole('button', { name: 'Start chat' }));
          const ana = hired(await signIn(desk, 'ana'));
          const times: number[] = [];
          const within = async (change: () => Promise<unknown>, button: string) => {
            await change();
            const at = Date.now();
            await seen(page.getByRole('button', { name: button }));
            times.push(Date.now() - at);
          };
          await within(() => ana.ask({ type: 'close', queue: 'support' }), 'Send message');
          await within(() => ana.ask({ type: 'auto', queue: 'support' }), 'Start chat');
          console.log(`seen after ${times.join(' and ')} ms`);
        } finally {
          await site.stop();
        }
      },
    ));
});
