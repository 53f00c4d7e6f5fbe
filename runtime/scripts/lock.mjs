// Completes package-lock.json after npm install, or with --check tells whether it is complete.
//
// npm ci asks for an entry of every optional package, also of those for other systems, and refuses
// a lock file without them. A registry that does not carry them all makes npm install leave them
// out; here they are put in with what their names and versions say. No address of a registry is
// kept: whoever installs uses their own.
import { readFile, writeFile } from 'node:fs/promises';

const file = new URL('../package-lock.json', import.meta.url);
const text = await readFile(file, 'utf8');
const lock = JSON.parse(text);
const { packages } = lock;

const systems = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

for (const entry of Object.values(packages)) {
  if (/^https?:/.test(entry.resolved ?? '')) delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    const words = name.split(/[-/]/);
    const os = words.find((word) => systems.includes(word));
    const cpu = words.find((word) => processors.includes(word));
    // Only an exact version can be written down without asking a registry.
    if (packages[place] || !os || !cpu || !/^\d/.test(version)) continue;
    packages[place] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      ...(words.includes('musl') ? { libc: ['musl'] } : {}),
      optional: true,
      os: [os],
    };
  }
}

const order = (a, b) => a.localeCompare(b, 'en');
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => order(a, b)));
const complete = `${JSON.stringify(lock, null, 2)}\n`;
if (complete === text) process.exit(0);
if (process.argv.includes('--check')) {
  console.error('package-lock.json is not complete; run npm run lock');
  process.exit(1);
}
await writeFile(file, complete);
