// What the scenarios in browsers share: real Chromium, a page for each person, pictures when a step
// does not come about within its time.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(new URL('../../runtime/package.json', import.meta.url));
const { chromium } = require('playwright-core');

/** Phone is the size of a customer's screen. */
export const phone = { viewport: { width: 390, height: 780 } };

/** Plays a scenario; what it throws is told, with a picture of every page. */
export async function play(artifacts, scenario) {
  mkdirSync(artifacts, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const pages = {};
  const stage = {
    async open(name, address, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      page.on('pageerror', (error) => {
        console.error(`${name}: ${error}`);
        process.exitCode = 1;
      });
      pages[name] = page;
      await page.goto(address);
      return page;
    },
    async close(name) {
      await pages[name].context().close();
      delete pages[name];
    },
    picture: (name, as = name) => pages[name].screenshot({ path: join(artifacts, `${as}.png`) }),
    heading: (page, name) => page.getByRole('heading', { name }).first().waitFor(),
  };
  try {
    await scenario(stage);
    console.log('done');
  } catch (error) {
    console.error(error);
    for (const name of Object.keys(pages)) await stage.picture(name).catch(() => {});
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
