import { sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser, Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { conversationOf, openConsole, untilTexts, waitInLine } from './console';

let browser: Browser;
let desk: Desk;

beforeAll(async () => {
  browser = await sharedBrowser();
});
beforeEach(async () => {
  desk = await Desk.start(sample());
});
afterEach(async () => {
  await desk.stop();
});

const focused = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    return at?.getAttribute('aria-label') ?? at?.textContent ?? '';
  });

/** The composer takes the focus when the page has caught up, which may be after it is there. */
const writingTo = (page: Page, name: string) =>
  page
    .getByRole('textbox', { name: `Write to ${name}` })
    .and(page.locator(':focus'))
    .waitFor();

test('a whole service by keys alone: preview, accept, reply, end, next', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  const lars = await waitInLine(desk, 'Lars Holm', 'Cannot log in');
  await page.getByRole('row', { name: /Lars Holm/ }).waitFor();

  await page.keyboard.press('j');
  await expect.poll(() => focused(page)).toContain('Maria Santos');
  await page.keyboard.press('j');
  await expect.poll(() => focused(page)).toContain('Lars Holm');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await page.getByText('Customer does not see that you look.').waitFor();
  // The focus stays in the list, and the preview follows it.
  await page.keyboard.press('ArrowDown');
  await page
    .getByRole('region', { name: 'Preview' })
    .getByRole('heading', { name: 'Lars Holm' })
    .waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('region', { name: 'Preview' }).waitFor({ state: 'detached' });
  await page.keyboard.press('k');
  await page.keyboard.press('a');
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();

  // The composer has the focus; letters are text there.
  await writingTo(page, 'Maria Santos');
  await page.keyboard.type('neat, jk?');
  await page.keyboard.press('Control+Enter');
  await untilTexts(maria, ['Change of address', 'neat, jk?']);
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.getByRole('heading', { level: 1, name: 'Lars Holm' }).waitFor();
  await until(lars, ({ state }) => conversationOf(state)?.state === 'inService');

  await writingTo(page, 'Lars Holm');
  await page.keyboard.press('Escape');
  await page.keyboard.press('[');
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await writingTo(page, 'Maria Santos');
  await page.keyboard.press('Escape');
  await page.keyboard.press('2');
  await page.getByRole('heading', { level: 1, name: 'Lars Holm' }).waitFor();
  await writingTo(page, 'Lars Holm');
  await page.keyboard.press('Escape');
  await page.keyboard.press('e');
  await page.getByRole('alertdialog', { name: 'End the conversation with Lars Holm?' }).waitFor();
  await page.keyboard.press('Enter');
  await until(lars, ({ state }) => conversationOf(state)?.state === 'ended');
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });

  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.getByRole('heading', { level: 1, name: 'Queues' }).waitFor();
  expect(errors).toEqual([]);
});

test('the help lists the keys, and its switch turns single keys off', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await help.getByText('Accept the next customer').waitFor();
  await help.getByRole('switch', { name: 'Single keys act outside text fields' }).focus();
  await page.keyboard.press(' ');
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Find' });
  await palette.waitFor();
  expect(await help.count()).toBe(0);
  await page.keyboard.type('sett');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
  expect(errors).toEqual([]);
});

test('F6 goes through the parts of the page, and the skip link to the content', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await waitInLine(desk, 'Maria Santos');
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await page.getByRole('textbox', { name: 'Write to Maria Santos' }).waitFor();
  const pane = () =>
    page.evaluate(() => document.activeElement?.closest('[data-pane]')?.className.split(' ')[0]);
  const seen = new Set<string | undefined>();
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('F6');
    seen.add(await pane());
  }
  expect([...seen].sort()).toEqual(['details', 'main', 'sidebar']);
  await page.reload();
  await page.getByRole('textbox', { name: 'Write to Maria Santos' }).waitFor();
  const skip = page.getByRole('link', { name: 'Skip to the content' });
  // The composer takes the focus once when the page has caught up, which may be after it is there.
  await expect
    .poll(async () => {
      await skip.focus();
      return (await skip.boundingBox())?.y;
    })
    .toBe(8);
  await page.keyboard.press('Enter');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
  expect(errors).toEqual([]);
});

test('after a row went, the focus is on the one in its place', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const aino = await waitInLine(desk, 'Aino');
  await waitInLine(desk, 'Bo');
  await page.getByRole('row', { name: /Bo/ }).waitFor();
  await page.keyboard.press('j');
  await expect.poll(() => focused(page)).toContain('Aino');
  await aino.ask({ type: 'end' });
  await page.getByRole('row', { name: /Aino/ }).waitFor({ state: 'detached' });
  await expect.poll(() => focused(page)).toContain('Bo');
  expect(errors).toEqual([]);
});

test('handed on, taken up and explained by keys alone', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  const jonas = await signIn(desk, 'jonas');
  await page.getByRole('row', { name: /Maria Santos/ }).waitFor();
  await page.keyboard.press('n');
  await writingTo(page, 'Maria Santos');
  await page.keyboard.press('Escape');

  await page.keyboard.press('w');
  await page.getByRole('heading', { level: 1, name: 'Why: Maria Santos' }).waitFor();
  await page.keyboard.press('1');
  await writingTo(page, 'Maria Santos');
  await page.keyboard.press('Escape');

  await page.keyboard.press('t');
  const dialog = page.getByRole('dialog', { name: 'Hand the conversation with Maria Santos on' });
  await dialog.getByRole('textbox', { name: 'Search' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.type('jonas');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.type('By keys');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await expect.poll(() => focused(page)).toBe('Hand on');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  const { state } = await until(jonas, (view) =>
    [...view.state.waiting.values()].some((row) => row.agent === 'jonas'),
  );
  expect([...state.waiting.values()][0]?.note).toBe('By keys');

  for (const [keys, name] of [
    ['gm', 'For me'],
    ['gt', 'Conversations of the teams'],
    ['gi', 'Inactive'],
    ['gp', 'Colleagues'],
    ['gq', 'Queues'],
  ] as const) {
    await page.keyboard.press(keys.charAt(0));
    await page.keyboard.press(keys.charAt(1));
    await page.getByRole('heading', { level: 1, name }).waitFor();
  }
  // A star by its key, on the screen of the queue.
  await page
    .getByRole('main')
    .getByRole('link', { name: /^Support/ })
    .click();
  const star = page.getByRole('main').getByRole('button', { name: 'Favourite: Support' });
  await star.waitFor();
  await page.keyboard.press('f');
  await expect.poll(() => star.getAttribute('aria-pressed')).toBe('true');
  jonas.stop();
  maria.stop();
  expect(errors).toEqual([]);
});
