import { act, screen } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import { aConversation, aMessage, aQueue, aWaiting, NOW, show } from '../../testing/fixture';
import { anInvitation, aPost, aTeam } from '../../testing/things';
import { Offers } from '../offers/Offers';
import { ConnectionBar, LOST_AFTER_MS } from '../shell/ConnectionBar';
import { Alerts } from './Alerts';
import { Notes } from './Notes';

const assertive = () => document.querySelector('[data-announcer="assertive"]')?.textContent?.trim();
const polite = () => document.querySelector('[data-announcer="polite"]')?.textContent?.trim();

describe('what is said', () => {
  test('somebody begins to wait: said at once, and only for the first', async () => {
    const { update } = await show(<Alerts />, '/queues', [aQueue()]);
    update(aQueue({ waiting: 1 }), aWaiting('Maria'));
    expect(assertive()).toBe('Customer is waiting in Support');
    update(aConversation('Lars', { state: 'offered' }));
    expect(assertive()).toBe('You are offered Lars from Support');
    update(aQueue({ waiting: 2 }), aWaiting('Bo'));
    expect(assertive()).toBe('You are offered Lars from Support');
  });

  test('a customer’s message is said by name and text, an own one is not', async () => {
    const { update } = await show(<Alerts />, '/queues', [aQueue(), aConversation('Maria')]);
    update(aMessage('Maria', 110, 'customer', 'Hello'));
    expect(polite()).toBe('Maria: Hello');
    update(aMessage('Maria', 111, 'agent', 'Hello Maria'));
    expect(polite()).toBe('Maria: Hello');
  });

  test('what a snapshot brings is not news', async () => {
    const { far } = await show(<Alerts />, '/queues', [aQueue()]);
    const before = assertive();
    far.say({ type: 'snapshot', seq: 200, changes: [aQueue({ waiting: 3 })] });
    expect(assertive()).toBe(before);
  });
});

describe('an offer', () => {
  test('says where the customer comes from, and how long it stands', async () => {
    const { far, path } = await show(<Offers />, '/queues', [
      aQueue(),
      aConversation('Maria', { state: 'offered', fromQueue: true, offerUntil: NOW + 29_000 }),
      aMessage('Maria', 1, 'customer', 'Change of address'),
    ]);
    expect(
      screen.getByRole('heading', { name: 'You are offered the first in line' }),
    ).toBeDefined();
    expect(screen.getByText(/comes from the queue/).textContent).toBe(
      'Maria comes from the queue Support',
    );
    expect(screen.getByText('29 s left')).toBeDefined();
    expect(screen.getByText('Change of address')).toBeDefined();
    act(() => screen.getByRole('button', { name: 'Accept' }).click());
    expect(far.last('accept').conversation).toBe('Maria');
    await act(async () => far.ack('accept', 'Maria'));
    expect(path()).toBe('/c/Maria');
  });

  test('that was not accepted in time says that it went back', async () => {
    const { update } = await show(<Notes />, '/queues', [aQueue()]);
    update({
      kind: 'notice',
      notice: { code: 'offer_expired', message: 'gone', conversation: 'Maria' },
    });
    expect(
      screen.getAllByText('The offer went back to the line because it was not accepted in time.')
        .length,
    ).toBeGreaterThan(0);
  });
});

describe('the connection', () => {
  test('a loss shorter than two seconds is not told; a longer one says what is kept', async () => {
    const { far } = await show(<ConnectionBar />, '/queues', [aQueue()]);
    vi.useFakeTimers();
    try {
      far.break();
      act(() => void vi.advanceTimersByTime(LOST_AFTER_MS - 100));
      expect(screen.queryByText(/Connection lost/)).toBeNull();
      act(() => void vi.advanceTimersByTime(200));
      const bar = screen.getByText(/^Connection lost at/);
      expect(bar.textContent).toContain('What you see may be old. Your text is kept.');
      expect(screen.getByRole('button', { name: 'Try now' })).toBeDefined();
      expect(assertive()).toBe('Connection lost.');
    } finally {
      vi.useRealTimers();
    }
  });

  test('a desk of another version asks to load the page again', async () => {
    const { far } = await show(<ConnectionBar />, '/queues', [aQueue()]);
    far.break(4004);
    expect(screen.getByRole('button', { name: 'Load again' })).toBeDefined();
    expect(screen.getByText(/your drafts are kept/)).toBeDefined();
  });
});

describe('what routing brings', () => {
  test('is said: an alert, a team, somebody for me, an invitation, a post', async () => {
    const { update } = await show(<Alerts />, '/queues', [
      aQueue({ waiting: 1 }),
      aTeam('tier1', { displayName: 'First line' }),
    ]);
    update(aQueue({ waiting: 1, alerted: 1 }));
    expect(assertive()).toBe('Somebody waits too long in Support');
    update(aTeam('tier1', { displayName: 'First line', waiting: 1 }));
    expect(assertive()).toBe('Customer is waiting in First line');
    update(aWaiting('Maria', { agent: 'ana' }));
    expect(assertive()).toBe('Maria waits for you');
    // Who waits for a colleague is the colleague's news.
    update(aWaiting('Lars', { agent: 'ben' }));
    expect(assertive()).toBe('Maria waits for you');
    update(anInvitation('c9'));
    expect(assertive()).toBe('Ben asks you into a conversation of Support');
    update({ kind: 'post', post: aPost('t:tier1', 900, 'ben', 'Anybody free?') });
    expect(polite()).toBe('Ben: Anybody free?');
    update({ kind: 'post', post: aPost('t:tier1', 901, 'ana', 'I am') });
    expect(polite()).toBe('Ben: Anybody free?');
  });

  test('an alert goes with the customer who waited too long', async () => {
    const { update } = await show(<Notes />, '/queues', [aQueue(), aWaiting('Maria')]);
    const notice = { code: 'alert', message: 'Maria waits for 3 min.', conversation: 'Maria' };
    update({ kind: 'notice', notice });
    expect(screen.getByText('Maria waits for 3 min.', { selector: '.note-words' })).toBeDefined();
    update({ kind: 'gone', gone: { kind: 'waiting', id: 'Maria', why: 'picked', by: 'Ben' } });
    expect(screen.queryByText('Maria waits for 3 min.', { selector: '.note-words' })).toBeNull();
  });
});
