import type { Client } from '@usher/protocol/client';
import { newPage, scrollsSideways, sharedBrowser } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import { signIn, until, visit } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { conversationOf, openConsole, waitInLine } from './console';
import { check, sizes, visitScreen } from './look';

// The screens of routing with something on each of them, as screens.flow.ts has the others.
let browser: Browser;
let desk: Desk;
let shared = '';
const people: Client[] = [];

beforeAll(async () => {
  browser = await sharedBrowser();
  const settings = sample({
    queue: {
      priority: 5,
      thresholds: { customerLostSeconds: 3600, soonOverdueSeconds: 2, overdueSeconds: 60 },
      waitingRules: [{ afterSeconds: 1, action: 'Alert' }],
      issues: [{ name: 'repair', displayName: 'A repair', team: 'field' }],
      offerTimeoutSeconds: 300,
    },
    team: { maxConversations: 20 },
    channel: { unavailable: { action: 'ContactForm' } },
    queues: [
      {
        name: 'billing',
        generation: 1,
        displayName: 'Billing',
        teams: ['care'],
        distribution: { mode: 'Automatic', strategy: 'LeastBusy' },
        whenBusy: { offer: 'Queue', capacity: { mode: 'Fixed', places: 20 } },
        offerTimeoutSeconds: 300,
        thresholds: {},
      },
    ],
    channels: [
      {
        name: 'billing',
        generation: 1,
        type: 'Web',
        displayName: 'Invoices',
        queue: 'billing',
        unavailable: { action: 'ContactForm' },
      },
    ],
  });
  desk = await Desk.start({
    ...settings,
    teams: [
      ...(settings.teams ?? []),
      {
        name: 'field',
        generation: 1,
        displayName: 'Field service',
        mode: 'Grab',
        maxConversations: 20,
        members: [
          { name: 'ana', displayName: 'Ana Silva', role: 'Representative' },
          { name: 'ben', displayName: 'Ben Adekunle-Hämäläinen', role: 'Admin' },
        ],
      },
    ],
  });

  const ana = await signIn(desk, 'ana');
  const jonas = await signIn(desk, 'jonas');
  const mei = await signIn(desk, 'mei');
  people.push(ana, jonas, mei);
  const served = async (agent: Client, name: string, text: string): Promise<string> => {
    const customer = await waitInLine(desk, name, text);
    people.push(customer);
    const conversation = conversationOf(customer.view().state)?.id ?? '';
    await agent.ask({ type: 'pick', conversation });
    return conversation;
  };
  await mei.ask({ type: 'presence', presence: 'finishMine' });
  // One that is shared, one of a colleague, one that was handed to Ana, and one she is asked into.
  shared = await served(ana, 'Maria Santos', 'My parcel came back to you. Why?');
  await ana.ask({ type: 'invite', conversation: shared, to: { kind: 'agent', name: 'jonas' } });
  await jonas.ask({ type: 'enter', conversation: shared });
  await jonas.ask({ type: 'say', conversation: shared, text: 'The address was not complete.' });
  await ana.ask({ type: 'invite', conversation: shared, to: { kind: 'agent', name: 'ben' } });
  await served(jonas, 'Lars Holm', 'Where is my order 20391?');
  const handed = await served(jonas, 'Olena Koval', 'I would like to speak to Ana again');
  const to = { kind: 'agent', name: 'ana' } as const;
  await jonas.ask({ type: 'transfer', conversation: handed, to, text: 'You know her contract' });
  const asked = await served(jonas, 'João Lima', 'Bom dia');
  await jonas.ask({ type: 'invite', conversation: asked, to, text: 'Can you translate?' });
  for (const name of ['Aino Virtanen', 'Chen Wei']) {
    people.push(await waitInLine(desk, name, 'A question that nobody has answered'));
  }
  // Left behind, a contact form, a room with something unread, a session key.
  const left = await waitInLine(desk, 'Fatima Zahra', 'I have to go');
  await left.ask({ type: 'end' });
  const form = await visit(desk, 'web');
  people.push(form);
  await form.ask({
    type: 'contact',
    name: 'Sven Larsson',
    email: 'sven@example.org',
    phone: '+46 70 123 45 67',
    text: 'Please call me about my contract, in the morning if you can.',
  });
  await jonas.ask({ type: 'post', room: 't:care', text: 'Lunch at twelve?' });
  await mei.ask({ type: 'post', room: 't:care', text: 'I am in. The usual place?' });
  await jonas.ask({ type: 'post', room: 'p:ana:jonas', text: 'Can you take Olena?' });
  await ana.ask({ type: 'favour', to: { kind: 'team', name: 'care' }, on: true });
  await ana.ask({ type: 'newKey' });
  await until(ana, ({ state }) => [...state.waiting.values()].some((row) => row.alerted === true));
});
afterAll(async () => {
  for (const person of people) person.stop();
  await desk.stop();
});

test.each(sizes)('every screen of routing at $width, light and dark', async (size) => {
  const { page, errors } = await openConsole(browser, desk, 'ana', size);
  const go = (path: string, name: string | RegExp) =>
    visitScreen(page, size, desk.url + path, name);
  const main = page.getByRole('main');
  await page.getByRole('row', { name: /Aino/ }).getByText('Alert').waitFor();
  await check(page, 'r-queue', size);
  await page.getByRole('row', { name: /Aino/ }).click();
  await page.getByText('Waits longer than a rule of the queue allows').waitFor();
  await check(page, 'r-preview', size);
  await go('/me', 'For me');
  await main.getByText('You know her contract').waitFor();
  await page.getByText('Can you translate?').first().waitFor();
  await main.getByText(/left$/).waitFor();
  await check(page, 'r-me', size);
  await go('/team/care', 'Customer care');
  await check(page, 'r-team', size);
  await go('/open', 'Conversations of the teams');
  await main.getByText('Lars Holm').waitFor();
  await check(page, 'r-open', size);
  await go('/inactive', 'Inactive');
  await main.getByText('Sven Larsson').waitFor();
  await check(page, 'r-inactive', size);
  await go('/people', 'Colleagues');
  await main.getByRole('link', { name: /^Jonas Berg/ }).waitFor();
  await check(page, 'r-people', size);
  await go('/more', 'More');
  await check(page, 'r-more', size);
  await go('/links', 'Customer links');
  await page.getByRole('button', { name: 'Make the link' }).click();
  await page.getByText(/^The link works until/).waitFor();
  await check(page, 'r-links', size);
  await go(`/c/${shared}`, 'Maria Santos');
  await page.getByText('2 agents: You and Jonas Berg').waitFor();
  await page.getByText('The address was not complete.').waitFor();
  await check(page, 'r-chat', size);
  // One pane has them in a menu.
  const choose = async (action: string, role: 'button' | 'link') => {
    if (size.width > 320) return page.getByRole(role, { name: action, exact: true }).click();
    await page.getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name: action }).click();
  };
  await choose('Transfer', 'button');
  await page.getByRole('radiogroup', { name: 'To' }).waitFor();
  await check(page, 'r-transfer', size);
  await page.keyboard.press('Escape');
  await choose('Invite', 'button');
  await page.getByRole('radiogroup', { name: 'To' }).waitFor();
  await check(page, 'r-invite', size);
  await page.keyboard.press('Escape');
  await choose('Why?', 'link');
  await page.getByRole('heading', { level: 1, name: 'Why: Maria Santos' }).waitFor();
  await main.getByRole('listitem').first().waitFor();
  await check(page, 'r-why', size);
  if (size.width > 320) {
    // Unread is looked at before the room is.
    await page.getByRole('button', { name: 'Presence: Available' }).click();
    await page.getByRole('menu').waitFor();
    await check(page, 'r-presence', size);
    await page.keyboard.press('Escape');
  }
  await go('/room/p%3Aana%3Amei', 'Mei Lin');
  await page.getByText('Nothing was written here yet.').waitFor();
  await check(page, 'r-private', size);
  expect(errors).toEqual([]);
});

test.each(sizes)('an automatic offer and a race at $width, light and dark', async (size) => {
  const { page, errors } = await openConsole(browser, desk, 'ana', size);
  const name = `Zoë ${size.width}`;
  const repair = await visit(desk, 'web');
  await repair.ask({ type: 'join', name, issue: 'support/repair', text: 'It stands still' });
  const offers = page.getByRole('region', { name: 'Offers' });
  await offers.getByText('New for Field service').waitFor();
  await check(page, 'r-race', size);
  const asks = await visit(desk, 'billing');
  await asks.ask({ type: 'join', name, text: 'My invoice is wrong' });
  await offers.getByText('You are offered a customer').waitFor();
  await offers.getByText('My invoice is wrong').waitFor();
  await check(page, 'r-offer', size);
  await offers.getByRole('link', { name: 'Read' }).click();
  await page.getByRole('log').getByText('My invoice is wrong').waitFor();
  await check(page, 'r-offered', size);
  await asks.ask({ type: 'end' });
  asks.stop();
  await repair.ask({ type: 'end' });
  await offers.getByText('New for Field service').waitFor({ state: 'detached' });
  repair.stop();
  expect(errors).toEqual([]);
});

test.each(sizes)('a team’s chat at $width, light and dark', async (size) => {
  const { page, errors } = await newPage(browser, size);
  await page.goto(await desk.signInLink('ana'));
  await page.waitForURL(/\/queue\//);
  await page.goto(`${desk.url}/room/t%3Acare`);
  await page.getByText('The usual place?').waitFor();
  await check(page, 'r-room', size);
  expect(errors).toEqual([]);
});

test('at 400 % nothing of it scrolls sideways', async () => {
  const size = { width: 320, height: 256 };
  const { page, errors } = await openConsole(browser, desk, 'ana', size);
  for (const path of ['/me', '/open', '/inactive', '/people', '/more', '/links', `/c/${shared}`]) {
    await page.goto(desk.url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect.soft(await scrollsSideways(page), path).toBe(false);
  }
  expect(errors).toEqual([]);
});
