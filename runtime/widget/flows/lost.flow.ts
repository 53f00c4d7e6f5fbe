/** What was written is there once, whatever happens to the connection and to the server. */
import type { Client } from '@usher/protocol/client';
import { serverGone } from '@usher/testing/browser';
import type { Desk } from '@usher/testing/desk';
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { hired, hosted, join, onDesk, say, seen, unseen, visitor } from './world.ts';

interface Pair {
  page: Page;
  ana: Client;
  id: string;
}

async function talking(desk: Desk, page: Page): Promise<Pair> {
  const ana = hired(await signIn(desk, 'ana'));
  await join(page, 'Maria', 'first');
  await until(ana, ({ state }) => state.waiting.size === 1);
  const { conversation: id = '' } = await ana.ask({ type: 'pick' });
  await seen(page.getByRole('heading', { name: 'You are talking with Ana Silva.' }));
  return { page, ana, id };
}

/** What the agent has of the customer, in order. */
function received(ana: Client, id: string): string[] {
  const list = ana.view().state.messages.get(id) ?? [];
  return list.filter(({ from }) => from === 'customer').map(({ text }) => text);
}

describe('a server that is killed', () => {
  it('is told with time and next attempt; what is written meanwhile is sent once when it is back', () =>
    onDesk(sample(), async (desk) => {
      const { page, ana, id } = await talking(desk, await hosted(desk, {}, serverGone));
      await say(page, 'before');
      await until(ana, () => received(ana, id).length === 2);
      await desk.kill();
      await seen(page.getByText(/^Connection lost at \d\d:\d\d\. Your text is kept\./));
      await say(page, 'while it was gone');
      await seen(page.getByText('Not sent yet'));
      await page.getByRole('textbox', { name: 'Message' }).fill('and a draft');
      await desk.restart();
      await unseen(page.getByText(/Connection lost/));
      await until(ana, () => received(ana, id).length === 3);
      await unseen(page.getByText('Not sent yet'));
      expect(received(ana, id)).toEqual(['first', 'before', 'while it was gone']);
      expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('and a draft');
      ana.say('I am still here', id);
      await seen(page.getByRole('log').getByText('I am still here'));
    }));

  it(
    'in the very moment of sending loses nothing and takes nothing twice',
    () =>
      onDesk(sample(), async (desk) => {
        const { page, ana, id } = await talking(desk, await hosted(desk, {}, serverGone));
        const texts = ['first'];
        for (let round = 1; round <= 5; round++) {
          const text = `round ${round}`;
          texts.push(text);
          await page.getByRole('textbox', { name: 'Message' }).fill(text);
          // No waiting in between: the kill meets the message somewhere on its way.
          await Promise.all([page.keyboard.press('Enter'), desk.kill()]);
          await desk.restart();
          await until(ana, () => received(ana, id).length >= round + 1);
        }
        expect(received(ana, id)).toEqual(texts);
        await unseen(page.locator('.fate'));
        const shown = await page.getByRole('log').locator('.customer .bubble').allTextContents();
        expect(shown).toEqual(texts);
      }),
    240_000,
  );
});

describe('a frame that is lost on its way', () => {
  it('is sent again after a reload, with the same number, and taken once', () =>
    onDesk(sample(), async (desk) => {
      const page = await visitor();
      let holding = false;
      const held: string[] = [];
      await page.routeWebSocket(/customer\/stream/, (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((frame) => {
          const text = `${frame}`;
          if (text.includes('"type":"say"') && holding) held.push(text);
          else server.send(frame);
        });
      });
      await page.goto(`${desk.url}/w/web`);
      const { ana, id } = await talking(desk, page);
      holding = true;
      await say(page, 'lost on its way');
      await seen(page.getByText('Sending…'));
      await expect.poll(() => held.length).toBe(1);
      await page.reload();
      const before = held.length;
      await seen(page.getByRole('log').getByText('lost on its way'));
      await expect.poll(() => held.length).toBeGreaterThan(before);
      for (const again of held) expect(JSON.parse(again)).toEqual(JSON.parse(held[0] ?? ''));
      holding = false;
      await page.reload();
      await until(ana, () => received(ana, id).length === 2);
      await unseen(page.locator('.fate'));
      expect(received(ana, id)).toEqual(['first', 'lost on its way']);
      expect(await page.getByRole('log').getByText('lost on its way').count()).toBe(1);
    }));

  it('of the server is found by the gap, and made good', () =>
    onDesk(sample(), async (desk) => {
      const page = await visitor();
      let dropNext = false;
      let sockets = 0;
      await page.routeWebSocket(/customer\/stream/, (socket) => {
        sockets += 1;
        const server = socket.connectToServer();
        server.onMessage((frame) => {
          const isMessage = `${frame}`.includes('"kind":"message"');
          if (dropNext && isMessage) dropNext = false;
          else socket.send(frame);
        });
      });
      await page.goto(`${desk.url}/w/web`);
      const { ana, id } = await talking(desk, page);
      dropNext = true;
      ana.say('dropped', id);
      await until(ana, ({ entries }) => entries.length === 0);
      // Not before it is lost: both may come in one frame.
      await expect.poll(() => dropNext).toBe(false);
      ana.say('next', id);
      await seen(page.getByRole('log').getByText('next'));
      await seen(page.getByRole('log').getByText('dropped'));
      const shown = await page.getByRole('log').locator('.agent .bubble').allTextContents();
      expect(shown).toEqual(['dropped', 'next']);
      expect(sockets).toBe(2);
    }));
});

describe('a copy of the tab', () => {
  it('shows the same conversation, and its messages are its own', () =>
    onDesk(sample(), async (desk) => {
      const { page, ana, id } = await talking(desk, await hosted(desk));
      await say(page, 'from the first tab');
      await until(ana, () => received(ana, id).length === 2);
      const popup = page.waitForEvent('popup');
      // A window that a page opens begins with a copy of its sessionStorage, as a duplicate does.
      await page.evaluate(() => void open(location.href, '_blank'));
      const copy = await popup;
      await seen(copy.getByRole('log').getByText('from the first tab'));
      await say(copy, 'from the copy');
      await seen(page.getByRole('log').getByText('from the copy'));
      await say(page, 'from the first again');
      await until(ana, () => received(ana, id).length === 4);
      expect(received(ana, id)).toEqual([
        'first',
        'from the first tab',
        'from the copy',
        'from the first again',
      ]);
    }));
});
