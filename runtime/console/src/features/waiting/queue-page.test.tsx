import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { aConversation, aQueue, aWaiting, NOW, show } from '../../testing/fixture';
import { Notes } from '../notices/Notes';
import { QueuePage } from './QueuePage';

beforeEach(() => {
  // happy-dom lays nothing out: the list has room for ten rows.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(440);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
  vi.stubGlobal('fetch', async () => new Response('{"messages":[],"entries":[]}'));
});

const page = (shown?: string) => (
  <>
    <QueuePage name="support" tab="waiting" {...(shown ? { shown } : {})} />
    <Notes />
  </>
);
const two = [
  aQueue({ waiting: 2 }),
  aWaiting('Maria'),
  aWaiting('Lars', { arrivedAt: NOW - 400_000 }),
];

describe('the header of a queue', () => {
  test('names state, figures, cause and the next change', async () => {
    await show(page(), '/queue/support', [
      aQueue({
        waiting: 2,
        placesLeft: 3,
        nextTime: NOW + 3_600_000,
        nextState: 'Closed',
        online: 3,
        available: 1,
      }),
    ]);
    expect(screen.getByRole('heading', { level: 1, name: 'Support' })).toBeDefined();
    expect(screen.getByText('Open')).toBeDefined();
    expect(
      screen.getByText('2 waiting · 3 of 12 places left · 3 agents online, 1 available'),
    ).toBeDefined();
    expect(screen.getByText(/^By the schedule · since .* · Closes/)).toBeDefined();
  });

  test('has no open and close for who may not', async () => {
    await show(page(), '/queue/support', [aQueue({ maySwitch: false })]);
    expect(screen.queryByRole('button', { name: 'Open or close' })).toBeNull();
  });

  test('says that a change by hand is on its way, and when it was refused', async () => {
    const { update } = await show(page(), '/queue/support', [
      aQueue({
        state: 'Closed',
        override: { state: 'Closed', by: 'Ana', reason: 'fire drill', pending: true },
      }),
    ]);
    expect(
      screen.getByText(/^Closed by hand by Ana until somebody changes it/).textContent,
    ).toContain('on its way to the cluster');
    update(aQueue(), {
      kind: 'notice',
      notice: { code: 'override_refused', queue: 'support', message: 'field manager git holds it' },
    });
    expect(
      screen.getByText(/was not carried into the cluster\. field manager git holds it/),
    ).toBeDefined();
    await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByText(/was not carried/)).toBeNull();
  });

  test('closes with a reason and an end', async () => {
    const { far } = await show(page(), '/queue/support', [aQueue()]);
    await userEvent.click(screen.getByRole('button', { name: 'Open or close' }));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Close the queue…' }));
    const dialog = screen.getByRole('dialog', { name: 'Close Support' });
    await userEvent.click(within(dialog).getByRole('radio', { name: /^For 30 minutes/ }));
    await userEvent.type(within(dialog).getByRole('textbox', { name: 'Reason' }), 'fire drill');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Close queue' }));
    expect(far.last('close')).toMatchObject({
      queue: 'support',
      reason: 'fire drill',
      until: NOW + 1_800_000,
    });
    far.ack('close');
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(screen.getAllByText('Support is closed.').length).toBeGreaterThan(0);
  });
});

describe('the line', () => {
  test('lists who waits, the longest first, with what their wait means', async () => {
    await show(page(), '/queue/support', two);
    const rows = screen.getAllByRole('row').slice(1);
    expect(rows.map((row) => row.getAttribute('data-row'))).toEqual(['Lars', 'Maria']);
    expect(within(rows[0] as HTMLElement).getByText('Overdue')).toBeDefined();
    expect(within(rows[1] as HTMLElement).getByText('Rep needed')).toBeDefined();
    expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('3');
  });

  test('accepts a row, and goes to the conversation when the desk said yes', async () => {
    const { far, path } = await show(page(), '/queue/support', two);
    await userEvent.click(screen.getByRole('button', { name: 'Accept Maria' }));
    expect(far.last('pick')).toMatchObject({ conversation: 'Maria' });
    expect(path()).toBe('/queue/support');
    expect(screen.getByText('Accepting…')).toBeDefined();
    far.ack('pick', 'Maria');
    await waitFor(() => expect(path()).toBe('/c/Maria'));
  });

  test('a lost race is told by name, and nothing else happens', async () => {
    const { far, path } = await show(page(), '/queue/support', two);
    await userEvent.click(screen.getByRole('button', { name: 'Accept Maria' }));
    far.say({
      type: 'refused',
      cid: far.last('pick').cid ?? 0,
      error: { code: 'already_taken', message: 'taken', by: 'Jonas' },
    });
    await screen.findAllByText('Jonas has this customer already.');
    expect(path()).toBe('/queue/support');
  });

  test('who is offered to a colleague cannot be accepted', async () => {
    await show(page(), '/queue/support', [
      aQueue({ waiting: 1 }),
      aWaiting('Maria', { offeredTo: 'Jonas' }),
    ]);
    expect(screen.getByText('Offered to Jonas')).toBeDefined();
    expect(screen.getByRole('button', { name: 'Accept Maria' })).toHaveProperty('disabled', true);
  });

  test('empty says so in one sentence', async () => {
    await show(page(), '/queue/support', [aQueue()]);
    expect(screen.getByText('Nobody is waiting. You will hear a sound.')).toBeDefined();
  });

  test('while the connection is lost nobody can be accepted', async () => {
    const { far } = await show(page(), '/queue/support', two);
    far.break();
    expect(screen.getByRole('button', { name: 'Accept Maria' })).toHaveProperty('disabled', true);
    expect(screen.getByRole('button', { name: /^Accept next/ })).toHaveProperty('disabled', true);
  });

  test('sorts by a header and remembers it', async () => {
    await show(page(), '/queue/support', two);
    await userEvent.click(screen.getByRole('button', { name: 'Customer' }));
    expect(screen.getByRole('columnheader', { name: 'Customer' }).getAttribute('aria-sort')).toBe(
      'ascending',
    );
    expect(localStorage.getItem('usher.sort.support')).toBe('customer up');
  });
});

describe('the preview', () => {
  test('says that the customer does not see it, and stays when somebody else accepts', async () => {
    const { update } = await show(page('Maria'), '/queue/support/w/Maria', two);
    const preview = screen.getByRole('region', { name: 'Preview' });
    expect(within(preview).getByText('Customer does not see that you look.')).toBeDefined();
    update({ kind: 'gone', gone: { kind: 'waiting', id: 'Maria', why: 'picked', by: 'Jonas' } });
    expect(within(preview).getByText(/^Jonas accepted this at/)).toBeDefined();
    expect(within(preview).getByText('Question of Maria')).toBeDefined();
    expect(within(preview).getByRole('button', { name: /^Accept/ })).toHaveProperty(
      'disabled',
      true,
    );
  });

  test('does not call my own acceptance a loss', async () => {
    const { update } = await show(page('Maria'), '/queue/support/w/Maria', two);
    update(aConversation('Maria'), {
      kind: 'gone',
      gone: { kind: 'waiting', id: 'Maria', why: 'picked', by: 'ana' },
    });
    expect(screen.queryByText(/accepted this/)).toBeNull();
  });

  test('of somebody who left the line says so', async () => {
    const { update } = await show(page('Maria'), '/queue/support/w/Maria', two);
    update({ kind: 'gone', gone: { kind: 'waiting', id: 'Maria', why: 'left' } });
    expect(screen.getAllByText(/^The customer left the line at/).length).toBeGreaterThan(0);
  });
});

test('a queue that is not mine says who can give the right', async () => {
  await show(<QueuePage name="secret" tab="waiting" />, '/queue/secret', [aQueue()]);
  expect(
    screen.getByRole('heading', { level: 1, name: 'You cannot see the queue secret' }),
  ).toBeDefined();
});

describe('what is known of who waits', () => {
  const handed = aWaiting('Maria', {
    via: 'transfer',
    from: 'ben',
    fromName: 'Ben',
    note: 'Knows the order',
    issue: 'A parcel',
    returned: 'lost',
    alerted: true,
  });

  test('stands as marks in the row and in full in the preview', async () => {
    await show(page('Maria'), '/queue/support/w/Maria', [aQueue({ waiting: 1 }), handed]);
    const row = screen.getAllByRole('row')[1] as HTMLElement;
    for (const mark of ['Alert', 'Reconnected', 'From Ben', 'A parcel'])
      expect(within(row).getByText(mark)).toBeDefined();
    const preview = screen.getByRole('region', { name: 'Preview' });
    expect(within(preview).getByText('Knows the order')).toBeDefined();
    expect(within(preview).getByRole('link', { name: 'Why?' }).getAttribute('href')).toBe(
      '/why/Maria',
    );
  });

  test('is judged by the times of the desk where it tells them', async () => {
    const late = { unansweredSince: NOW - 400_000, soonAt: NOW - 1, overdueAt: NOW + 60_000 };
    await show(page(), '/queue/support', [
      aQueue({ waiting: 1 }),
      aWaiting('Maria', { arrivedAt: NOW - 400_000, ...late }),
    ]);
    expect(screen.getByText('Soon overdue')).toBeDefined();
  });

  test('a queue that keeps it back shows no words before it is accepted', async () => {
    let asked = 0;
    vi.stubGlobal('fetch', async () => {
      asked++;
      return new Response('{"messages":[]}');
    });
    await show(page('Maria'), '/queue/support/w/Maria', [
      aQueue({ waiting: 1, disabled: ['preview'] }),
      aWaiting('Maria'),
    ]);
    const preview = screen.getByRole('region', { name: 'Preview' });
    expect(within(preview).getByText(/only after it is accepted/)).toBeDefined();
    expect(asked).toBe(0);
  });
});
