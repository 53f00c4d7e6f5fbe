/**
 * A real runtime for a test: the program, a settings file and a data directory of its own.
 *
 *     const desk = await Desk.start(sample());
 *     await page.goto(`${desk.url}/w/web`);
 *     await desk.kill();      // kill -9
 *     await desk.restart();   // same data, same port
 *     await desk.stop();
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { usherBinary } from './binary.ts';
import type { Settings } from './settings.ts';

const run = promisify(execFile);
const startLimit = 60_000;

export class Desk {
  readonly data: string;
  private readonly binary: string;
  private readonly directory: string;
  private readonly more: readonly string[];
  private process: ChildProcess | undefined;
  private address = '127.0.0.1:0';
  private log = '';
  private name = 'acme';
  private applied = '';
  private appliedTimes = 0;

  private constructor(binary: string, directory: string, more: readonly string[]) {
    this.binary = binary;
    this.directory = directory;
    this.more = more;
    this.data = join(directory, 'data');
  }

  /** Starts a runtime on a free port; `more` are further flags. */
  static async start(settings: Settings, more: readonly string[] = []): Promise<Desk> {
    const directory = await mkdtemp(join(tmpdir(), 'usher-desk-'));
    const desk = new Desk(await usherBinary(), directory, more);
    await desk.apply(settings);
    await desk.restart();
    return desk;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Puts other settings in force: when it returns, the runtime has read the file again. */
  async apply(settings: Settings): Promise<void> {
    this.name = settings.desk.name;
    const file = this.settingsFile();
    const text = JSON.stringify(settings);
    const same = text === this.applied;
    this.applied = text;
    const before = this.appliedTimes;
    // Written beside and renamed, so that it is never read half.
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    if (same || this.process === undefined) return;
    const deadline = Date.now() + startLimit;
    while (this.appliedTimes === before) {
      if (Date.now() > deadline) throw new Error(`the settings were not applied\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Starts it again after kill or stop, with the same data at the same address. */
  async restart(): Promise<void> {
    const child = spawn(
      this.binary,
      [
        'runtime',
        '--settings',
        this.settingsFile(),
        '--data',
        this.data,
        '--listen',
        this.address,
        ...this.more,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.process = child;
    child.stderr.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      this.log = (this.log + text).slice(-20_000);
      this.appliedTimes += text.split('settings applied').length - 1;
    });
    this.address = await this.listening(child);
  }

  /** kill -9: nothing can be saved or said any more. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends the runtime as a pod is ended, and removes its data. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await rm(this.directory, { recursive: true, force: true });
  }

  /** A link by which an agent signs in, once. */
  async signInLink(agent: string): Promise<string> {
    const { stdout } = await run(this.binary, [
      'sign-in-link',
      ...['--data', this.data, '--agent', agent, '--desk', this.name, '--url', this.url],
    ]);
    return stdout.trim();
  }

  /** What the runtime wrote lately, for a test that fails. */
  lastLog(): string {
    return this.log;
  }

  private settingsFile(): string {
    return join(this.directory, 'settings.json');
  }

  private listening(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = '';
      const fail = (why: string) => reject(new Error(`the runtime ${why}\n${this.log}`));
      const timer = setTimeout(() => fail('did not start in a minute'), startLimit);
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const found = /listening on http:\/\/(\S+)/.exec(said);
        if (!found?.[1]) return;
        clearTimeout(timer);
        resolve(found[1]);
      });
      child.once('error', (error) => fail(`could not be started: ${error.message}`));
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with ${code}`);
      });
    });
  }

  private async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
