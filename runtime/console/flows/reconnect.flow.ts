import { serverGone, sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { conversationOf, openConsole, textsOf, untilTexts, waitInLine } from './console';

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

test('a draft outlives a reload, and belongs to its conversation', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await waitInLine(desk, 'Maria Santos');
  await waitInLine(desk, 'Lars Holm');
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  const toMaria = page.getByRole('textbox', { name: 'Write to Maria Santos' });
  await toMaria.fill('For Maria only');
  await page.getByText('Draft saved.').waitFor();
  await page.getByRole('link', { name: /^Support/ }).click();
  await page.getByRole('button', { name: 'Accept Lars Holm' }).click();
  await expect
    .poll(() => page.getByRole('textbox', { name: 'Write to Lars Holm' }).inputValue())
    .toBe('');
  await page
    .getByRole('navigation', { name: 'My conversations' })
    .getByRole('link', { name: /Maria Santos/ })
    .click();
  await expect.poll(() => toMaria.inputValue()).toBe('For Maria only');
  await page.reload();
  await toMaria.waitFor();
  await expect.poll(() => toMaria.inputValue()).toBe('For Maria only');
  expect(errors).toEqual([]);
});

test('a killed server: what is written meanwhile is kept, and arrives once, in order', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana', {}, serverGone);
  const maria = await waitInLine(desk, 'Maria Santos', 'Hello');
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  const field = page.getByRole('textbox', { name: 'Write to Maria Santos' });
  await field.fill('one');
  await page.keyboard.press('Enter');
  await untilTexts(maria, ['Hello', 'one']);

  await desk.kill();
  await field.fill('two');
  await page.keyboard.press('Enter');
  await field.fill('three');
  await page.keyboard.press('Enter');
  await page.getByText('Sending…').first().waitFor();
  await page
    .getByText(/^Connection lost at \d\d:\d\d\. What you see may be old\. Your text is kept\./)
    .waitFor();
  expect(await page.getByRole('button', { name: 'End', exact: true }).isEnabled()).toBe(true);

  await desk.restart();
  await Promise.race([
    page
      .getByRole('button', { name: 'Try now' })
      .click()
      .catch(() => {}),
    // It came back by itself just then.
    untilTexts(maria, ['Hello', 'one', 'two', 'three']),
  ]);
  await untilTexts(maria, ['Hello', 'one', 'two', 'three']);
  await page.getByText('Sending…').first().waitFor({ state: 'detached' });
  await page
    .getByText(/^Connection lost/)
    .first()
    .waitFor({ state: 'detached' });
  const shown = await page.getByRole('log').locator('.bubble-text').allTextContents();
  expect(shown).toEqual(['Hello', 'one', 'two', 'three']);
  expect(textsOf(maria)).toEqual(['Hello', 'one', 'two', 'three']);
  expect(errors).toEqual([]);
});

test('an unsent message outlives a reload too', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana', {}, [
    ...serverGone,
    /ERR_INTERNET_DISCONNECTED/,
  ]);
  const maria = await waitInLine(desk, 'Maria Santos', 'Hello');
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  const field = page.getByRole('textbox', { name: 'Write to Maria Santos' });
  await field.waitFor();
  // The socket stays, and nothing that is said on it is heard.
  await page.context().setOffline(true);
  await desk.kill();
  await field.fill('kept');
  await page.keyboard.press('Enter');
  await page.getByText('Sending…').waitFor();
  await desk.restart();
  await page.context().setOffline(false);
  await page.reload();
  await untilTexts(maria, ['Hello', 'kept']);
  await until(maria, ({ state }) => conversationOf(state)?.state === 'inService');
  await expect.poll(() => page.getByRole('log').getByText('kept').count()).toBe(1);
  await page.getByText('Sending…').waitFor({ state: 'detached' });
  await page.getByText('Checking…').waitFor({ state: 'detached' });
  expect(await page.getByRole('log').getByText('kept').count()).toBe(1);
  expect(errors).toEqual([]);
});

test('a queue changes its state while the connection is lost, and reads right afterwards', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana', {}, serverGone);
  await page.getByText('Nobody is waiting. You will hear a sound.').waitFor();
  await desk.kill();
  await desk.apply(
    sample({ queue: { override: { state: 'Closed', reason: 'storm', by: 'git' } } }),
  );
  await desk.restart();
  await page.getByText(/^Closed by hand by git until somebody changes it: storm/).waitFor();
  expect(errors).toEqual([]);
});
