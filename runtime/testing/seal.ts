/**
 * What a site does that says something of its customer: it seals facts with a key that it shares with
 * the desk (JWE compact, dir, A256GCM), as docs/guides/secure-metadata.md tells.
 *
 *     const keys = await Keys.make();
 *     const desk = await Desk.start(sample(), ['--metadata-keys', keys.directory]);
 *     const sealed = await keys.seal('k1', { customer: '12345' });
 */
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SealOptions {
  /** Seconds from now until it is no longer taken; an hour unless told. */
  seconds?: number;
  /** Becomes the customer's name. */
  name?: string;
}

/** The keys that a desk and its sites share, in a directory as the desk has it mounted. */
export class Keys {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(...ids: string[]): Promise<Keys> {
    const keys = new Keys(await mkdtemp(join(tmpdir(), 'usher-metadata-')));
    for (const id of ids) await keys.add(id);
    return keys;
  }

  async add(id: string): Promise<void> {
    // Beside and renamed, so that it is never read half; a name with a dot is no key.
    const file = join(this.directory, `.${id}.new`);
    await writeFile(file, `${randomBytes(32).toString('base64')}\n`);
    await rename(file, join(this.directory, id));
  }

  async drop(id: string): Promise<void> {
    await rm(join(this.directory, id));
  }

  async seal(id: string, facts: object, options: SealOptions = {}): Promise<string> {
    const key = Buffer.from(await readFile(join(this.directory, id), 'utf8'), 'base64');
    const claims = {
      exp: Math.floor(Date.now() / 1000) + (options.seconds ?? 3600),
      'usher.chat/metadata': facts,
      ...(options.name ? { preferred_username: options.name } : {}),
    };
    const header = encode(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: id }));
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(Buffer.from(header));
    const text = Buffer.concat([cipher.update(JSON.stringify(claims)), cipher.final()]);
    return `${header}..${encode(iv)}.${encode(text)}.${encode(cipher.getAuthTag())}`;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

function encode(data: string | Buffer): string {
  return Buffer.from(data).toString('base64url');
}
