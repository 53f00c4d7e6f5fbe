/**
 * Every screen in light and dark, wide and narrow: no violation that axe finds, no sideways scroll.
 * With USHER_SHOTS set to a folder the pictures are left there to be looked at.
 */
import { join as path } from 'node:path';
import { axeViolations, type Look, scrollsSideways, serverGone } from '@usher/testing/browser';
import type { Desk } from '@usher/testing/desk';
import { signIn, until, visit } from '@usher/testing/people';
import { closedUntil, type Settings, sample } from '@usher/testing/settings';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { makeLink, routing } from './routing-world.ts';
import { hired, hosted, join, onDesk, say, seen, shop, visitor } from './world.ts';

const sizes: Look[] = [
  { width: 1440, height: 900 },
  { width: 768, height: 1024 },
  { width: 320, height: 640 },
];
const looks: (Look & { name: string })[] = sizes.flatMap((size) =>
  [false, true].map((dark) => ({
    ...size,
    dark,
    name: `${size.width}-${dark ? 'dark' : 'light'}`,
  })),
);

/** Looks at a page as it is in each size and both themes, without loading it again. */
async function inspect(page: Page, name: string): Promise<void> {
  for (const look of looks) {
    await page.setViewportSize({ width: look.width ?? 0, height: look.height ?? 0 });
    await page.emulateMedia({ colorScheme: look.dark ? 'dark' : 'light' });
    if (process.env.USHER_SHOTS) {
      await page.screenshot({ path: path(process.env.USHER_SHOTS, `${name}-${look.name}.png`) });
    }
    const wrong = await axeViolations(page);
    if (await scrollsSideways(page)) wrong.push('scrolls sideways');
    if (wrong.length > 0) throw new Error(`${name} ${look.name}:\n${wrong.join('\n')}`);
  }
}

const long =
  'I ordered on 3 November and the page still says that it is being packed. The number is AC-20261103-4471, and here is what I see: https://www.acme.example/orders/AC-20261103-4471/status?from=mail';

async function served(desk: Desk, page: Page) {
  const ana = hired(await signIn(desk, 'ana'));
  await join(page, 'Maria', 'Where is my parcel?');
  await until(ana, ({ state }) => state.waiting.size === 1);
  const { conversation: id = '' } = await ana.ask({ type: 'pick' });
  ana.say('Hello Maria, this is Ana. I will look it up.', id);
  await seen(page.getByText('I will look it up'));
  await say(page, long);
  await until(ana, ({ state }) => (state.messages.get(id) ?? []).length === 3);
  ana.say('Thank you. It leaves our warehouse today.', id);
  ana.say('You will have it on Tuesday.', id);
  await seen(page.getByText('on Tuesday'));
  return { ana, id };
}

const closed: Settings = sample({
  queue: { schedule: 'hours' },
  schedules: [closedUntil(new Date(), 3, 'Europe/Helsinki')],
  channel: {
    unavailable: {
      action: 'Message',
      message: 'Write to help@acme.example.\nWe answer within a day.',
    },
  },
});

describe('the desk’s own page', () => {
  it('closed', () =>
    onDesk(closed, async (desk) => {
      const page = await hosted(desk);
      await seen(page.getByText(/^Closed\. Opens/));
      await inspect(page, 'page-closed');
    }));

  it('not offered', () =>
    onDesk(sample({ queue: { whenBusy: { offer: 'Nothing' } } }), async (desk) => {
      const page = await hosted(desk);
      await seen(page.getByText('Nobody is here just now'));
      await inspect(page, 'page-offline');
    }));

  it('form, waiting, the question before leaving, left', () =>
    onDesk(sample(), async (desk) => {
      for (let i = 0; i < 3; i++) {
        const other = hired(await visit(desk, 'web'));
        await other.ask({ type: 'join', name: `Customer ${i}` });
      }
      const page = await hosted(desk, {}, serverGone);
      await seen(page.getByText('3 people are waiting', { exact: false }));
      await inspect(page, 'page-form');

      await join(page, 'Maria', 'Where is my parcel?');
      await seen(page.getByText('You are number 4 in the queue.'));
      await inspect(page, 'page-waiting');
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await inspect(page, 'page-leaving');
      await page.getByRole('button', { name: 'Stay' }).click();
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await seen(page.getByRole('heading', { name: 'You left the queue' }));
      await inspect(page, 'page-left');
    }));

  it(
    'served, over a lost connection, ended',
    () =>
      onDesk(sample(), async (desk) => {
        const page = await hosted(desk, {}, serverGone);
        const { ana, id } = await served(desk, page);
        ana.typing(id);
        await seen(page.getByText('is writing'));
        await inspect(page, 'page-chat');
        await page.getByRole('textbox', { name: 'Message' }).fill('x'.repeat(3990));
        await inspect(page, 'page-counter');
        await page.getByRole('textbox', { name: 'Message' }).fill('');
        await desk.kill();
        await say(page, 'Can I have it on Monday?');
        await seen(page.getByText(/Connection lost at/));
        await inspect(page, 'page-lost');
        await desk.restart();
        await until(
          ana,
          ({ state }) => state.messages.get(id)?.at(-1)?.text.includes('Monday') ?? false,
          60_000,
        );
        await ana.ask({ type: 'end', conversation: id });
        await seen(page.getByText('Ana Silva ended the chat.'));
        await inspect(page, 'page-ended');
      }),
    240_000,
  );

  it('of a channel that is not there says so', () =>
    onDesk(sample(), async (desk) => {
      const page = await visitor({}, [/404/]);
      await page.goto(`${desk.url}/w/nothing`);
      await seen(page.getByText('There is no chat at this address.'));
      await inspect(page, 'page-missing');
    }));
});

/** A plain page that shows the widget as most sites would. */
async function plainShop(desk: Desk) {
  const { Site } = await import('@usher/testing/site');
  const text = '<p>Warm socks, hats and mittens from the far north, knitted by hand.</p>'.repeat(6);
  return Site.start((address) =>
    address === '/'
      ? {
          type: 'text/html',
          body: `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Shop</title><link rel="icon" href="data:,"><body><main><h1>Shop</h1>${text}</main><script src="${desk.url}/widget/loader.js" data-channel="web"></script></body></html>`,
        }
      : undefined,
  );
}

describe('the widget on a page', () => {
  it('launcher, form, served, in the channel’s colour', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'], accentColor: '#0f766e' } }), async (desk) => {
      const site = await plainShop(desk);
      try {
        const page = await visitor();
        await page.goto(site.url);
        await seen(page.getByRole('button', { name: 'Open chat' }));
        await inspect(page, 'widget-launcher');
        await page.getByRole('button', { name: 'Open chat' }).click();
        await seen(page.getByRole('dialog'));
        await inspect(page, 'widget-form');
        await served(desk, page);
        await inspect(page, 'widget-chat');
      } finally {
        await site.stop();
      }
    }));

  it('a light colour gets dark writing', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'], accentColor: '#ffd400' } }), async (desk) => {
      const site = await plainShop(desk);
      try {
        const page = await visitor();
        await page.goto(site.url);
        await page.getByRole('button', { name: 'Open chat' }).click();
        await seen(page.getByRole('dialog'));
        await inspect(page, 'widget-yellow');
      } finally {
        await site.stop();
      }
    }));

  it('stands on a hostile page as on any other', () =>
    onDesk(sample({ channel: { allowedOrigins: ['*'] } }), async (desk) => {
      const site = await shop(desk);
      try {
        const page = await visitor();
        await page.goto(site.url);
        await page.getByRole('button', { name: 'Open chat' }).click();
        await seen(page.getByRole('dialog'));
        if (process.env.USHER_SHOTS) {
          await page.screenshot({ path: path(process.env.USHER_SHOTS, 'hostile.png') });
        }
        // Only what is ours is judged: the page itself is meant to be bad.
        const target = await page.getByRole('button', { name: 'Open chat' }).count();
        expect(target).toBe(0);
        const send = page.getByRole('button', { name: 'Start chat' });
        const box = await send.boundingBox();
        expect(box?.height ?? 0).toBeGreaterThanOrEqual(44);
        await send.click();
        await seen(page.getByRole('heading', { name: 'You are next.' }));
      } finally {
        await site.stop();
      }
    }));
});

describe('400 % zoom of a small window', () => {
  it('leaves everything within reach', () =>
    onDesk(sample(), async (desk) => {
      // 1280 x 1024 at 400 % is 320 x 256 CSS pixels.
      const page = await hosted(desk, { width: 320, height: 256 });
      await join(page, 'Maria', 'Small');
      const field = page.getByRole('textbox', { name: 'Message' });
      await field.scrollIntoViewIfNeeded();
      await field.fill('fits');
      await page.getByRole('button', { name: 'Send' }).click();
      await seen(page.getByRole('log').getByText('fits'));
      expect(await scrollsSideways(page)).toBe(false);
      if (process.env.USHER_SHOTS) {
        await page.screenshot({ path: path(process.env.USHER_SHOTS, 'zoom.png') });
      }
    }));
});

describe('other languages', () => {
  it.each([
    ['fi-FI', 'Aloita chat', 'Olet seuraavana vuorossa.'],
    ['pt-BR', 'Iniciar chat', 'Você é o próximo.'],
  ])('%s', (locale, start, next) =>
    onDesk(sample(), async (desk) => {
      const page = await hosted(desk, { locale });
      await page.getByRole('button', { name: start }).click();
      await seen(page.getByRole('heading', { name: next }));
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(locale.slice(0, 2));
    }),
  );
});

describe('routing', () => {
  it('contact form with what is missing, on its way, arrived', () =>
    onDesk(
      routing({
        closed: true,
        channel: {
          issueQueues: [],
          unavailable: { action: 'ContactForm', message: 'We answer within a day.' },
        },
      }),
      async (desk) => {
        const page = await hosted(desk, {}, serverGone);
        await seen(page.getByRole('button', { name: 'Send message' }));
        await inspect(page, 'contact-form');
        await page.getByLabel('E-mail').fill('maria@acme');
        await page.getByRole('button', { name: 'Send message' }).click();
        await seen(page.getByText(/not a whole e-mail address/));
        await inspect(page, 'contact-problems');
        await page.getByLabel('Your name').fill('Maria');
        await page.getByLabel('E-mail').fill('maria@acme.example');
        await page.getByLabel('Your message').fill(long);
        await desk.kill();
        await page.getByRole('button', { name: 'Send message' }).click();
        await seen(page.getByText(/There is no connection just now/));
        await inspect(page, 'contact-waiting');
        await desk.restart();
        await seen(page.getByRole('heading', { name: 'We got your message' }), 60_000);
        await inspect(page, 'contact-got');
      },
    ));

  it('form with issues and agents, how to be reached, and a key', () =>
    onDesk(routing(), async (desk) => {
      hired(await signIn(desk, 'ana'));
      const page = await hosted(desk);
      await seen(page.getByLabel('Who would you like to talk to?'));
      await inspect(page, 'start-choices');
      await page.getByText('E-mail or phone (optional)').click();
      await page.getByLabel('Phone').fill('call me');
      await page.getByRole('button', { name: 'Start chat' }).click();
      await seen(page.getByText(/Write the number in digits/));
      await inspect(page, 'start-reach');
      await page.getByRole('button', { name: 'I have a session key' }).click();
      await page.getByLabel('Phone').fill('');
      await page.getByLabel('Session key').fill('1234567');
      await page.getByRole('button', { name: 'Start chat' }).click();
      await seen(page.getByText(/This key is not valid/));
      await inspect(page, 'start-key');
    }));

  it('a link that leads somewhere, and one that does not', () =>
    onDesk(routing(), async (desk) => {
      const to = { kind: 'agent', name: 'ana' } as const;
      const expires = Date.now() + 3_600_000;
      const { url } = await makeLink(desk, 'ana', { channel: 'web', to, expires });
      const page = await visitor();
      await page.goto(url);
      await seen(page.getByText('Ana Silva is not available right now.'));
      await inspect(page, 'link-away');
      hired(await signIn(desk, 'ana'));
      await seen(page.getByText('You will talk to Ana Silva.'));
      await inspect(page, 'link');
    }));

  it('two agents, handed on, left, and emoji', () =>
    onDesk(routing(), async (desk) => {
      const [ana, jonas] = await Promise.all(
        ['ana', 'jonas'].map(async (name) => hired(await signIn(desk, name))),
      );
      if (!ana || !jonas) throw new Error('nobody signed in');
      const page = await hosted(desk);
      await join(page, 'Maria', 'Where is my parcel?');
      await until(ana, ({ state }) => state.waiting.size === 1);
      const { conversation = '' } = await ana.ask({ type: 'pick' });
      await ana.ask({ type: 'invite', conversation, to: { kind: 'agent', name: 'jonas' } });
      await until(jonas, ({ state }) => state.invitations.size === 1);
      await jonas.ask({ type: 'enter', conversation });
      ana.say('Jonas knows more about parcels.', conversation);
      await until(jonas, ({ state }) => state.messages.get(conversation)?.length === 2);
      jonas.say('It is in Turku, and with you tomorrow.', conversation);
      await seen(page.getByText('with you tomorrow'));
      await inspect(page, 'two-agents');
      await page.getByRole('button', { name: 'Emoji' }).click();
      await seen(page.getByRole('group', { name: 'Emoji' }).getByRole('button'));
      await inspect(page, 'emoji');
      await page.keyboard.press('Escape');
      await ana.ask({ type: 'transfer', conversation, to: { kind: 'queue', name: 'billing' } });
      await seen(page.getByText('Ana Silva handed you on to Billing.'));
      await inspect(page, 'handed');
    }));

  it('left behind', () =>
    onDesk(routing(), async (desk) => {
      const page = await hosted(desk);
      await join(page, 'Maria', 'Where is my parcel?');
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await seen(page.getByRole('heading', { name: 'You left the queue' }));
      await inspect(page, 'inactive');
    }));

  it('in the corner of a page', () =>
    onDesk(routing({ channel: { accentColor: '#0f766e' } }), async (desk) => {
      hired(await signIn(desk, 'ana'));
      const site = await plainShop(desk);
      try {
        const page = await visitor();
        await page.goto(site.url);
        await page.getByRole('button', { name: 'Open chat' }).click();
        await seen(page.getByLabel('What is it about?'));
        await inspect(page, 'corner-choices');
      } finally {
        await site.stop();
      }
    }));
});
