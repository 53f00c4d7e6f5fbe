import { act, fireEvent, screen as page, within } from '@testing-library/preact';
import { describe, expect, it, vi } from 'vitest';
import { channel, told } from './harness.ts';
import { focused, live, opened, press, write } from './panel-harness.tsx';

const joined = (h: { sent(): Record<string, unknown>[] }) =>
  h.sent().filter(({ type }) => type === 'join');
const select = (label: string) => page.getByRole('combobox', { name: label }) as HTMLSelectElement;
const choose = (label: string, value: string) =>
  act(() => void fireEvent.change(select(label), { target: { value } }));

const issues = [
  { id: 'support/late', queue: 'support', queueName: 'Support', displayName: 'Late parcel' },
  { id: 'support/broken', queue: 'support', queueName: 'Support', displayName: 'Broken goods' },
  { id: 'billing/refund', queue: 'billing', queueName: 'Billing', displayName: 'Refund' },
];
const agents = [
  { name: 'ana', displayName: 'Ana Silva' },
  { name: 'ben', displayName: 'Ben Okoro' },
];

describe('an issue', () => {
  it('is chosen from a list grouped by queue, or left as something else', async () => {
    const h = await opened();
    live(h, told.channel({ issues }));
    const groups = [...select('What is it about?').querySelectorAll('optgroup')];
    expect(groups.map(({ label }) => label)).toEqual(['Support', 'Billing']);
    choose('What is it about?', 'billing/refund');
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({ issue: 'billing/refund' });
  });

  it('of a single queue stands in no group', async () => {
    const h = await opened();
    live(h, told.channel({ issues: issues.slice(0, 2) }));
    expect(select('What is it about?').querySelector('optgroup')).toBeNull();
    press('Start chat');
    expect(joined(h)[0]).not.toHaveProperty('issue');
  });

  it('leads to another queue while the channel’s own is closed, and has to be chosen then', async () => {
    const h = await opened();
    const closed = { offered: false, availability: 'closed', agents } as const;
    live(h, told.channel({ ...closed, issues: issues.slice(2) }));
    expect(page.queryByRole('combobox', { name: 'Who would you like to talk to?' })).toBeNull();
    press('Start chat');
    expect(joined(h)).toEqual([]);
    expect(focused()).toBe(select('What is it about?'));
    expect(page.getByText('Choose what it is about.')).toBeTruthy();
    choose('What is it about?', 'billing/refund');
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({ issue: 'billing/refund' });
  });

  it('of a queue that is only busy is no way around it', async () => {
    const h = await opened();
    live(h, told.channel({ offered: false, availability: 'busy', issues, agents }));
    expect(page.getByRole('heading', { name: 'All agents are busy' })).toBeTruthy();
  });

  it('that is no longer listed is not sent', async () => {
    const h = await opened();
    live(h, told.channel({ issues }));
    choose('What is it about?', 'billing/refund');
    act(() => h.update(told.channel({ issues: issues.slice(0, 2) })));
    press('Start chat');
    expect(joined(h)[0]).not.toHaveProperty('issue');
  });
});

describe('an agent', () => {
  it('is asked for by name, and then it does not matter what it is about', async () => {
    const h = await opened();
    live(h, told.channel({ agents, issues }));
    choose('What is it about?', 'billing/refund');
    choose('Who would you like to talk to?', 'ben');
    expect(page.queryByRole('combobox', { name: 'What is it about?' })).toBeNull();
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({ agent: 'ben' });
    expect(joined(h)[0]).not.toHaveProperty('issue');
  });

  it('who went offline is not asked for', async () => {
    const h = await opened();
    live(h, told.channel({ agents }));
    choose('Who would you like to talk to?', 'ben');
    act(() => h.update(told.channel({ agents: agents.slice(0, 1) })));
    press('Start chat');
    expect(joined(h)[0]).not.toHaveProperty('agent');
  });
});

describe('how to be reached', () => {
  it('may be told at the start, and is sent with it', async () => {
    const h = await opened();
    live(h, told.channel());
    write('E-mail', ' maria@acme.example ');
    write('Phone', '+358 40 123 4567');
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({
      email: 'maria@acme.example',
      phone: '+358 40 123 4567',
    });
  });

  it('that cannot be right is told at the field, which gets the focus', async () => {
    const h = await opened();
    live(h, told.channel());
    write('E-mail', 'maria@acme');
    press('Start chat');
    expect(joined(h)).toEqual([]);
    const field = page.getByRole('textbox', { name: 'E-mail' });
    expect(focused()).toBe(field);
    expect(field.getAttribute('aria-invalid')).toBe('true');
    const described = document.getElementById(field.getAttribute('aria-describedby') ?? '');
    expect(described?.textContent).toMatch(/not a whole e-mail address/);
    write('E-mail', 'maria@acme.example');
    expect(field.getAttribute('aria-invalid')).toBe('false');
  });

  it('stays open for who empties a field again', async () => {
    const h = await opened();
    live(h, told.channel());
    const fold = page.getByRole('textbox', { name: 'Phone', hidden: true }).closest('details');
    expect(fold?.open).toBe(false);
    write('Phone', '+358 40');
    expect(fold?.open).toBe(true);
    write('Phone', '');
    expect(fold?.open).toBe(true);
  });
});

describe('a session key', () => {
  it('has the focus with its field, not later, when the visitor may be in another', async () => {
    const h = await opened();
    live(h, told.channel({ sessionKeys: true }));
    // Without act, as in a browser: what is put off to the next frame has not run here.
    page.getByRole('button', { name: 'I have a session key' }).click();
    for (let task = 0; task < 5; task++) await Promise.resolve();
    expect(focused()).toBe(page.getByRole('textbox', { name: 'Session key' }));
  });

  it('is typed as people write it, and sent as seven digits', async () => {
    const h = await opened();
    live(h, told.channel({ sessionKeys: true }));
    press('I have a session key');
    expect(focused()).toBe(page.getByRole('textbox', { name: 'Session key' }));
    write('Session key', '123');
    press('Start chat');
    expect(page.getByText('Write the 7 digits of the key.')).toBeTruthy();
    expect(joined(h)).toEqual([]);
    write('Session key', '123-45 67');
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({ key: '1234567' });
  });

  it('that the page was opened with stands in the form', async () => {
    const h = await opened({ wish: { key: '7654321' } });
    live(h, told.channel({ sessionKeys: true }));
    const field = page.getByRole('textbox', { name: 'Session key' }) as HTMLInputElement;
    expect(field.value).toBe('7654321');
  });

  it('is taken also where the chat is not offered', async () => {
    const h = await opened();
    live(h, told.channel({ sessionKeys: true, offered: false, availability: 'closed' }));
    press('I have a session key');
    write('Session key', '1234567');
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({ key: '1234567' });
    act(() => h.refuse(1, 'key_invalid'));
    await vi.waitFor(() => page.getByText(/This key is not valid/));
    press('I have no key');
    expect(page.getByRole('heading', { name: 'Closed.' })).toBeTruthy();
  });

  it('locked after too many says until when', async () => {
    const h = await opened();
    live(h, told.channel({ sessionKeys: true }));
    press('I have a session key');
    write('Session key', '1234567');
    press('Start chat');
    const error = { code: 'key_locked', message: 'locked', retryAfterMs: 600_000 };
    act(() => h.env.socket.give({ type: 'refused', cid: 1, error }));
    await vi.waitFor(() =>
      page.getByText(
        `Too many wrong keys. You can try again at ${h.model.words.time(h.env.time + 600_000)}.`,
      ),
    );
  });

  it('where none is taken says so, and goes on without', async () => {
    const h = await opened({ wish: { key: '7654321' } });
    live(h, told.channel());
    expect(page.getByText('Session keys are not taken here.')).toBeTruthy();
    expect(page.queryByRole('textbox', { name: 'Session key' })).toBeNull();
    press('Start chat');
    expect(joined(h)[0]).not.toHaveProperty('key');
  });
});

describe('a support link', () => {
  const link = (offered = true) => ({
    to: { kind: 'agent' as const, name: 'ana' },
    name: 'Ana Silva',
    offered,
    expires: 1,
  });

  it('says to whom it leads, and starts there', async () => {
    const h = await opened({
      wish: { link: 'TOKEN' },
      config: { channel: channel({ link: link() }) },
    });
    live(h, told.channel({ issues, agents }));
    expect(page.getByText('You will talk to Ana Silva.')).toBeTruthy();
    expect(page.queryByRole('combobox')).toBeNull();
    press('Start chat');
    expect(joined(h)[0]).toMatchObject({ link: 'TOKEN' });
    expect(joined(h)[0]?.page).toBe('http://shop.example/cart?size=4');
  });

  it('of a button of the page is asked about when it is pressed', async () => {
    const fetchConfig = vi.fn(async () => ({ channel: channel({ link: link() }) }));
    const h = await opened({ fetchConfig });
    live(h, told.channel());
    expect(page.queryByText(/You will talk to/)).toBeNull();
    act(() => h.model.show({ link: 'OTHER' }));
    await vi.waitFor(() => page.getByText('You will talk to Ana Silva.'));
    expect(fetchConfig).toHaveBeenCalledWith('OTHER');
  });

  it.each([
    [{ linkError: 'link_expired' }, 'This link has expired.'],
    [{ linkError: 'link_invalid' }, 'This link is not valid.'],
    [{ link: link(false) }, 'Ana Silva is not available right now.'],
  ])('that leads nowhere says so and offers the general line: %j', async (more, words) => {
    const answer = { channel: channel(more) };
    const h = await opened({
      wish: { link: 'TOKEN' },
      config: answer,
      fetchConfig: async () => answer,
    });
    live(h, told.channel());
    expect(page.getByText(words)).toBeTruthy();
    expect(page.getByText('You can talk to whoever is free.', { exact: false })).toBeTruthy();
    press('Start chat');
    expect(joined(h)[0]).not.toHaveProperty('link');
  });

  it('works while the channel’s own line is closed, and says why when it does not', async () => {
    let answer = { channel: channel({ link: link(), offered: false, availability: 'closed' }) };
    const h = await opened({
      wish: { link: 'TOKEN' },
      config: answer,
      fetchConfig: async () => answer,
    });
    live(h, told.channel({ offered: false, availability: 'closed' }));
    expect(page.getByText('You will talk to Ana Silva.')).toBeTruthy();
    expect(page.queryByRole('button', { name: 'Talk to somebody else' })).toBeNull();
    answer = { channel: channel({ link: link(false), offered: false, availability: 'closed' }) };
    act(() => h.env.pass(21_000));
    await vi.waitFor(() => page.getByText('Ana Silva is not available right now.'));
    expect(page.getByRole('heading', { name: 'Closed.' })).toBeTruthy();
    expect(page.queryByText(/whoever is free/)).toBeNull();
  });

  it('is left for somebody else with one press', async () => {
    const h = await opened({
      wish: { link: 'TOKEN' },
      config: { channel: channel({ link: link() }) },
    });
    live(h, told.channel({ issues }));
    press('Talk to somebody else');
    expect(page.queryByText(/You will talk to/)).toBeNull();
    expect(within(select('What is it about?')).getByText('Refund')).toBeTruthy();
  });
});

describe('a refusal', () => {
  it('because nobody is free tells the desk’s own words too', async () => {
    const h = await opened();
    live(h, told.channel({ message: 'Try after five.' }));
    press('Start chat');
    act(() => h.refuse(1, 'not_offered'));
    await vi.waitFor(() => page.getByText('No agent is free any more. Try after five.'));
  });
});
