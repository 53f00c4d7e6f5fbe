import { sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openConsole, waitInLine } from './console';

let browser: Browser;
let desk: Desk;

beforeAll(async () => {
  browser = await sharedBrowser();
});
beforeEach(async () => {
  desk = await Desk.start(sample({ queue: { manualSwitch: 'Admins' } }));
});
afterEach(async () => {
  await desk.stop();
});

test('a queue is closed by hand until a time and for a reason, and follows its schedule again', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  await waitInLine(desk, 'Maria Santos', 'Change of address');
  const { page } = ana;

  await page.getByRole('button', { name: 'Open or close' }).click();
  await page.getByRole('menuitem', { name: 'Close the queue…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Close Support' });
  await dialog.getByRole('radio', { name: /^For 30 minutes/ }).check({ force: true });
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('fire drill');
  await dialog.getByRole('button', { name: 'Close queue' }).click();
  await dialog.waitFor({ state: 'detached' });

  for (const each of [ana.page, jonas.page]) {
    await each.getByText(/^Closed by hand by .* until \d\d:\d\d: fire drill/).waitFor();
    // Who waits stays in line.
    await each.getByRole('row', { name: /Maria Santos/ }).waitFor();
    await each.getByRole('link', { name: /^Support Closed/ }).waitFor();
  }
  // Jonas is no admin of the team: he sees it and cannot change it.
  expect(await jonas.page.getByRole('button', { name: 'Open or close' }).count()).toBe(0);
  expect(await jonas.page.getByRole('button', { name: 'Follow the schedule' }).count()).toBe(0);

  await page.getByRole('link', { name: 'Activity' }).click();
  const log = page.getByRole('region', { name: 'Activity' });
  await log
    .getByText(/ closed the queue until \d\d:\d\d \(fire drill\)/)
    .first()
    .waitFor();
  await log.getByText('Maria Santos began to wait').waitFor();

  await page.getByRole('button', { name: 'Follow the schedule' }).click();
  await jonas.page.getByText(/^Closed by hand/).waitFor({ state: 'detached' });
  // The log follows while it is looked at.
  await log
    .getByText(/opened/)
    .first()
    .waitFor();
  expect(ana.errors).toEqual([]);
  expect(jonas.errors).toEqual([]);
});

test('a closed queue says when it opens, and is opened by hand', async () => {
  await desk.apply({
    ...sample({ queue: { schedule: 'hours' } }),
    schedules: [{ name: 'hours', timeZone: 'Europe/Helsinki', weekly: [], exceptions: [] }],
  });
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await page.getByText('Closed. Nobody is waiting.').waitFor();
  await page.getByRole('button', { name: 'Open or close' }).click();
  await page.getByRole('menuitem', { name: 'Open the queue…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Open Support' });
  await dialog.getByText('Until somebody changes it').click();
  await dialog.getByRole('button', { name: 'Open queue' }).click();
  await page.getByText('Nobody is waiting. You will hear a sound.').waitFor();
  await page.getByText(/^Opened by hand by .* until somebody changes it/).waitFor();
  expect(errors).toEqual([]);
});

test('a full queue says so', async () => {
  await desk.apply(
    sample({ queue: { whenBusy: { offer: 'Queue', capacity: { mode: 'Fixed', places: 1 } } } }),
  );
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await waitInLine(desk, 'Maria Santos');
  await page
    .getByText('1 of 1 place used. New customers are told that there is no place.')
    .waitFor();
  expect(errors).toEqual([]);
});

test('a queue that I do not serve is no blank page', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await page.goto(`${desk.url}/queue/secret`);
  await page.getByRole('heading', { level: 1, name: 'You cannot see the queue secret' }).waitFor();
  await page.goto(`${desk.url}/c/NOBODY`);
  await page
    .getByRole('heading', { level: 1, name: 'This conversation is not with you' })
    .waitFor();
  await page.goto(`${desk.url}/no/such/page`);
  await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
  expect(errors).toEqual([]);
});

test('the list is sorted by a header, and the sort is remembered', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  for (const name of ['Maria', 'Aino', 'Lars']) await waitInLine(desk, name);
  const names = () =>
    page
      .getByRole('grid')
      .getByRole('row')
      .evaluateAll((rows) =>
        rows.slice(1).map((row) => row.querySelector('.cell-customer')?.textContent),
      );
  await page.getByRole('row', { name: /Lars/ }).waitFor();
  await expect.poll(names).toEqual(['Maria', 'Aino', 'Lars']);
  await page.getByRole('button', { name: 'Customer', exact: true }).click();
  await expect.poll(names).toEqual(['Aino', 'Lars', 'Maria']);
  await page.reload();
  await page.getByRole('row', { name: /Lars/ }).waitFor();
  await expect.poll(names).toEqual(['Aino', 'Lars', 'Maria']);
  expect(await page.getByRole('columnheader', { name: 'Customer' }).getAttribute('aria-sort')).toBe(
    'ascending',
  );
  expect(errors).toEqual([]);
});

test('"next" from anywhere takes the first of all my queues', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await waitInLine(desk, 'Maria Santos');
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  await page.keyboard.press('n');
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  expect(errors).toEqual([]);
});

test('a limit that is reached is told', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await desk.apply(sample({ team: { maxConversations: 1 } }));
  const ana = await signIn(desk, 'ana');
  await waitInLine(desk, 'Maria');
  await waitInLine(desk, 'Lars');
  await ana.ask({ type: 'pick', queue: 'support' });
  await until(ana, ({ state }) => state.conversations.size === 1);
  await page.getByRole('button', { name: 'Accept Lars' }).click();
  await page
    .getByText('You have as many conversations as your limit allows. End one first.')
    .first()
    .waitFor();
  ana.stop();
  expect(errors).toEqual([]);
});
