/** What the flows of the widget share: a desk, a browser, a shop of another origin. */
import { readFile } from 'node:fs/promises';
import type { Client } from '@usher/protocol/client';
import { type Look, newPage, report, sharedBrowser, type Watched } from '@usher/testing/browser';
import { Desk } from '@usher/testing/desk';
import type { Settings } from '@usher/testing/settings';
import { Site } from '@usher/testing/site';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const demo = new URL('../demo/', import.meta.url);

/** Runs a flow on a desk of its own and ends it whatever happens. */
export async function onDesk(
  settings: Settings,
  flow: (desk: Desk) => Promise<void>,
): Promise<void> {
  const desk = await Desk.start(settings);
  const pages: Watched[] = [];
  opened = pages;
  const agents: Client[] = [];
  staff = agents;
  try {
    await flow(desk);
    for (const { errors } of pages) expect(errors).toEqual([]);
  } catch (error) {
    const shown = await Promise.all(pages.map(report));
    const what = error instanceof Error ? error.stack : error;
    throw new Error([what, `runtime: ${desk.lastLog()}`, ...shown].join('\n'));
  } finally {
    for (const agent of agents) agent.stop();
    for (const { page } of pages) await page.context().close();
    await desk.stop();
  }
}

let opened: Watched[] = [];
let staff: Client[] = [];

/** Has the client stopped with the flow. */
export function hired(client: Client): Client {
  staff.push(client);
  return client;
}

/** A new page; errors in its console fail the flow, except the expected ones. */
export async function visitor(look: Look = {}, expected: readonly RegExp[] = []): Promise<Page> {
  const watched = await newPage(await sharedBrowser(), look, expected);
  opened.push(watched);
  return watched.page;
}

/** The desk's own page of a channel. */
export async function hosted(
  desk: Desk,
  look: Look = {},
  expected: readonly RegExp[] = [],
): Promise<Page> {
  const page = await visitor(look, expected);
  await page.goto(`${desk.url}/w/web`);
  return page;
}

/** A shop of another origin with the widget on it, hostile style and a strict policy included. */
export async function shop(desk: { url: string }, channel = 'web'): Promise<Site> {
  const [html, css, js] = await Promise.all(
    ['host.html', 'host.css', 'host.js'].map((name) => readFile(new URL(name, demo), 'utf8')),
  );
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${desk.url}`,
    `connect-src ${desk.url} ${desk.url.replace(/^http/, 'ws')}`,
    "style-src 'self'",
    "img-src 'self'",
  ].join('; ');
  return Site.start((path) => {
    switch (path) {
      case '/':
        return {
          type: 'text/html',
          body: (html ?? '').replaceAll('%DESK%', desk.url).replaceAll('%CHANNEL%', channel),
          policy,
        };
      case '/host.css':
        return { type: 'text/css', body: css ?? '' };
      case '/host.js':
        return { type: 'text/javascript', body: js ?? '' };
      case '/favicon.ico':
        return { type: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' };
      default:
        return undefined;
    }
  });
}

/** Starts a chat by the form that is shown. */
export async function join(page: Page, name: string, question: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('How can we help?').fill(question);
  await page.getByRole('button', { name: 'Start chat' }).click();
}

/** Writes a message in the composer and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until it is there to be seen. */
export async function seen(locator: Locator, timeout = 60_000): Promise<void> {
  await locator.first().waitFor({ state: 'visible', timeout });
}

/** Waits until it is no longer to be seen. */
export async function unseen(locator: Locator, timeout = 60_000): Promise<void> {
  await locator.first().waitFor({ state: 'hidden', timeout });
}
