/**
 * Secure metadata (feature C9) from end to end: a site that is signed in to seals what it knows, its
 * customer starts a chat on its page, and the agent who serves reads it; nobody else does.
 */
import { newPage, report, sharedBrowser, type Watched } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until } from '@usher/testing/people';
import { Keys } from '@usher/testing/seal';
import { sample } from '@usher/testing/settings';
import { Site } from '@usher/testing/site';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFailed, test } from 'vitest';
import { openConsole } from './console';
import { check, sizes } from './look';

const facts = { 'customer number': '0048151623', plan: 'gold', invoices: 42, blocked: false };
const long = `Rua das Flores ${'12-'.repeat(40)}Porto`;

let browser: Browser;
let keys: Keys;
let desk: Desk;
/** What the site's page has in its head now. */
let head = '';
/** What the site's script tag has beside its channel now. */
let attribute = '';
let site: Site;

beforeAll(async () => {
  browser = await sharedBrowser();
  keys = await Keys.make('k1', 'k2');
  const settings = sample({
    channel: { allowedOrigins: ['*'] },
    queue: { thresholds: { customerLostSeconds: 3600 } },
  });
  const [support] = settings.queues ?? [];
  const [web] = settings.channels ?? [];
  if (!support || !web) throw new Error('the sample has no queue or no channel');
  settings.teams?.push({
    name: 'money',
    generation: 1,
    displayName: 'Billing team',
    members: [{ name: 'ben', displayName: 'Ben Okoro', role: 'Admin' }],
  });
  settings.queues?.push(
    { ...support, name: 'billing', displayName: 'Billing', teams: ['money'] },
    { ...support, name: 'members', displayName: 'Members', secureMetadata: 'Required' },
  );
  settings.channels?.push({ ...web, name: 'members', displayName: 'Members', queue: 'members' });
  desk = await Desk.start(settings, ['--metadata-keys', keys.directory]);
  site = await Site.start((path) =>
    path.endsWith('.ico')
      ? undefined
      : {
          type: 'text/html',
          body: `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">
            <script>window.usher = window.usher || function () { (usher.q = usher.q || []).push(arguments) };${head}</script>
            <script src="${desk.url}/widget/loader.js" defer ${attribute}></script>
            <body><main><h1>Shop</h1><button data-usher-open>Ask us</button></main>`,
        },
  );
});
afterEach(() => {
  head = '';
  attribute = 'data-channel="web"';
});
afterAll(async () => {
  await site.stop();
  await desk.stop();
  await keys.remove();
});

/** A customer's page of the site, with the chat open. */
async function shop(): Promise<Watched> {
  const watched = await newPage(browser);
  onTestFailed(async () => console.error(await report(watched)));
  await watched.page.goto(site.url);
  await openChat(watched.page);
  return watched;
}

async function openChat(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Ask us' }).click();
  await page.getByRole('heading', { name: 'Start a chat' }).waitFor();
}

/** How the desk answers an agent's page about the facts of a conversation. */
function asked(page: Page, conversation: string): Promise<{ status: number; text: string }> {
  return page.evaluate(async (id) => {
    const answer = await fetch(`/v1/conversations/${id}/secure-metadata`);
    return { status: answer.status, text: await answer.text() };
  }, conversation);
}

const table = (page: Page) => page.getByRole('table', { name: 'Verified facts' });

test('what a site seals of its customer is read by who serves, and by nobody else', async () => {
  attribute = 'data-channel="web"';
  const sealed = await keys.seal('k1', { ...facts, address: long }, { name: 'Maria Santos' });
  head = `usher('secure', '${sealed}')`;
  const maria = await shop();
  await maria.page.getByLabel('How can we help?').fill('My invoice');
  const ana = await openConsole(browser, desk, 'ana', {}, [/status of 410/]);
  const { page } = ana;
  await maria.page.getByRole('button', { name: 'Start chat' }).click();

  // In the line it is marked, under the name that the site gave.
  const row = page.getByRole('row', { name: /Maria Santos/ });
  await row.getByText('Verified facts').waitFor();
  await page.getByRole('button', { name: 'Accept next' }).click();
  await page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await table(page).waitFor();
  const said = await table(page).getByRole('cell').allTextContents();
  expect(said.sort()).toEqual(['0048151623', 'gold', '42', 'no', long].sort());
  await page.getByText(/with the key k1\.$/).waitFor();

  for (const size of sizes) {
    await page.setViewportSize(size);
    if (size.width < 1280) {
      expect(await table(page).count()).toBe(0);
      await check(page, 'verified-closed', size);
      await page.getByRole('button', { name: 'Verified facts' }).click();
    }
    await table(page).waitFor();
    await check(page, 'verified', size);
    if (size.width < 1280) await page.getByRole('button', { name: 'Close' }).click();
  }
  const [wide] = sizes;
  if (wide) await page.setViewportSize(wide);

  // Who has no business with it is told nothing.
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  expect((await asked(page, id)).status).toBe(200);
  const ben = await newPage(browser, {}, [/status of 403/]);
  await ben.page.goto(await desk.signInLink('ben'));
  // Signed in: the page of the link has a heading, too.
  await ben.page.waitForURL(/\/queue\//);
  const refused = await asked(ben.page, id);
  expect(refused.status).toBe(403);
  expect(refused.text).toContain('not_entitled');
  expect(refused.text).not.toContain('gold');

  // Nothing of it stays in the customer's browser.
  const left = await maria.page.evaluate(() => JSON.stringify([sessionStorage, localStorage]));
  expect(left).toContain('usher.session');
  for (const part of sealed.split('.').filter(Boolean)) expect(left).not.toContain(part);

  // A key that is taken away takes what was sealed with it along, without a restart.
  await keys.drop('k1');
  await expect.poll(async () => (await asked(page, id)).status).toBe(410);
  await page.reload();
  await page.getByText(/^The key that this was sealed with is no longer/).waitFor();
  expect(await table(page).count()).toBe(0);
  await check(page, 'verified-gone', { width: 1440, height: 900 });
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  for (const { errors } of [maria, ana, ben]) expect(errors).toEqual([]);
});

test('who comes with something that has expired is told to load the page, and then gets in', async () => {
  attribute = `data-channel="web" data-secure="${await keys.seal('k2', facts, { seconds: -60 })}"`;
  const lars = await shop();
  const { page } = lars;
  await page.getByLabel('Your name').fill('Lars');
  await page.getByLabel('How can we help?').fill('Where is my parcel?');
  await page.getByRole('button', { name: 'Start chat' }).click();
  await page.getByText(/Load the page again/).waitFor();
  attribute = `data-channel="web" data-secure="${await keys.seal('k2', facts)}"`;
  await page.reload();
  const question = page.getByLabel('How can we help?');
  await question.waitFor();
  expect(await question.inputValue()).toBe('Where is my parcel?');
  await page.getByRole('button', { name: 'Start chat' }).click();
  await page.getByRole('heading', { name: /^You are (next|number)/ }).waitFor();
  expect(lars.errors).toEqual([]);
});

test('a line for the site’s own customers takes nobody else, and who signs in meanwhile gets in', async () => {
  attribute = 'data-channel="members"';
  const agent = await signIn(desk, 'ana');
  const zoe = await shop();
  const { page } = zoe;
  await page.getByLabel('Your name').fill('Zoë');
  await page.getByRole('button', { name: 'Start chat' }).click();
  await page.getByText(/Please sign in on the site first/).waitFor();
  // A page that signs its visitor in without loading hands it over then.
  const sealed = await keys.seal('k2', facts);
  await page.evaluate((text) => {
    (window as unknown as { usher(name: string, value: string): void }).usher('secure', text);
  }, sealed);
  await page.getByRole('button', { name: 'Start chat' }).click();
  await page.getByRole('heading', { name: 'You are next.' }).waitFor();
  const { state } = await until(agent, ({ state: now }) =>
    [...now.waiting.values()].some(({ queue }) => queue === 'members'),
  );
  const [waiting] = [...state.waiting.values()].filter(({ queue }) => queue === 'members');
  expect(waiting).toMatchObject({ name: 'Zoë', secure: true });
  agent.stop();
  expect(zoe.errors).toEqual([]);
});
