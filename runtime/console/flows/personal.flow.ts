import { sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until, visit } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { conversationOf, openConsole, waitInLine } from './console';

let browser: Browser;
let desk: Desk;

beforeAll(async () => {
  browser = await sharedBrowser();
});
beforeEach(async () => {
  desk = await Desk.start(sample({ channel: { unavailable: { action: 'ContactForm' } } }));
});
afterEach(async () => {
  await desk.stop();
});

test('a session key leads one customer to the agent who made it, once', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  await page.getByRole('link', { name: 'For me' }).click();
  await page.getByText('Nobody waits for you alone.').waitFor();
  await page.getByRole('button', { name: 'New session key' }).click();
  const card = page.getByRole('article', { name: /^Session key/ });
  await card.getByText(/^1[45]:\d\d left$/).waitFor();
  const digits = (await card.locator('.key-digits').textContent()) ?? '';
  expect(digits).toMatch(/^\d{3} \d{2} \d{2}$/);

  const maria = await visit(desk, 'web');
  await maria.ask({
    type: 'join',
    name: 'Maria Santos',
    text: 'You gave me a key',
    key: digits.replaceAll(' ', ''),
  });
  await card.waitFor({ state: 'detached' });
  const waiting = page.getByRole('region', { name: 'Waiting for you' });
  await waiting.getByText('Session key').waitFor();
  await waiting.getByText('You gave me a key').waitFor();
  await waiting.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await until(maria, ({ state }) => conversationOf(state)?.agentName === 'Ana Silva');

  // A key that was used, or dropped, is worth nothing.
  await page.getByRole('link', { name: 'For me' }).click();
  await page.getByRole('button', { name: 'New session key' }).click();
  const next = (await card.locator('.key-digits').textContent()) ?? '';
  await card.getByRole('textbox', { name: 'Link with the key' }).waitFor();
  await card.getByRole('button', { name: /^Drop the key/ }).click();
  await card.waitFor({ state: 'detached' });
  const lars = await visit(desk, 'web');
  for (const key of [digits, next]) {
    const refused = await lars
      .ask({ type: 'join', key: key.replaceAll(' ', '') })
      .catch((error: Error) => error.name);
    expect(refused).toBe('CommandRefused');
  }
  expect(errors).toEqual([]);
});

test('a support link leads its customer to the agent who made it', async () => {
  const { page, errors } = await openConsole(browser, desk, 'jonas');
  await page.getByRole('link', { name: 'Customer links' }).click();
  await page.getByRole('combobox', { name: 'Channel' }).selectOption('web');
  await page.getByText('One week').click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  const address = page.getByRole('textbox', { name: 'Address' });
  const url = new URL(await address.inputValue());
  expect(url.pathname).toBe('/w/web');
  const link = url.searchParams.get('to') ?? '';
  expect(await page.getByRole('textbox', { name: /^Button/ }).inputValue()).toContain(link);
  expect(await page.getByRole('combobox', { name: 'Leads to' }).locator('option').count()).toBe(1);

  const maria = await visit(desk, 'web');
  await maria.ask({ type: 'join', name: 'Maria Santos', link });
  await page.getByRole('link', { name: /^For me 1/ }).click();
  await page.getByRole('region', { name: 'Waiting for you' }).getByText('Support link').waitFor();
  expect(errors).toEqual([]);
});

test('who left before anybody came is inactive, and so is a contact form; both are closed', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const lars = await waitInLine(desk, 'Lars Holm', 'I cannot wait');
  await lars.ask({ type: 'end' });
  lars.stop();
  const aino = await visit(desk, 'web');
  await aino.ask({
    type: 'contact',
    name: 'Aino Laine',
    email: 'aino@example.org',
    text: 'Please write to me',
  });
  await page.getByRole('link', { name: /^Inactive/ }).click();
  const form = page.getByRole('article', { name: 'Aino Laine' });
  await form.getByText('Contact form').waitFor();
  await form.getByText('Please write to me').waitFor();
  expect(await form.getByRole('link', { name: 'aino@example.org' }).getAttribute('href')).toBe(
    'mailto:aino@example.org',
  );
  const left = page.getByRole('article', { name: 'Lars Holm' });
  await left.getByText('I cannot wait').waitFor();
  await left.getByText('No contact data').waitFor();
  await form.getByRole('button', { name: 'Close Aino Laine' }).click();
  await form.waitFor({ state: 'detached' });
  await left.getByRole('button', { name: 'Close Lars Holm' }).click();
  await page.getByText('Nobody was left behind.').waitFor();
  expect(errors).toEqual([]);
});

test('who writes again is back in line', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  const aino = await visit(desk, 'web');
  await aino.ask({ type: 'contact', email: 'aino@example.org', name: 'Aino', text: 'Call me' });
  await page.getByRole('link', { name: /^Inactive/ }).click();
  const form = page.getByRole('article', { name: 'Aino' });
  await form.waitFor();
  aino.say('I am here now');
  await form.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: /^Support .*waiting/ }).click();
  await page.getByRole('row', { name: /Aino/ }).waitFor();
  expect(errors).toEqual([]);
});

test('signing out with a conversation open asks, and gives it back to the line', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana', {}, [/409 \(Conflict\)/]);
  const jonas = await signIn(desk, 'jonas');
  const maria = await waitInLine(desk, 'Maria Santos');
  await page.getByRole('button', { name: 'Accept Maria Santos' }).click();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  const signOut = async () => {
    await page.getByRole('button', { name: 'Signed in as Ana Silva' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
  };
  await signOut();
  const ask = page.getByRole('alertdialog', { name: 'Sign out with conversations open?' });
  await ask.getByText(/^1 conversation is open/).waitFor();
  await ask.getByRole('button', { name: 'Stay signed in' }).click();
  await ask.waitFor({ state: 'detached' });
  expect(conversationOf(maria.view().state)?.state).toBe('inService');
  await signOut();
  await ask.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor();
  await until(maria, ({ state }) => conversationOf(state)?.state === 'waiting');
  await until(jonas, ({ state }) => [...state.waiting.values()].some((row) => row.online));
  jonas.stop();
  expect(errors).toEqual([]);
});
