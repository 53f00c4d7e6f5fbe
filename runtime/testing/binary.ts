/**
 * The program under test: that of USHER_BIN, else one built from this tree, once for each run.
 */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../..', import.meta.url));

let built: Promise<string> | undefined;

/** The path of a program `usher`. */
export function usherBinary(): Promise<string> {
  const given = process.env.USHER_BIN;
  if (given) return Promise.resolve(given);
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'usher-bin-')), 'usher');
  // As the image is built: a program that needs nothing of the machine.
  const env = { ...process.env, CGO_ENABLED: '0' };
  await run('go', ['build', '-p', '2', '-o', path, '.'], { cwd: repository, env });
  return path;
}
