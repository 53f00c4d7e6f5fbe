/**
 * A real Chromium for a test, and what every flow asks of a page: no errors, no violations.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/**
 * CHROMIUM, else Debian's. Its headless shell is the same Chromium without a browser window around
 * each page, and half the work for the machine.
 */
function program(): string {
  const shell = '/usr/bin/chromium-headless-shell';
  return process.env.CHROMIUM ?? (existsSync(shell) ? shell : '/usr/bin/chromium');
}

/** Starts Chromium with a new profile and no network of its own; `more` are further flags. */
export function startBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: program(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}

let shared: Promise<Browser> | undefined;

/** The browser of all flows of this process: it ends with the process. Flows are apart by their contexts. */
export function sharedBrowser(): Promise<Browser> {
  shared ??= startBrowser();
  return shared;
}

/** Closes the pages that a flow left, so that they do not go on asking for a server that is gone. */
export async function closePages(): Promise<void> {
  const contexts = (await shared)?.contexts() ?? [];
  await Promise.all(contexts.map((context) => context.close()));
}

export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
  locale?: string;
  timeZone?: string;
  touch?: boolean;
}

/** Errors of a page so far: what it threw, and what it wrote as an error. */
export interface Watched {
  page: Page;
  errors: string[];
}

/**
 * A new page in a context of its own. `expected` are console errors that a flow brings about
 * itself, such as those of a server that was killed.
 */
export async function newPage(
  browser: Browser,
  look: Look = {},
  expected: readonly RegExp[] = [],
): Promise<Watched> {
  const options: BrowserContextOptions = {
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.dark ? 'dark' : 'light',
    locale: look.locale ?? 'en-GB',
    timezoneId: look.timeZone ?? 'Europe/Helsinki',
    reducedMotion: 'reduce',
    hasTouch: look.touch ?? false,
  };
  const context = await browser.newContext(options);
  context.setDefaultTimeout(60_000); // a slow, busy machine is no failure
  const page = await context.newPage();
  const errors: string[] = [];
  const note = (text: string) => {
    if (!expected.some((pattern) => pattern.test(text))) errors.push(text);
  };
  page.on('pageerror', (error) => note(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') note(`${message.text()} (${message.location().url})`);
  });
  return { page, errors };
}

/** What a killed server brings about in a console. */
export const serverGone: readonly RegExp[] = [
  /WebSocket connection to .* failed/,
  /ERR_CONNECTION_REFUSED/,
  /ERR_CONNECTION_RESET/,
];

interface AxeResult {
  violations: { id: string; help: string; nodes: { target: unknown; failureSummary?: string }[] }[];
}

/** Runs axe for WCAG 2 A to 2.2 AA and answers with each violation in a line. */
export async function axeViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    // By the debugger, not by a script element: a page with a strict policy is checked as well.
    await page.evaluate(await readFile(path, 'utf8'));
  }
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const result = await page.evaluate(async (values) => {
    const { axe } = globalThis as unknown as {
      axe: { run(where: unknown, options: unknown): Promise<unknown> };
    };
    return axe.run(document, {
      runOnly: { type: 'tag', values },
      resultTypes: ['violations'],
    });
  }, tags);
  return (result as AxeResult).violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) =>
        `${id}: ${help} at ${JSON.stringify(target)}: ${failureSummary}`,
    ),
  );
}

/** Whether the page scrolls sideways. */
export function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
}

/** What a page shows, as assistive technology reads it, and what went wrong in it: for the report of a flow that failed. */
export async function report({ page, errors }: Watched): Promise<string> {
  const shown = await page
    .locator('body')
    .ariaSnapshot({ timeout: 10_000 })
    .catch((error: unknown) => `nothing could be read: ${error}`);
  return [`${page.url()} shows:`, shown, ...errors.map((text) => `error: ${text}`)].join('\n');
}
