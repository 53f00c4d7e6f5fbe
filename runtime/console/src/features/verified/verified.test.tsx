import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { SecureMetadata } from '@usher/protocol/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { english } from '../../i18n/i18n';
import { aConversation, aMessage, aQueue, aWaiting, NOW, show } from '../../testing/fixture';
import { ChatPage } from '../conversation/ChatPage';
import { marksOf } from '../waiting/how-words';

const told: SecureMetadata = {
  metadata: { customer: '0012345', gold: true, blocked: false, orders: 1200, '<b>': '<i>x</i>' },
  keyId: 'shop-2026',
  sealedUntil: NOW + 3_600_000,
};
const chat = (secure: boolean) => [
  aQueue(),
  aConversation('Maria', secure ? { secure } : {}),
  aMessage('Maria', 1, 'customer', 'Hello'),
];

/** Answers of the desk about the facts, in order; the last one stays. Answers with what was asked. */
function desk(...answers: (() => Promise<Response> | Response)[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    if (!path.endsWith('/secure-metadata')) return Response.json({ messages: [] });
    asked.push(path);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer?.();
  });
  return asked;
}
const refusal = (status: number, code: string) => () =>
  Response.json({ error: { code, message: 'no' } }, { status });

const width = (pixels: number) =>
  (window as unknown as { happyDOM: { setViewport(size: object): void } }).happyDOM.setViewport({
    width: pixels,
    height: 900,
  });

beforeEach(() => width(1440));
afterEach(() => {
  vi.unstubAllGlobals();
});

test('the facts stand beside the conversation as a table, each as the site wrote it', async () => {
  const asked = desk(() => Response.json(told));
  await show(<ChatPage id="Maria" />, '/c/Maria', chat(true));
  const part = screen.getByRole('region', { name: 'Verified' });
  const table = await within(part).findByRole('table', { name: 'Verified facts' });
  expect(
    within(table)
      .getAllByRole('row')
      .map((row) => row.textContent),
  ).toEqual(['customer0012345', 'goldyes', 'blockedno', 'orders1200', '<b><i>x</i>']);
  expect(part.textContent).toContain('with the key shop-2026.');
  expect(asked).toEqual(['/v1/conversations/Maria/secure-metadata']);
});

test('nothing is asked, nor a part shown, of a customer who brought none', async () => {
  const asked = desk(() => Response.json(told));
  await show(<ChatPage id="Maria" />, '/c/Maria', chat(false));
  expect(screen.queryByText('Verified')).toBeNull();
  expect(screen.queryByText('Verified facts')).toBeNull();
  expect(asked).toEqual([]);
});

test('facts are being opened until the answer is there', async () => {
  let answer = (_: Response) => {};
  desk(
    () =>
      new Promise<Response>((resolve) => {
        answer = resolve;
      }),
  );
  await show(<ChatPage id="Maria" />, '/c/Maria', chat(true));
  await screen.findByRole('status', { name: 'Opening the verified facts…' });
  answer(Response.json(told));
  await screen.findByRole('table', { name: 'Verified facts' });
  expect(screen.queryByRole('status', { name: 'Opening the verified facts…' })).toBeNull();
});

test('a site that says nothing more is told of as that', async () => {
  desk(() => Response.json({ ...told, metadata: {} }));
  await show(<ChatPage id="Maria" />, '/c/Maria', chat(true));
  await screen.findByText('The site says nothing more of this customer.');
  expect(screen.queryByRole('table', { name: 'Verified facts' })).toBeNull();
});

test.each([
  [410, 'key_gone', /^The key that this was sealed with is no longer/],
  [403, 'not_entitled', /^You may not do that here/],
  [404, 'not_found', /^It is no longer there/],
])(
  'an answer %i %s says why, and what is asked again is asked again',
  async (status, code, words) => {
    const asked = desk(refusal(status, code), () => Response.json(told));
    await show(<ChatPage id="Maria" />, '/c/Maria', chat(true));
    const part = screen.getByRole('region', { name: 'Verified' });
    expect((await within(part).findByRole('alert')).textContent).toMatch(words);
    expect(asked).toHaveLength(1);
    await userEvent.click(within(part).getByRole('button', { name: 'Try again' }));
    await within(part).findByRole('table', { name: 'Verified facts' });
    expect(asked).toHaveLength(2);
  },
);

test('where the details have no place the facts are opened by asking for them, not before', async () => {
  width(1024);
  let answer = (_: Response) => {};
  const asked = desk(
    () => Response.json(told),
    () =>
      new Promise<Response>((resolve) => {
        answer = resolve;
      }),
  );
  await show(<ChatPage id="Maria" />, '/c/Maria', chat(true));
  expect(screen.queryByRole('region', { name: 'Verified' })).toBeNull();
  expect(asked).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Verified facts' }));
  const dialog = screen.getByRole('dialog', { name: 'Verified facts of Maria' });
  await within(dialog).findByRole('row', { name: 'customer 0012345' });
  await userEvent.click(within(dialog).getByRole('button', { name: 'Close' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  // Forgotten with the look: another look has nothing to show before the desk has answered anew.
  await userEvent.click(screen.getByRole('button', { name: 'Verified facts' }));
  await screen.findByRole('status', { name: 'Opening the verified facts…' });
  expect(screen.queryByRole('table', { name: 'Verified facts' })).toBeNull();
  answer(Response.json(told));
  await screen.findByRole('row', { name: 'customer 0012345' });
  expect(asked).toHaveLength(2);
});

test('a waiting customer who brought some is marked so', () => {
  const marks = (secure: boolean) => {
    const { waiting } = aWaiting('Maria', secure ? { secure } : {});
    return waiting ? marksOf(waiting, english).map(({ words }) => words) : [];
  };
  expect(marks(true)).toEqual(['Verified facts']);
  expect(marks(false)).toEqual([]);
});
