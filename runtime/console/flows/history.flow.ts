import { newPage, sharedBrowser, startBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conversationOf, openConsole, untilTexts, waitInLine } from './console';

let browser: Browser;
let desk: Desk;

beforeAll(async () => {
  browser = await sharedBrowser();
  desk = await Desk.start(sample(), ['--agent-rate', '1000', '--agent-burst', '1000']);
});
afterAll(async () => {
  await desk.stop();
});

test('a long conversation is read upwards, fifty at a time, and the reader stays in place', async () => {
  const ana = await signIn(desk, 'ana');
  const maria = await waitInLine(desk, 'Maria Santos', 'The first message');
  const conversation = conversationOf(maria.view().state)?.id ?? '';
  await ana.ask({ type: 'pick', conversation });
  for (let n = 1; n <= 130; n++) await ana.ask({ type: 'say', conversation, text: `Line ${n}` });

  const { page, errors } = await openConsole(browser, desk, 'ana');
  await page.goto(`${desk.url}/c/${conversation}`);
  const log = page.getByRole('log');
  await log.getByText('Line 130', { exact: true }).waitFor();
  const shown = () =>
    log.locator('.bubble-text').evaluateAll((all) => all.map((one) => one.textContent ?? ''));
  const firstShown = (await shown())[0] ?? '';
  expect(await log.getByText('The first message').count()).toBe(0);

  // Older ones come above; what is being read does not move.
  await log.getByText(firstShown, { exact: true }).scrollIntoViewIfNeeded();
  await log.evaluate((box) => {
    box.scrollTop = 40;
  });
  await expect.poll(async () => (await shown()).length).toBeGreaterThan(60);
  await expect.poll(() => log.evaluate((box) => box.scrollTop)).toBeGreaterThan(200);

  await log.evaluate((box) => {
    box.scrollTop = 0;
  });
  await log.getByText('The first message').waitFor();
  expect(await shown()).toEqual([
    'The first message',
    ...Array.from({ length: 130 }, (_, i) => `Line ${i + 1}`),
  ]);

  // Whoever reads above is told of what comes below, and is not moved there.
  await maria.ask({ type: 'say', text: 'Are you there?' });
  await page.getByRole('button', { name: '1 new message' }).click();
  await expect
    .poll(() => log.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight))
    .toBeLessThan(2);
  ana.stop();
  expect(errors).toEqual([]);
});

test('the console works on a page without https', async () => {
  // 127.0.0.1 counts as secure; a name of its own does not.
  const plain = await startBrowser(['--host-resolver-rules=MAP desk.test 127.0.0.1']);
  try {
    const { page, errors } = await newPage(plain);
    const link = await desk.signInLink('jonas');
    await page.goto(link.replace('127.0.0.1', 'desk.test'));
    await page.getByRole('heading', { level: 1, name: 'Support' }).waitFor();
    expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
    const lars = await waitInLine(desk, 'Lars Holm', 'Hello');
    await page.getByRole('button', { name: 'Accept Lars Holm' }).click();
    await page.getByRole('textbox', { name: 'Write to Lars Holm' }).fill('Hello Lars');
    await page.keyboard.press('Enter');
    await untilTexts(lars, ['Hello', 'Hello Lars']);
    expect(errors).toEqual([]);
  } finally {
    await plain.close();
  }
});
