import { sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
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

test('an agent takes the next, both write, the agent ends it and is offered the first in line', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await page.getByText('Nobody is waiting. You will hear a sound.').waitFor();

  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  const lars = await waitInLine(desk, 'Lars Holm', 'Cannot log in');
  const rows = page.getByRole('grid', { name: 'Waiting customers' }).getByRole('row');
  await rows.filter({ hasText: 'Lars Holm' }).waitFor();
  // A queue's figures are told a moment after its line.
  await expect.poll(() => page.title()).toBe('(2) Support – Acme');

  await page.getByRole('button', { name: 'Accept next' }).click();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  const log = page.getByRole('log', { name: 'Messages with Maria Santos' });
  await log.getByText('Change of address').waitFor();

  await page.getByRole('textbox', { name: 'Write to Maria Santos' }).fill('Hello Maria');
  await page.keyboard.press('Enter');
  await untilTexts(maria, ['Change of address', 'Hello Maria']);
  maria.say('Rua das Flores 12');
  await log.getByText('Rua das Flores 12').waitFor();
  await page.getByText('Waits for an answer').waitFor();

  const id = conversationOf(maria.view().state)?.id;
  maria.typing(id);
  await page.getByText('Maria Santos is typing…').waitFor();

  await page.getByRole('button', { name: 'End', exact: true }).click();
  const ask = page.getByRole('alertdialog', { name: 'End the conversation with Maria Santos?' });
  await ask.getByRole('button', { name: 'End' }).click();
  await page.getByText('You ended this conversation.').waitFor();
  await until(maria, ({ state }) => conversationOf(state)?.state === 'ended');
  expect(await page.getByRole('textbox').count()).toBe(0);

  const offer = page.getByRole('region', { name: 'Offers' });
  await offer.getByText('You are offered the first in line').waitFor();
  await offer.getByText('comes from the queue').waitFor();
  await offer.getByText(/\d+ s left/).waitFor();
  await offer.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('heading', { level: 1, name: 'Lars Holm' }).waitFor();
  await until(lars, ({ state }) => conversationOf(state)?.state === 'inService');

  // What ended stays until it is put away.
  await page
    .getByRole('navigation', { name: 'My conversations' })
    .getByRole('link', { name: /Maria Santos/ })
    .click();
  await page.getByRole('button', { name: 'Close this conversation' }).click();
  await page.getByRole('heading', { level: 1, name: 'My conversations' }).waitFor();
  expect(await page.getByRole('main').getByText('Maria Santos').count()).toBe(0);
  expect(errors).toEqual([]);
});

test('a refused offer goes back to the line, at its place', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const maria = await waitInLine(desk, 'Maria Santos', 'First');
  const lars = await waitInLine(desk, 'Lars Holm', 'Second');
  await page.getByRole('button', { name: 'Accept next' }).click();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await maria.ask({ type: 'end' });
  await page.getByText('Maria Santos ended this conversation.').waitFor();

  await page.getByRole('link', { name: /^Support/ }).click();
  await page.getByRole('button', { name: 'Accept Lars Holm' }).click();
  await page.getByRole('heading', { level: 1, name: 'Lars Holm' }).waitFor();
  const olena = await waitInLine(desk, 'Olena Koval', 'Third');
  await page.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'End' }).click();
  const offer = page.getByRole('region', { name: 'Offers' });
  await offer.getByRole('button', { name: 'Refuse' }).click();
  await offer.waitFor({ state: 'detached' });
  await until(olena, ({ state }) => {
    const mine = conversationOf(state);
    return mine?.state === 'waiting' && mine.place === 1;
  });
  await until(lars, ({ state }) => conversationOf(state)?.state === 'ended');
  expect(errors).toEqual([]);
});

test('leaving asks first and gives the customer back to the line', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const maria = await waitInLine(desk, 'Maria Santos');
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  const ask = page.getByRole('alertdialog', { name: 'Leave the conversation with Maria Santos?' });
  await ask.getByText('goes back to the line of Support').waitFor();
  await ask.getByRole('button', { name: 'Leave' }).click();
  await until(maria, ({ state }) => conversationOf(state)?.state === 'waiting');
  await page.getByText('You have no conversation.').waitFor();
  expect(errors).toEqual([]);
});

test('of two agents who want one customer, one gets her and the other is told who', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  for (const { page } of [ana, jonas]) {
    await page.getByRole('row', { name: /Maria Santos/ }).click();
    await page.getByText('Customer does not see that you look.').waitFor();
  }
  // By force: for the slower of the two the button may be out of use before it is pressed.
  const accept = ({ page }: typeof ana) =>
    page
      .getByRole('region', { name: 'Preview' })
      .getByRole('button', { name: 'Accept' })
      .click({ force: true });
  await Promise.all([accept(ana), accept(jonas)]);
  const won = async ({ page }: typeof ana) =>
    (await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).count()) > 0;
  await expect.poll(async () => [await won(ana), await won(jonas)].filter(Boolean).length).toBe(1);
  const anaWon = await won(ana);
  const loser = anaWon ? jonas.page : ana.page;
  await loser
    .getByText(/accepted this at \d\d:\d\d\./)
    .first()
    .waitFor();
  const button = loser
    .getByRole('region', { name: 'Preview' })
    .getByRole('button', { name: 'Accept' });
  expect(await button.isDisabled()).toBe(true);
  await until(maria, ({ state }) => conversationOf(state)?.state === 'inService');
  expect(ana.errors).toEqual([]);
  expect(jonas.errors).toEqual([]);
});

test('a customer whom a colleague took is told in the preview, which stays', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const jonas = await signIn(desk, 'jonas');
  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  await page.getByRole('row', { name: /Maria Santos/ }).dblclick({ trial: true });
  await page.getByRole('row', { name: /Maria Santos/ }).click();
  const preview = page.getByRole('region', { name: 'Preview' });
  await preview.getByRole('button', { name: 'Accept' }).waitFor();
  await jonas.ask({ type: 'pick', conversation: conversationOf(maria.view().state)?.id ?? '' });
  await preview.getByText(/accepted this at/).waitFor();
  await preview.getByText('Change of address').waitFor();
  jonas.stop();
  expect(errors).toEqual([]);
});

test('a double press on a row accepts it', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await waitInLine(desk, 'Maria Santos', 'Change of address');
  await page.getByRole('row', { name: /Maria Santos/ }).dblclick();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  expect(errors).toEqual([]);
});
