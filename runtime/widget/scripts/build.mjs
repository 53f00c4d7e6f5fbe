// Builds dist/: assets/ with app, rules, emoji and words, loader.js that knows their names, hosted.html and
// hosted.css.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist/`;

/** One entry as one classic script, without anything around it. */
async function bundle(entry, define = {}) {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    define,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'],
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      minify: true,
      modulePreload: false,
      lib: { entry: root + entry, formats: ['iife'], name: '_usher' },
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  const chunks = output.output.filter((part) => part.type === 'chunk');
  if (chunks.length !== 1 || output.output.length !== 1) {
    throw new Error(`${entry} became ${output.output.length} files, expected one`);
  }
  return chunks[0].code;
}

await mkdir(dist, { recursive: true });
for (const name of await readdir(dist)) {
  if (name !== '.keep') await rm(dist + name, { recursive: true });
}
await mkdir(`${dist}assets`);

/** Writes a file under a name with its hash: the server lets browsers keep it for ever. */
async function hashed(name, extension, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const path = `assets/${name}-${hash}.${extension}`;
  await writeFile(dist + path, content);
  return path;
}

/** Words of other languages than English come by themselves: a visitor needs one. */
const words = {};
for (const file of await readdir(`${root}src/app/i18n`)) {
  const language = file.replace('.json', '');
  if (language === 'en') continue;
  const text = JSON.parse(await readFile(`${root}src/app/i18n/${file}`, 'utf8'));
  words[language] = await hashed(`words-${language}`, 'json', JSON.stringify(text));
}
const emojiName = await hashed('emoji', 'js', await bundle('src/emoji/emoji.ts'));
const app = await bundle('src/app/main.tsx', {
  __EMOJI__: JSON.stringify(emojiName),
  __WORDS__: JSON.stringify(words),
});
const appName = await hashed('app', 'js', app);
const rulesName = await hashed('rules', 'js', await bundle('src/rules/visit.ts'));
const loader = await bundle('src/loader/loader.ts', {
  __APP__: JSON.stringify(appName),
  __RULES__: JSON.stringify(rulesName),
});
await writeFile(`${dist}loader.js`, loader);

const page = await readFile(`${root}src/hosted/hosted.html`, 'utf8');
await writeFile(`${dist}hosted.html`, page.replaceAll('%APP%', appName));
await writeFile(`${dist}hosted.css`, await readFile(`${root}src/hosted/hosted.css`));
console.log(`widget: ${appName}, ${rulesName}, loader.js, hosted.html, hosted.css`);
