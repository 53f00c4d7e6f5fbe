/**
 * What the flows share: an agent in a browser, and a customer in the line.
 *
 *     const ana = await openConsole(browser, desk, 'ana');
 *     const maria = await waitInLine(desk, 'Maria Santos', 'Change of address');
 *     await ana.page.getByRole('button', { name: 'Accept next' }).click();
 */
import type { Client } from '@usher/protocol/client';
import type { Conversation } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';
import { type Look, newPage, report, type Watched } from '@usher/testing/browser';
import type { Desk } from '@usher/testing/desk';
import { until, visit } from '@usher/testing/people';
import type { Browser } from 'playwright-core';
import { onTestFailed } from 'vitest';

/** A console at the queue "support", whose agent came in by a link of their own. */
export async function openConsole(
  browser: Browser,
  desk: Desk,
  agent: string,
  look: Look = {},
  expected: readonly RegExp[] = [],
): Promise<Watched> {
  const watched = await newPage(browser, look, expected);
  onTestFailed(async () => console.error(await report(watched)));
  await watched.page.goto(await desk.signInLink(agent));
  await watched.page.waitForURL(/\/queue\//);
  const support = `${desk.url}/queue/support`;
  if (watched.page.url() !== support) await watched.page.goto(support);
  await watched.page.getByRole('heading', { level: 1, name: 'Support' }).waitFor();
  return watched;
}

/** A customer who waits or is offered to somebody, and has written a question if one is given. */
export async function waitInLine(desk: Desk, name: string, text?: string): Promise<Client> {
  const customer = await visit(desk, 'web');
  await customer.ask({
    type: 'join',
    name,
    page: 'https://www.acme.example/account/address',
    ...(text === undefined ? {} : { text }),
  });
  await until(customer, ({ state }) =>
    ['waiting', 'offered'].includes(conversationOf(state)?.state ?? ''),
  );
  return customer;
}

/** A customer's own conversation. */
export function conversationOf(state: State): Conversation | undefined {
  return [...state.conversations.values()][0];
}

/** The texts of a customer's conversation, in order. */
export function textsOf(customer: Client): string[] {
  const { state } = customer.view();
  const id = conversationOf(state)?.id ?? '';
  return (state.messages.get(id) ?? []).map((message) => message.text);
}

/** Waits until a customer's messages are exactly these. */
export async function untilTexts(customer: Client, texts: readonly string[]): Promise<void> {
  await until(customer, () => JSON.stringify(textsOf(customer)) === JSON.stringify(texts));
}
