/** Every way in that a customer has, and what routing does afterwards, against a real runtime. */
import type { Client } from '@usher/protocol/client';
import { serverGone } from '@usher/testing/browser';
import type { Desk } from '@usher/testing/desk';
import { signIn, until } from '@usher/testing/people';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { longShop, makeLink, routing } from './routing-world.ts';
import { hired, hosted, join, onDesk, say, seen, unseen, visitor } from './world.ts';

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });
const start = (page: Page) => page.getByRole('button', { name: 'Start chat' }).click();
const first = ({ state }: ReturnType<Client['view']>) => [...state.waiting.values()][0];

async function leaveMessage(page: Page): Promise<void> {
  await page.getByLabel('Your name').fill('Maria');
  await page.getByLabel('E-mail').fill('maria@acme.example');
  await page.getByLabel('Your message').fill('My parcel is late');
  await page.getByRole('button', { name: 'Send message' }).click();
}

describe('the contact form', () => {
  const closed = () =>
    routing({
      closed: true,
      channel: {
        unavailable: {
          action: 'Hide',
          closed: { action: 'ContactForm', message: 'We answer within a day.' },
        },
        issueQueues: [],
      },
    });

  it('stands where the queue is closed, arrives once, is kept, and can be added to', () =>
    onDesk(closed(), async (desk) => {
      const ana = hired(await signIn(desk, 'ana'));
      ana.watch(['inactive']);
      const page = await hosted(desk);
      await seen(page.getByText('We answer within a day.'));
      await page.getByRole('button', { name: 'Send message' }).click();
      await seen(page.getByText('Write your message.'));
      await leaveMessage(page);
      await seen(heading(page, 'We got your message'));
      await seen(page.getByText('We will answer to maria@acme.example.'));
      const { state } = await until(ana, (view) => view.state.inactives.size === 1);
      const [left] = [...state.inactives.values()];
      expect(left).toMatchObject({
        name: 'Maria',
        email: 'maria@acme.example',
        text: 'My parcel is late',
        page: `${desk.url}/w/web`,
        why: 'contact',
      });

      await page.reload();
      await seen(heading(page, 'We got your message'));
      await seen(page.getByRole('log').getByText('My parcel is late'));
      await say(page, 'The number is 4471');
      await unseen(page.getByText('Sending…'));
      expect(ana.view().state.inactives.size).toBe(1);

      await ana.ask({ type: 'open', queue: 'support' });
      await say(page, 'Are you there now?');
      await seen(heading(page, 'You are next.'));
      await until(ana, (view) => first(view)?.conversation === left?.conversation);
    }));

  it('sent while the server is down arrives when it is back, once', () =>
    onDesk(closed(), async (desk) => {
      const page = await hosted(desk, {}, serverGone);
      await seen(page.getByText('We answer within a day.'));
      await desk.kill();
      await leaveMessage(page);
      await seen(page.getByText(/There is no connection just now/));
      await desk.restart();
      await seen(heading(page, 'We got your message'), 60_000);
      await page.reload();
      await seen(heading(page, 'We got your message'));
      const ana = hired(await signIn(desk, 'ana'));
      ana.watch(['inactive']);
      await until(ana, (view) => view.state.inactives.size === 1);
    }));

  it('whose answer was lost is found to have arrived after a reload, and is there once', () =>
    onDesk(closed(), async (desk) => {
      const ana = hired(await signIn(desk, 'ana'));
      ana.watch(['inactive']);
      const page = await visitor();
      let deaf = false;
      const sent: string[] = [];
      await page.routeWebSocket(/customer\/stream/, (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((frame) => {
          if (`${frame}`.includes('"type":"contact"')) {
            sent.push(`${frame}`);
            // It arrives; nothing of what the server says to it does.
            deaf = sent.length === 1;
          }
          server.send(frame);
        });
        server.onMessage((frame) => {
          if (!deaf) socket.send(frame);
        });
      });
      await page.goto(`${desk.url}/w/web`);
      await seen(page.getByText('We answer within a day.'));
      await leaveMessage(page);
      await until(ana, ({ state }) => state.inactives.size === 1);
      await seen(heading(page, 'Your message is on its way'));
      deaf = false;
      await page.reload();
      await seen(heading(page, 'We got your message'));
      // If it went out again before it was seen, then with the same number.
      for (const again of sent) expect(JSON.parse(again)).toEqual(JSON.parse(sent[0] ?? ''));
      expect(ana.view().state.inactives.size).toBe(1);
      expect(await page.getByRole('log').locator('.bubble').count()).toBe(1);
    }));
});

describe('an issue', () => {
  it('leads to the queue that owns it', () =>
    onDesk(routing(), async (desk) => {
      const ben = hired(await signIn(desk, 'ben'));
      const page = await hosted(desk);
      const issues = page.getByLabel('What is it about?');
      await issues.selectOption({ label: 'Refund' });
      await join(page, 'Maria', 'I was charged twice');
      await seen(heading(page, 'You are next.'));
      const view = await until(ben, ({ state }) => state.waiting.size === 1);
      expect(first(view)).toMatchObject({ queue: 'billing', issue: 'Refund', name: 'Maria' });
    }));

  it('of another queue is the way in while the own one is closed', () =>
    onDesk(routing({ closed: true }), async (desk) => {
      const ben = hired(await signIn(desk, 'ben'));
      const page = await hosted(desk);
      await start(page);
      await seen(page.getByText('Choose what it is about.'));
      expect(await page.getByRole('option', { name: 'Late parcel' }).count()).toBe(0);
      await page.getByLabel('What is it about?').selectOption({ label: 'Wrong invoice' });
      await start(page);
      await seen(heading(page, 'You are next.'));
      await until(ben, (view) => first(view)?.issue === 'Wrong invoice');
    }));
});

describe('an agent', () => {
  it('is listed while online, and is waited for in person', () =>
    onDesk(routing(), async (desk) => {
      const page = await hosted(desk);
      await seen(page.getByRole('button', { name: 'Start chat' }));
      const whom = page.getByLabel('Who would you like to talk to?');
      expect(await whom.count()).toBe(0);
      const mei = hired(await signIn(desk, 'mei'));
      const jonas = hired(await signIn(desk, 'jonas'));
      await seen(whom);
      await whom.getByRole('option', { name: 'Jonas Berg' }).waitFor({ state: 'attached' });
      await whom.selectOption({ label: 'Mei Lin' });
      await page.getByLabel('How can we help?').fill('Only for Mei');
      await start(page);
      await seen(page.getByText('You are waiting for Mei Lin.'));
      const view = await until(mei, ({ state }) => state.waiting.size === 1);
      expect(first(view)).toMatchObject({ agent: 'mei', via: 'chosen' });
      expect(jonas.view().state.waiting.size).toBe(0);
    }));
});

describe('a session key', () => {
  const newKey = async (desk: Desk) => {
    const ana = hired(await signIn(desk, 'ana'));
    await ana.ask({ type: 'newKey' });
    const { state } = await until(ana, (view) => (view.state.me?.keys.length ?? 0) === 1);
    return { ana, key: state.me?.keys[0]?.key ?? '' };
  };

  it('starts a conversation with the agent who made it, once', () =>
    onDesk(routing(), async (desk) => {
      const { ana, key } = await newKey(desk);
      const page = await hosted(desk);
      await page.getByRole('button', { name: 'I have a session key' }).click();
      const field = page.getByLabel('Session key');
      await field.fill(key === '0000000' ? '0000001' : '0000000');
      await start(page);
      await seen(page.getByText(/This key is not valid/));
      await field.fill(`${key.slice(0, 3)} ${key.slice(3)}`);
      await start(page);
      await seen(page.getByText('You are waiting for Ana Silva.'));
      await until(ana, (view) => first(view)?.via === 'key' && first(view)?.agent === 'ana');
      const other = await hosted(desk);
      await other.goto(`${desk.url}/w/web?key=${key}`);
      await seen(other.getByLabel('Session key'));
      expect(await other.getByLabel('Session key').inputValue()).toBe(key);
      await start(other);
      await seen(other.getByText(/This key is not valid/));
    }));

  it('in the address is taken also while the queue is closed, and not told to the agent', () =>
    onDesk(routing({ closed: true, channel: { issueQueues: [] } }), async (desk) => {
      const { ana, key } = await newKey(desk);
      const page = await visitor();
      await page.goto(`${desk.url}/w/web?key=${key}`);
      await start(page);
      await seen(page.getByText('You are waiting for Ana Silva.'));
      const view = await until(ana, ({ state }) => state.waiting.size === 1);
      expect(first(view)?.page).toBe(`${desk.url}/w/web`);
    }));

  it('tried wrong too often is locked, and says until when', () =>
    onDesk(routing(), async (desk) => {
      const page = await hosted(desk);
      await page.getByRole('button', { name: 'I have a session key' }).click();
      const problem = page.getByText(/Too many wrong keys. You can try again at/);
      for (let i = 0; i < 20 && (await problem.count()) === 0; i++) {
        await page.getByLabel('Session key').fill(String(1_000_000 + i));
        await start(page);
        await seen(page.getByText(/This key is not valid|Too many wrong keys/));
        await seen(page.getByRole('button', { name: 'Start chat' }));
      }
      await seen(problem);
    }));
});

describe('a support link', () => {
  const soon = () => Date.now() + 3_600_000;

  it('leads to an agent, who alone is waited for', () =>
    onDesk(routing(), async (desk) => {
      const to = { kind: 'agent', name: 'ana' } as const;
      const { url } = await makeLink(desk, 'ana', { channel: 'web', to, expires: soon() });
      const ana = hired(await signIn(desk, 'ana'));
      const page = await visitor();
      await page.goto(url);
      await seen(page.getByText('You will talk to Ana Silva.'));
      await start(page);
      await seen(page.getByText('You are waiting for Ana Silva.'));
      await until(ana, (view) => first(view)?.via === 'link');
    }));

  it('to an agent who is not online says so, follows, and offers the general line', () =>
    onDesk(routing(), async (desk) => {
      const to = { kind: 'agent', name: 'ana' } as const;
      const { url } = await makeLink(desk, 'ana', { channel: 'web', to, expires: soon() });
      const page = await visitor();
      await page.goto(url);
      await seen(page.getByText('Ana Silva is not available right now.'));
      await seen(page.getByText('You can talk to whoever is free.'));
      hired(await signIn(desk, 'ana'));
      await seen(page.getByText('You will talk to Ana Silva.'));
    }));

  it('that is forged or expired says so', () =>
    onDesk(routing(), async (desk) => {
      const to = { kind: 'team', name: 'care' } as const;
      const { url } = await makeLink(desk, 'ana', {
        channel: 'web',
        to,
        expires: Date.now() + 1_500,
      });
      const page = await visitor();
      await page.goto(`${desk.url}/w/web?to=forged`);
      await seen(page.getByText('This link is not valid.'));
      const token = new URL(url).searchParams.get('to') ?? '';
      const ask = async () =>
        (
          await fetch(`${desk.url}/v1/channels/web?link=${encodeURIComponent(token)}`)
        ).json() as Promise<{ linkError?: string }>;
      await expect.poll(ask).toMatchObject({ linkError: 'link_expired' });
      await page.goto(url);
      await seen(page.getByText('This link has expired.'));
      await join(page, 'Maria', 'then like everybody');
      await seen(heading(page, 'You are next.'));
    }));

  it('on a button of a page opens the widget; the focus comes back to it', () =>
    onDesk(routing(), async (desk) => {
      const to = { kind: 'team', name: 'care' } as const;
      const { url, token } = await makeLink(desk, 'ana', { channel: 'web', to, expires: soon() });
      const ana = hired(await signIn(desk, 'ana'));
      const site = await longShop(
        desk,
        `<a href="${url}" data-usher-open data-usher-to="${token}">Ask our team</a> <button data-usher-open>Help</button>`,
      );
      try {
        const page = await visitor();
        await page.goto(site.url);
        const button = page.getByRole('link', { name: 'Ask our team' });
        await seen(page.getByRole('button', { name: 'Open chat' }));
        await button.focus();
        await page.keyboard.press('Enter');
        await seen(page.getByText('You will talk to Customer care.'));
        expect(page.url()).toBe(`${site.url}/`);
        await page.keyboard.press('Escape');
        await expect.poll(() => button.evaluate((it) => it === document.activeElement)).toBe(true);
        await button.click();
        await start(page);
        await seen(page.getByText('You are waiting for Customer care.'));
        await until(ana, (view) => first(view)?.team === 'care');
      } finally {
        await site.stop();
      }
    }));
});

describe('routing while one waits and talks', () => {
  it('hands on with a word, takes others in, and shows who is there', () =>
    onDesk(routing(), async (desk) => {
      const [ana, ben, jonas] = await Promise.all(
        ['ana', 'ben', 'jonas'].map(async (name) => hired(await signIn(desk, name))),
      );
      if (!ana || !ben || !jonas) throw new Error('nobody signed in');
      const page = await hosted(desk);
      await join(page, 'Maria', 'Hello');
      await until(ana, ({ state }) => state.waiting.size === 1);
      const { conversation = '' } = await ana.ask({ type: 'pick' });
      await seen(heading(page, 'You are talking with Ana Silva.'));
      await ana.ask({ type: 'invite', conversation, to: { kind: 'agent', name: 'jonas' } });
      await until(jonas, ({ state }) => state.invitations.size === 1);
      await jonas.ask({ type: 'enter', conversation });
      await seen(heading(page, 'You are talking with Ana Silva and Jonas Berg.'));
      await jonas.ask({ type: 'leave', conversation });
      await seen(heading(page, 'You are talking with Ana Silva.'));
      await ana.ask({ type: 'transfer', conversation, to: { kind: 'queue', name: 'billing' } });
      await seen(page.getByText('Ana Silva handed you on to Billing.'));
      await seen(heading(page, 'You are next.'));
      await until(ben, ({ state }) => state.waiting.size === 1);
      await ben.ask({ type: 'pick', conversation });
      await seen(heading(page, 'You are talking with Ben Okoro.'));
      await seen(page.getByRole('log').getByText('Hello'));
    }));

  it('lets who wrote and left come back by writing, with the same conversation', () =>
    onDesk(routing(), async (desk) => {
      const ana = hired(await signIn(desk, 'ana'));
      const page = await hosted(desk);
      await join(page, 'Maria', 'Hello');
      const before = await until(ana, ({ state }) => state.waiting.size === 1);
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await seen(heading(page, 'You left the queue'));
      await until(ana, ({ state }) => state.waiting.size === 0);
      await page.reload();
      await seen(page.getByText('Write a message to come back.'));
      await say(page, 'I am back');
      await seen(heading(page, 'You are next.'));
      const after = await until(ana, ({ state }) => state.waiting.size === 1);
      expect(first(after)?.conversation).toBe(first(before)?.conversation);
    }));

  it('lets who left begin another conversation instead', () =>
    onDesk(routing(), async (desk) => {
      const page = await hosted(desk);
      await join(page, 'Maria', 'Hello');
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await page.getByRole('button', { name: 'Start a new chat' }).click();
      await join(page, 'Maria', 'Something else');
      await seen(heading(page, 'You are next.'));
      await seen(page.getByRole('log').getByText('Something else'));
      expect(await page.getByText('Hello', { exact: true }).count()).toBe(0);
    }));

  it('keeps features off that are switched off', () =>
    onDesk(routing({ queue: { disabled: ['emoji', 'typing'] } }), async (desk) => {
      const ana = hired(await signIn(desk, 'ana'));
      const page = await hosted(desk);
      await join(page, 'Maria', 'Hello');
      await until(ana, ({ state }) => state.waiting.size === 1);
      await ana.ask({ type: 'pick' });
      await seen(heading(page, /You are talking with/));
      expect(await page.getByRole('button', { name: 'Emoji' }).count()).toBe(0);
    }));

  it('lets one put an emoji in by keys alone', () =>
    onDesk(routing(), async (desk) => {
      const page = await hosted(desk);
      await join(page, 'Maria', 'Hello');
      const field = page.getByRole('textbox', { name: 'Message' });
      await field.fill('Thank you ');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await seen(page.getByRole('group', { name: 'Emoji' }).getByRole('button'));
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      expect(await field.inputValue()).toMatch(/^Thank you \p{Emoji}/u);
      await page.keyboard.press('Enter');
      await seen(page.getByRole('log').getByText(/^Thank you \p{Emoji}/u));
    }));
});
