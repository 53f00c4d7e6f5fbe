// Fails when what a page has to load is larger than the budget (KiB of gzip).
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const budgets = [
  [/^loader\.js$/, 4],
  [/^assets\/app-[0-9a-f]+\.js$/, 35],
  [/^assets\/rules-[0-9a-f]+\.js$/, 2],
  [/^assets\/emoji-[0-9a-f]+\.js$/, 2],
  [/^assets\/words-[a-z]+-[0-9a-f]+\.json$/, 4],
  [/^hosted\.(html|css)$/, 1],
];

let failed = false;
const names = (await readdir(dist, { recursive: true })).filter((name) => name !== '.keep');
for (const [pattern, limit] of budgets) {
  const found = names.filter((name) => pattern.test(name));
  if (found.length === 0) {
    console.error(`no file like ${pattern} in dist; run npm run build`);
    failed = true;
  }
  for (const name of found) {
    const size = gzipSync(await readFile(dist + name), { level: 9 }).length / 1024;
    const over = size > limit;
    failed ||= over;
    console.log(`${over ? 'TOO LARGE' : 'ok'}  ${name}  ${size.toFixed(2)} KiB gzip of ${limit}`);
  }
}
process.exit(failed ? 1 : 0);
