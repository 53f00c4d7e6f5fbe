import { newPage, sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConsole } from './console';

let browser: Browser;
let desk: Desk;
// The browser itself writes a refused request as an error.
const refused = [/status of 401/];

beforeAll(async () => {
  browser = await sharedBrowser();
  desk = await Desk.start(sample());
});
afterAll(async () => {
  await desk.stop();
});

test('a link signs in, and leaves the address and the history', async () => {
  const { page, errors } = await openConsole(browser, desk, 'ana');
  expect(page.url()).toBe(`${desk.url}/queue/support`);
  await page.getByRole('button', { name: 'Signed in as Ana Silva' }).waitFor();
  await page.goBack();
  expect(page.url()).not.toContain('token');
  expect(errors).toEqual([]);
});

test('a link that was used says so, and what to do', async () => {
  const link = await desk.signInLink('ana');
  const first = await newPage(browser);
  await first.page.goto(link);
  await first.page.getByRole('heading', { level: 1, name: 'Support' }).waitFor();
  const second = await newPage(browser, {}, refused);
  await second.page.goto(link);
  await second.page.getByRole('heading', { level: 1, name: 'This link has been used' }).waitFor();
  await second.page.getByText('kubectl usher sign-in-link NAME').waitFor();
  expect(second.page.url()).not.toContain('token');
  expect(first.errors).toEqual([]);
  expect(second.errors).toEqual([]);
});

test('a link that was cut short is not valid', async () => {
  const link = await desk.signInLink('ana');
  const { page, errors } = await newPage(browser, {}, refused);
  await page.goto(link.slice(0, -6));
  await page.getByRole('heading', { level: 1, name: 'This link is not valid' }).waitFor();
  expect(errors).toEqual([]);
});

test('without a session every address leads to the sign-in page', async () => {
  const { page, errors } = await newPage(browser, {}, refused);
  await page.goto(`${desk.url}/queue/support`);
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  expect(errors).toEqual([]);
});

test('signing out ends it in every tab', async () => {
  const { page, errors } = await openConsole(browser, desk, 'jonas', {}, refused);
  const other = await page.context().newPage();
  await other.goto(`${desk.url}/queue/support`);
  await other.getByRole('heading', { level: 1, name: 'Support' }).waitFor();
  await page.getByRole('button', { name: 'Signed in as Jonas Berg' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  for (const each of [page, other]) {
    await each.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor();
  }
  await page.goto(`${desk.url}/queue/support`);
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  expect(errors).toEqual([]);
});
