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

test('presence is set in the sidebar, seen by colleagues, and outlives a reload', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  await ana.page.getByRole('button', { name: 'Presence: Available' }).click();
  await ana.page.getByRole('menuitem', { name: 'Finish mine, no more' }).click();
  await ana.page.getByRole('button', { name: 'Presence: Finishing mine' }).waitFor();
  await jonas.page.getByRole('link', { name: 'Colleagues' }).click();
  await jonas.page.getByRole('link', { name: /Ana Silva Finishing mine · has 0 of 3/ }).waitFor();

  await ana.page.reload();
  await ana.page.getByRole('button', { name: 'Presence: Finishing mine' }).waitFor();
  await waitInLine(desk, 'Maria Santos');
  await ana.page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await ana.page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await ana.page.getByRole('banner').or(ana.page.locator('.sidebar')).getByText('1 of 3').waitFor();
  await jonas.page.getByRole('link', { name: /Ana Silva Finishing mine · has 1 of 3/ }).waitFor();
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});

test('an automatic offer is read, refused, and goes to the next agent who accepts it', async () => {
  await desk.apply(
    sample({ queue: { distribution: { mode: 'Automatic', strategy: 'LeastBusy' } } }),
  );
  const ana = await openConsole(browser, desk, 'ana');
  const customer = waitInLine(desk, 'Maria Santos', 'Change of address');
  const offer = ana.page.getByRole('region', { name: 'Offers' });
  await offer.getByText('You are offered a customer').waitFor();
  await offer.getByText(/\d+ s left/).waitFor();
  // It is loaded before it is accepted.
  await offer.getByRole('link', { name: 'Read' }).click();
  const log = ana.page.getByRole('log', { name: 'Messages with Maria Santos' });
  await log.getByText('Change of address').waitFor();
  expect(await ana.page.getByRole('textbox').count()).toBe(0);

  const jonas = await openConsole(browser, desk, 'jonas');
  // Where it is read it is not told a second time.
  await offer.waitFor({ state: 'detached' });
  await ana.page.getByRole('main').getByRole('button', { name: 'Refuse' }).click();
  await jonas.page
    .getByRole('region', { name: 'Offers' })
    .getByRole('button', { name: 'Accept' })
    .click();
  await jonas.page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await ana.page.getByRole('region', { name: 'Offers' }).waitFor({ state: 'detached' });
  const maria = await customer;
  await until(maria, ({ state }) => conversationOf(state)?.agentName === 'Jonas Berg');

  // And the desk says why it went so.
  await jonas.page.getByRole('link', { name: 'Why?' }).click();
  await jonas.page.getByRole('heading', { level: 1, name: 'Why: Maria Santos' }).waitFor();
  const chosen = jonas.page.getByRole('row', { name: /Jonas Berg .* Chosen/ });
  await chosen.first().waitFor();
  await jonas.page
    .getByText(/refused before/)
    .first()
    .waitFor();
  await jonas.page.getByRole('button', { name: 'Back' }).click();
  await jonas.page.getByRole('textbox', { name: 'Write to Maria Santos' }).waitFor();
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});

test('an offer that is not accepted in time is told of, and the customer stays in line', async () => {
  await desk.apply(
    sample({ queue: { distribution: { mode: 'Automatic' }, offerTimeoutSeconds: 5 } }),
  );
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const maria = await waitInLine(desk, 'Maria Santos', 'First');
  const offer = page.getByRole('region', { name: 'Offers' });
  await offer.getByText('You are offered a customer').waitFor();
  await offer.waitFor({ state: 'detached' });
  await page
    .getByText('The offer went back to the line because it was not accepted in time.')
    .first()
    .waitFor();
  await until(maria, ({ state }) => conversationOf(state)?.state === 'waiting');
  // Everybody was tried: it can be picked by hand.
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  expect(errors).toEqual([]);
});

test('a conversation is handed to a colleague with a note, refused, and back with its history', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  await ana.page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await ana.page.getByRole('textbox', { name: 'Write to Maria Santos' }).fill('Hello Maria');
  await ana.page.keyboard.press('Enter');
  await untilTexts(maria, ['Change of address', 'Hello Maria']);

  const hand = async () => {
    await ana.page.getByRole('button', { name: 'Transfer' }).click();
    const dialog = ana.page.getByRole('dialog', {
      name: 'Hand the conversation with Maria Santos on',
    });
    await dialog.getByRole('textbox', { name: 'Search' }).fill('jonas');
    await dialog.getByText('Jonas Berg').click();
    await dialog.getByRole('textbox', { name: 'Note' }).fill('Knows the address register');
    await dialog.getByRole('button', { name: 'Hand on' }).click();
    await dialog.waitFor({ state: 'detached' });
    await ana.page.getByText('You have no conversation.').waitFor();
  };
  await hand();
  await until(maria, ({ state }) => conversationOf(state)?.handedToName === 'Jonas Berg');
  await jonas.page.getByRole('link', { name: /^For me 1/ }).click();
  const tile = jonas.page.getByRole('region', { name: 'Waiting for you' });
  await tile.getByText('From Ana Silva').waitFor();
  await tile.getByText('Knows the address register').waitFor();
  await tile.getByRole('button', { name: 'Refuse Maria Santos' }).click();

  // It comes back to who handed it on.
  await ana.page
    .getByText(/^Jonas Berg declined the conversation/)
    .first()
    .waitFor();
  await ana.page.getByRole('link', { name: /^For me 1/ }).click();
  const back = ana.page.getByRole('region', { name: 'Waiting for you' });
  await back.getByText('Declined by Jonas Berg').waitFor();
  await back.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await ana.page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await hand();
  await tile.getByRole('button', { name: 'Accept Maria Santos' }).click();
  const log = jonas.page.getByRole('log', { name: 'Messages with Maria Santos' });
  await log.getByText('Change of address').waitFor();
  await log.getByText('Hello Maria').waitFor();
  await until(maria, ({ state }) => conversationOf(state)?.agentName === 'Jonas Berg');
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});

test('a colleague is asked in, enters, and both serve until one leaves', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  const maria = await waitInLine(desk, 'Maria Santos', 'Two questions');
  await ana.page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await ana.page.getByRole('button', { name: 'Invite' }).click();
  const dialog = ana.page.getByRole('dialog', {
    name: 'Invite to the conversation with Maria Santos',
  });
  await dialog.getByText('Jonas Berg').click();
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await ana.page.getByText('Jonas Berg is invited').waitFor();

  const card = jonas.page.getByRole('region', { name: 'Offers' });
  await card.getByText('Ana Silva asks you into the conversation with Maria Santos').waitFor();
  await card.getByRole('button', { name: 'Join Maria Santos' }).click();
  await jonas.page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await ana.page.getByText('2 agents: You and Jonas Berg').waitFor();
  await ana.page.getByText('Jonas Berg is invited').waitFor({ state: 'detached' });

  await jonas.page.getByRole('textbox', { name: 'Write to Maria Santos' }).fill('I help too');
  await jonas.page.keyboard.press('Enter');
  await ana.page.getByRole('log').getByText('I help too').waitFor();
  await untilTexts(maria, ['Two questions', 'I help too']);

  await jonas.page.getByRole('button', { name: 'Leave', exact: true }).click();
  const ask = jonas.page.getByRole('alertdialog');
  await ask.getByText('The others stay in the conversation.').waitFor();
  await ask.getByRole('button', { name: 'Leave' }).click();
  await ana.page.getByText('2 agents: You and Jonas Berg').waitFor({ state: 'detached' });
  expect(conversationOf(maria.view().state)?.state).toBe('inService');
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});

test('an invitation is taken back, and declined', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  const anaToo = await signIn(desk, 'ana');
  await waitInLine(desk, 'Maria Santos');
  await ana.page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await ana.page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  const { state } = await until(anaToo, (view) => view.state.conversations.size === 1);
  const conversation = conversationOf(state)?.id ?? '';
  const invite = () =>
    anaToo.ask({ type: 'invite', conversation, to: { kind: 'agent', name: 'jonas' } });
  const card = jonas.page.getByRole('region', { name: 'Offers' });

  await invite();
  await card.waitFor();
  await ana.page.getByRole('button', { name: 'Take back the invitation of Jonas Berg' }).click();
  await card.waitFor({ state: 'detached' });

  await invite();
  await card.getByRole('button', { name: 'Decline Maria Santos' }).click();
  await card.waitFor({ state: 'detached' });
  await ana.page.getByText('Jonas Berg is invited').waitFor({ state: 'detached' });
  anaToo.stop();
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});
