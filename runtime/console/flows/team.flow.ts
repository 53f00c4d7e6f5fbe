import { sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until, visit } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { conversationOf, openConsole, waitInLine } from './console';

let browser: Browser;
let desk: Desk;

const field = {
  name: 'field',
  generation: 1,
  displayName: 'Field service',
  mode: 'Grab',
  members: [
    { name: 'ana', displayName: 'Ana Silva', role: 'Admin' },
    { name: 'jonas', displayName: 'Jonas Berg', role: 'Representative' },
    { name: 'mei', displayName: 'Mei Lin', role: 'Representative' },
  ],
} as const;
const settings = sample({
  queue: { issues: [{ name: 'repair', displayName: 'A repair', team: 'field' }] },
});

beforeAll(async () => {
  browser = await sharedBrowser();
});
beforeEach(async () => {
  desk = await Desk.start({
    ...settings,
    teams: [...(settings.teams ?? []), { ...field, members: [...field.members] }],
  });
});
afterEach(async () => {
  await desk.stop();
});

/** A customer whose issue is owned by the Grab team. */
async function needsRepair(name: string): Promise<Awaited<ReturnType<typeof visit>>> {
  const customer = await visit(desk, 'web');
  await customer.ask({ type: 'join', name, issue: 'support/repair', text: 'It stands still' });
  return customer;
}

test('of two who grab one customer one has her, and the other is told who was faster', async () => {
  const jonas = await openConsole(browser, desk, 'jonas');
  const mei = await openConsole(browser, desk, 'mei');
  const ana = await openConsole(browser, desk, 'ana');
  const maria = await needsRepair('Maria Santos');
  const offers = ({ page }: typeof jonas) => page.getByRole('region', { name: 'Offers' });
  for (const each of [jonas, mei]) {
    await offers(each).getByText('New for Field service').waitFor();
    await offers(each).getByText('It stands still').waitFor();
  }
  // The admin sees her in the team's queue, and has no notification.
  await ana.page.getByRole('link', { name: /^Field service/ }).click();
  const row = ana.page.getByRole('row', { name: /Maria Santos/ });
  await row.getByText('A repair').waitFor();
  expect(await offers(ana).count()).toBe(0);

  await offers(jonas).getByRole('button', { name: 'Grab Maria Santos' }).click();
  await jonas.page.getByRole('heading', { level: 1, name: 'Maria Santos' }).waitFor();
  await mei.page.getByText('Jonas Berg was faster: Maria Santos is taken.').first().waitFor();
  await offers(mei).waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  await until(maria, ({ state }) => conversationOf(state)?.agentName === 'Jonas Berg');

  // Afterwards its owner and the admin see it; the other representative does not.
  await ana.page.getByRole('link', { name: 'Conversations of the teams' }).click();
  await ana.page.getByRole('article', { name: 'Maria Santos' }).waitFor();
  await mei.page.getByRole('link', { name: 'Conversations of the teams' }).click();
  await mei.page.getByText('Nobody is served by your teams now.').waitFor();
  expect([...jonas.errors, ...mei.errors, ...ana.errors]).toEqual([]);
});

test('a colleague’s conversation is found, narrowed by filters, and entered', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await signIn(desk, 'jonas');
  const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
  await jonas.ask({ type: 'pick', queue: 'support' });
  await until(maria, ({ state }) => conversationOf(state)?.state === 'inService');

  await ana.page.getByRole('link', { name: 'Conversations of the teams' }).click();
  const row = ana.page.getByRole('article', { name: 'Maria Santos' });
  await row.getByText(/1 agent: Jonas Berg/).waitFor();
  await row.getByText('Waits for an answer').waitFor();
  await ana.page.getByRole('combobox', { name: 'Status' }).selectOption('overdue');
  await ana.page.getByText('No conversation matches this filter.').waitFor();
  await ana.page.getByRole('button', { name: 'Clear the filter' }).click();
  await row.getByRole('button', { name: 'Join Maria Santos' }).click();
  await ana.page.getByText('2 agents: Jonas Berg and You').waitFor();
  await until(maria, ({ state }) => conversationOf(state)?.agents?.length === 2);
  await ana.page.goto(`${desk.url}/open?view=joined`);
  await row.getByRole('link', { name: 'Show' }).waitFor();
  jonas.stop();
  expect(ana.errors).toEqual([]);
});

test('a team’s chat shows what is unread as a bubble in the star’s place, until it is read', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  const star = ana.page.getByRole('button', { name: 'Favourite: Customer care' });
  await star.click({ force: true });
  await ana.page.getByRole('heading', { level: 2, name: 'Favourites' }).waitFor();

  await jonas.page.getByRole('link', { name: /^Customer care/ }).click();
  await jonas.page.getByRole('main').getByRole('link', { name: 'Team chat' }).click();
  await jonas.page.getByText('Nothing was written here yet.').waitFor();
  const field = jonas.page.getByRole('textbox', { name: 'Write to Customer care' });
  await field.fill('Anybody free?');
  await jonas.page.keyboard.press('Enter');
  await field.fill('It is urgent');
  await jonas.page.keyboard.press('Enter');
  const own = jonas.page.getByRole('log', { name: 'Messages of Customer care' });
  await own.getByText('It is urgent').waitFor();

  const bubble = ana.page.getByRole('link', { name: '2 unread messages of Customer care' });
  await bubble.waitFor();
  expect(await star.count()).toBe(0);
  await bubble.click();
  const log = ana.page.getByRole('log', { name: 'Messages of Customer care' });
  await log.getByText('Anybody free?').waitFor();
  await log.getByText('Jonas Berg').waitFor();
  await star.waitFor({ state: 'attached' });
  expect(await star.getAttribute('aria-pressed')).toBe('true');
  await ana.page.reload();
  await log.getByText('It is urgent').waitFor();
  expect(await bubble.count()).toBe(0);
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});

test('two members write to each other in private', async () => {
  const ana = await openConsole(browser, desk, 'ana');
  const jonas = await openConsole(browser, desk, 'jonas');
  await ana.page.getByRole('link', { name: 'Colleagues' }).click();
  await ana.page.getByRole('link', { name: /^Jonas Berg/ }).click();
  await ana.page.getByRole('textbox', { name: 'Write to Jonas Berg' }).fill('Lunch?');
  await ana.page.keyboard.press('Enter');
  await ana.page.getByRole('log').getByText('Lunch?').waitFor();
  await jonas.page.getByRole('link', { name: /^Ana Silva 1/ }).click();
  await jonas.page.getByRole('log').getByText('Lunch?').waitFor();
  await jonas.page.getByRole('textbox', { name: 'Write to Ana Silva' }).fill('In ten minutes');
  await jonas.page.keyboard.press('Enter');
  await ana.page.getByRole('log').getByText('In ten minutes').waitFor();
  expect([...ana.errors, ...jonas.errors]).toEqual([]);
});
