import { newPage, scrollsSideways, sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conversationOf, openConsole, waitInLine } from './console';
import { check, sizes, visitScreen } from './look';

let browser: Browser;
let desk: Desk;

beforeAll(async () => {
  browser = await sharedBrowser();
  const queue = {
    name: 'invoices',
    generation: 1,
    displayName: 'Invoicing',
    teams: ['care'],
    whenBusy: {},
    thresholds: {},
  };
  desk = await Desk.start(
    sample({
      queue: { offerTimeoutSeconds: 300, thresholds: { customerLostSeconds: 3600 } },
      team: { maxConversations: 20 },
      queues: [
        queue,
        {
          ...queue,
          name: 'technical',
          displayName: 'Technical support',
          override: {
            state: 'Closed',
            reason: 'fire drill',
            by: 'jonas',
            until: new Date(Date.now() + 7_200_000).toISOString(),
          },
        },
      ],
    }),
  );
});
afterAll(async () => {
  await desk.stop();
});

test.each(sizes)('before signing in at $width, light and dark', async (size) => {
  const { page, errors } = await newPage(browser, size, [/status of 401/]);
  await page.goto(`${desk.url}/login`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await check(page, 'login', size);
  await page.goto(`${desk.url}/sign-in#token=nonsense`);
  await page.getByRole('heading', { level: 1, name: 'This link is not valid' }).waitFor();
  await check(page, 'link', size);
  expect(errors).toEqual([]);
});

describe('signed in', () => {
  beforeAll(async () => {
    const ana = await signIn(desk, 'ana');
    const maria = await waitInLine(
      desk,
      'Maria Santos',
      'Hello! I moved last week and my letters still go to the old address.',
    );
    const id = conversationOf(maria.view().state)?.id ?? '';
    await ana.ask({ type: 'pick', conversation: id });
    const texts = [
      'Hello Maria, I can change it now. What is the new street and postcode?',
      'And does it count for both contracts?',
    ];
    for (const text of texts) await ana.ask({ type: 'say', conversation: id, text });
    await maria.ask({ type: 'say', text: 'Rua das Flores 12, 4050-262 Porto.\nYes, both.' });
    const lars = await waitInLine(desk, 'Lars Holm', 'Cannot log in');
    await ana.ask({ type: 'pick', conversation: conversationOf(lars.view().state)?.id ?? '' });
    const ended = await waitInLine(desk, 'Zoë', 'Thank you');
    const endedId = conversationOf(ended.view().state)?.id ?? '';
    await ana.ask({ type: 'pick', conversation: endedId });
    for (const [name, text] of [
      ['Aino Virtanen', 'Invoice 20391 is wrong'],
      ['Chen Wei', 'Cancel my order'],
      ['Olena Koval', 'Password reset'],
      ['', 'Delivery is late'],
      ['João Lima', 'Refund'],
      ['Fatima Zahra', ''],
    ] as const) {
      await waitInLine(desk, name, text || undefined);
    }
    ana.stop();
  });

  test.each(sizes)('every screen at $width, light and dark', async (size) => {
    const { page, errors } = await openConsole(browser, desk, 'ana', size);
    const go = (path: string, name: string | RegExp) =>
      visitScreen(page, size, desk.url + path, name);
    await page.getByRole('row', { name: /Aino/ }).waitFor();
    await check(page, 'queue', size);
    await page.getByRole('row', { name: /Aino/ }).click();
    await page.getByText('Customer does not see that you look.').waitFor();
    await page
      .getByRole('region', { name: 'Preview' })
      .getByText('Invoice 20391 is wrong')
      .waitFor();
    await check(page, 'preview', size);
    await go('/queue/support/activity', 'Support');
    await page.getByText('Chen Wei began to wait').waitFor();
    await check(page, 'activity', size);
    await go('/queue/technical', 'Technical support');
    await page.getByText(/^Closed by hand by jonas until/).waitFor();
    await check(page, 'closed', size);
    await page.getByRole('button', { name: 'Open or close' }).click();
    await page.getByRole('menu').waitFor();
    await check(page, 'menu', size);
    await page.getByRole('menuitem', { name: 'Open the queue…' }).click();
    await page.getByRole('dialog').waitFor();
    await check(page, 'switch', size);
    await page.keyboard.press('Escape');
    await go('/queues', 'Queues');
    await page.getByRole('main').getByText('Technical support').waitFor();
    await check(page, 'queues', size);
    await go('/chats', 'My conversations');
    await page.getByRole('main').getByText('Lars Holm').waitFor();
    await check(page, 'chats', size);
    await page
      .getByRole('main')
      .getByRole('link', { name: /Maria Santos/ })
      .click();
    await page.getByText('Rua das Flores 12').waitFor();
    await page.getByRole('textbox').fill('A reply that is being written');
    await check(page, 'chat', size);
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByRole('alertdialog').waitFor();
    await check(page, 'end', size);
    await page.keyboard.press('Escape');
    await go('/settings', 'Settings');
    await check(page, 'settings', size);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await check(page, 'help', size);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Find' }).waitFor();
    await check(page, 'palette', size);
    await page.keyboard.press('Escape');
    await go('/queue/secret', /cannot see/);
    await check(page, 'noright', size);
    expect(errors).toEqual([]);
  });

  test.each(sizes)('an offer and an ended conversation at $width, light and dark', async (size) => {
    const { page, errors } = await openConsole(browser, desk, 'ana', size);
    const name = `Zoë ${size.width}`;
    await waitInLine(desk, name, 'A short question');
    await page.getByRole('button', { name: `Accept ${name}` }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'End' }).click();
    await page
      .getByRole('region', { name: 'Offers' })
      .getByText(/s left/)
      .waitFor();
    await page.getByText('You ended this conversation.').waitFor();
    await check(page, 'offer', size);
    await page
      .getByRole('region', { name: 'Offers' })
      .getByRole('button', { name: 'Refuse' })
      .click();
    await page.getByRole('region', { name: 'Offers' }).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
  });

  test('at 400 % everything can be reached and nothing scrolls sideways', async () => {
    // 1280 by 1024 at 400 % is 320 by 256 of the page's own pixels.
    const size = { width: 320, height: 256 };
    const { page, errors } = await openConsole(browser, desk, 'ana', size);
    for (const path of [
      '/queues',
      '/chats',
      '/settings',
      '/queue/support',
      '/queue/support/activity',
    ]) {
      await page.goto(desk.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect.soft(await scrollsSideways(page), path).toBe(false);
    }
    await page.goto(`${desk.url}/chats`);
    await page
      .getByRole('main')
      .getByRole('link', { name: /Maria Santos/ })
      .click();
    const field = page.getByRole('textbox', { name: 'Write to Maria Santos' });
    await field.scrollIntoViewIfNeeded();
    await field.fill('Written at 400 %');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('log').getByText('Written at 400 %').waitFor();
    await check(page, 'zoom', size);
    expect(errors).toEqual([]);
  });
});

test('a phone: queues, a customer, the conversation and back, in one pane', async () => {
  const size = { width: 320, height: 640, touch: true };
  const { page, errors } = await openConsole(browser, desk, 'mei', size);
  const bar = page.getByRole('navigation', { name: 'Console' });
  await waitInLine(desk, 'Paula', 'By phone');
  await bar.getByRole('link', { name: /Queues/ }).tap();
  await page
    .getByRole('main')
    .getByRole('link', { name: /Support/ })
    .tap();
  await page.getByRole('row', { name: /Paula/ }).tap();
  await page.getByRole('region', { name: 'Preview' }).getByRole('button', { name: 'Accept' }).tap();
  await page.getByRole('heading', { level: 1, name: 'Paula' }).waitFor();
  await page.getByRole('textbox', { name: 'Write to Paula' }).fill('Hello');
  await page.getByRole('button', { name: 'Send' }).tap();
  await page.getByRole('log').getByText('Hello').waitFor();
  await bar.getByRole('link', { name: /Chats/ }).tap();
  await page.getByRole('heading', { level: 1, name: 'My conversations' }).waitFor();
  await page.getByRole('main').getByText('Paula').waitFor();
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('a,button')].flatMap((el) => {
      const box = el.getBoundingClientRect();
      const seen = box.width > 1 && box.height > 1 && !el.classList.contains('skip');
      return seen && (box.width < 44 || box.height < 44)
        ? [`${el.textContent} ${box.width}x${box.height}`]
        : [];
    }),
  );
  expect(small).toEqual([]);
  expect(errors).toEqual([]);
});
