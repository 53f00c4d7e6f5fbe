/** A tab that dies in the middle of sending, and comes back. */
import { signIn, until } from '@usher/testing/people';
import { sample } from '@usher/testing/settings';
import { describe, expect, it } from 'vitest';
import { hired, join, onDesk, say, seen, unseen, visitor } from './world.ts';

describe('a tab that crashes before it heard that its message was taken', () => {
  it('does not send it a second time when it is loaded again', () =>
    onDesk(sample(), async (desk) => {
      const page = await visitor();
      let deaf = false;
      await page.routeWebSocket(/customer\/stream/, (socket) => {
        const server = socket.connectToServer();
        server.onMessage((frame) => {
          if (!deaf) socket.send(frame);
        });
      });
      await page.goto(`${desk.url}/w/web`);
      const ana = hired(await signIn(desk, 'ana'));
      await join(page, 'Maria', 'first');
      await until(ana, ({ state }) => state.waiting.size === 1);
      const { conversation = '' } = await ana.ask({ type: 'pick' });
      await seen(page.getByRole('heading', { name: 'You are talking with Ana Silva.' }));
      deaf = true;
      await say(page, 'taken, but it does not know');
      const received = () =>
        (ana.view().state.messages.get(conversation) ?? [])
          .filter(({ from }) => from === 'customer')
          .map(({ text }) => text);
      await until(ana, () => received().length === 2);
      // As after a crash: the record of the tab still says that it lives.
      const records = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
      expect(records).toContain('taken, but it does not know');
      await page.addInitScript((text) => {
        for (const [key, value] of Object.entries(JSON.parse(text) as Record<string, string>)) {
          if (key.startsWith('usher.tab.')) sessionStorage.setItem(key, value);
        }
      }, records);
      deaf = false;
      await page.reload();
      await seen(page.getByRole('log').getByText('taken, but it does not know'));
      await unseen(page.locator('.fate'));
      ana.say('last', conversation);
      await seen(page.getByRole('log').getByText('last'));
      expect(received()).toEqual(['first', 'taken, but it does not know']);
      const shown = await page.getByRole('log').locator('.customer .bubble').allTextContents();
      expect(shown).toEqual(['first', 'taken, but it does not know']);
    }));
});
