/** From the first look at the page to the end of a conversation, against a real runtime. */
import { signIn, until, visit } from '@usher/testing/people';
import { closedUntil, sample } from '@usher/testing/settings';
import { describe, expect, it } from 'vitest';
import { hired, hosted, join, onDesk, say, seen, unseen } from './world.ts';

describe('a queue that is closed', () => {
  it('says when it opens, in the visitor’s time and the desk’s', () =>
    onDesk(
      sample({
        queue: { schedule: 'hours' },
        schedules: [closedUntil(new Date(), 3, 'America/New_York')],
        channel: { unavailable: { action: 'Message', message: 'Write to help@acme.example.' } },
      }),
      async (desk) => {
        const page = await hosted(desk, { timeZone: 'Europe/Lisbon' });
        const heading = page.getByRole('heading', { level: 2 });
        await seen(heading);
        const weekday = new Intl.DateTimeFormat('en-GB', {
          weekday: 'long',
          timeZone: 'America/New_York',
        }).format(Date.now() + 3 * 86_400_000);
        expect(await heading.textContent()).toMatch(
          new RegExp(`^Closed\\. Opens ${weekday} 1[23]:00 \\(08:00 in New York\\)\\.$`),
        );
        await seen(page.getByText('Write to help@acme.example.'));
      },
    ));

  it('closed by hand while one looks takes the form away, and opens again', () =>
    onDesk(sample(), async (desk) => {
      const page = await hosted(desk);
      await seen(page.getByRole('button', { name: 'Start chat' }));
      await page.getByLabel('How can we help?').fill('half a question');
      const ana = hired(await signIn(desk, 'ana'));
      await ana.ask({ type: 'close', queue: 'support', reason: 'fire drill' });
      await seen(page.getByRole('heading', { name: 'Closed.' }));
      await ana.ask({ type: 'auto', queue: 'support' });
      await seen(page.getByRole('button', { name: 'Start chat' }));
      expect(await page.getByLabel('How can we help?').inputValue()).toBe('half a question');
    }));
});

describe('a queue that does not let customers wait', () => {
  it('is not offered while nobody is there, offered when an agent comes, busy when none is free', () =>
    onDesk(
      sample({ queue: { whenBusy: { offer: 'Nothing' } }, team: { maxConversations: 1 } }),
      async (desk) => {
        const page = await hosted(desk);
        await seen(page.getByRole('heading', { name: 'Nobody is here just now' }));
        const ana = hired(await signIn(desk, 'ana'));
        await seen(page.getByText('An agent is free now.'));
        const other = hired(await visit(desk, 'web'));
        await other.ask({ type: 'join', text: 'me first' });
        await ana.ask({ type: 'pick' });
        await seen(page.getByRole('heading', { name: 'All agents are busy' }));
      },
    ));
});

describe('waiting', () => {
  it('shows the place, and the place changes when the one before leaves', () =>
    onDesk(sample(), async (desk) => {
      const first = hired(await visit(desk, 'web'));
      await first.ask({ type: 'join', text: 'I was here first' });
      const page = await hosted(desk);
      await seen(page.getByText('No agent is free just now. 1 person is waiting.'));
      await join(page, 'Maria', 'Where is my parcel?');
      await seen(page.getByRole('heading', { name: 'You are number 2 in the queue.' }));
      await seen(page.getByRole('log').getByText('Where is my parcel?'));
      await first.ask({ type: 'end' });
      await seen(page.getByRole('heading', { name: 'You are next.' }));
    }));

  it('can be left, after a question, and begun again', () =>
    onDesk(sample(), async (desk) => {
      const page = await hosted(desk);
      await join(page, 'Maria', '');
      await page.getByRole('button', { name: 'Leave the queue' }).click();
      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await seen(page.getByText('You left the queue.'));
      await page.getByRole('button', { name: 'Start a new chat' }).click();
      await join(page, 'Maria', 'again');
      await seen(page.getByRole('heading', { name: 'You are next.' }));
    }));

  it('in a full queue is not offered to the next', () =>
    onDesk(
      sample({ queue: { whenBusy: { offer: 'Queue', capacity: { mode: 'Fixed', places: 1 } } } }),
      async (desk) => {
        const page = await hosted(desk);
        await seen(page.getByRole('button', { name: 'Start chat' }));
        const other = hired(await visit(desk, 'web'));
        await other.ask({ type: 'join' });
        await seen(page.getByRole('heading', { name: 'The queue is full' }));
      },
    ));
});

describe('a conversation', () => {
  it('goes both ways, is kept over a reload, is ended by the agent, and another is begun', () =>
    onDesk(sample(), async (desk) => {
      const page = await hosted(desk);
      const ana = hired(await signIn(desk, 'ana'));
      await join(page, 'Maria', 'Where is my parcel?');
      await until(ana, ({ state }) => state.waiting.size === 1);
      const { conversation } = await ana.ask({ type: 'pick' });
      await seen(page.getByRole('heading', { name: 'You are talking with Ana Silva.' }));
      ana.say('Hello Maria, let me look.', conversation);
      await seen(page.getByRole('log').getByText('Hello Maria, let me look.'));
      await say(page, 'Thank you');
      await until(ana, ({ state }) =>
        (state.messages.get(conversation ?? '') ?? []).some(({ text }) => text === 'Thank you'),
      );
      await unseen(page.getByText('Sending…'));
      ana.typing(conversation);
      await seen(page.getByText('Ana Silva is writing…'));

      await page.getByRole('textbox', { name: 'Message' }).fill('not sent yet');
      await page.reload();
      await seen(page.getByRole('log').getByText('Thank you'));
      expect(await page.getByRole('log').getByText('Thank you').count()).toBe(1);
      expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe(
        'not sent yet',
      );

      await ana.ask({ type: 'end', ...(conversation ? { conversation } : {}) });
      await seen(page.getByText('Ana Silva ended the chat.'));
      expect(await page.getByRole('textbox').count()).toBe(0);
      await page.getByRole('button', { name: 'Start a new chat' }).click();
      await join(page, 'Maria', 'One more thing');
      await seen(page.getByRole('heading', { name: 'You are next.' }));
      expect(await page.getByText('Thank you').count()).toBe(0);
    }));

  it('longer than a snapshot can be read back to its beginning after a reload', () =>
    onDesk(sample(), async (desk) => {
      const page = await hosted(desk);
      const ana = hired(await signIn(desk, 'ana'));
      await join(page, 'Maria', 'line 0');
      await until(ana, ({ state }) => state.waiting.size === 1);
      const { conversation } = await ana.ask({ type: 'pick' });
      for (let i = 1; i <= 70; i++) ana.say(`line ${i}`, conversation);
      await until(ana, ({ entries }) => entries.length === 0);
      const log = page.getByRole('log');
      await seen(log.getByText('line 70', { exact: true }));
      await page.reload();
      await seen(log.getByText('line 70', { exact: true }));
      expect(await log.getByText('line 0', { exact: true }).count()).toBe(0);
      await page.getByRole('button', { name: 'Show earlier messages' }).click();
      await log.getByText('line 0', { exact: true }).waitFor({ state: 'attached' });
      const lines = await log.locator('.bubble').allTextContents();
      expect(lines).toEqual(Array.from({ length: 71 }, (_, i) => `line ${i}`));
    }));
});
