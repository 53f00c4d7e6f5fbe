// Refuses a build that is heavier than the design allows: all that the first route needs (the entry
// and what it imports statically), its styles, and every route that is loaded later. Gzipped bytes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'));
const limits = { script: 220 * 1024, style: 20 * 1024, lazy: 60 * 1024 };
const weigh = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length;

const first = new Set();
const styles = new Set();
function walk(key) {
  const chunk = manifest[key];
  if (first.has(chunk.file)) return;
  first.add(chunk.file);
  for (const css of chunk.css ?? []) styles.add(css);
  for (const next of chunk.imports ?? []) walk(next);
}
for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) walk(key);

const sum = (files) => [...files].reduce((total, file) => total + weigh(file), 0);
const rows = [
  ['first route, script', sum(first), limits.script],
  ['first route, style', sum(styles), limits.style],
];
for (const chunk of Object.values(manifest)) {
  if (chunk.file.endsWith('.js') && !first.has(chunk.file)) {
    rows.push([`later: ${chunk.name ?? chunk.file}`, weigh(chunk.file), limits.lazy]);
  }
}
let heavy = false;
for (const [what, bytes, limit] of rows) {
  const over = bytes > limit;
  heavy ||= over;
  console.log(
    `${over ? 'OVER' : 'ok  '} ${(bytes / 1024).toFixed(1).padStart(7)} KB of ${limit / 1024} KB  ${what}`,
  );
}
if (heavy) process.exit(1);
