/**
 * The server's clock as a client knows it, and one ticker for all that shows a running time.
 */
import type { Env } from './env.ts';

const samplesKept = 8;
/** A sample that differs by more than this tells that a clock was set, not that a frame was slow. */
const jump = 5_000;

/**
 * Estimates server time from the times that frames carry. A frame is older when it arrives than
 * when it was sent, so the largest difference seen lately is the nearest to the truth.
 */
export class ServerClock {
  private samples: number[] = [];
  private readonly env: Pick<Env, 'now'>;

  constructor(env: Pick<Env, 'now'>) {
    this.env = env;
  }

  /** Takes the server's time out of a frame that arrived just now. */
  observe(serverTime: number): void {
    const offset = serverTime - this.env.now();
    const last = this.samples.at(-1);
    if (last !== undefined && Math.abs(offset - last) > jump) this.samples = [];
    this.samples.push(offset);
    if (this.samples.length > samplesKept) this.samples.shift();
  }

  /** Server time minus local time, in ms; 0 until a frame told. */
  offset(): number {
    return this.samples.length === 0 ? 0 : Math.max(...this.samples);
  }

  now(): number {
    return this.env.now() + this.offset();
  }
}

/** Ticks once a second while the page is visible, once a minute while it is hidden. */
export class Ticker {
  private readonly listeners = new Set<() => void>();
  private timer: unknown;
  private readonly env: Pick<Env, 'setTimeout' | 'clearTimeout' | 'hidden' | 'onWake'>;
  private stopWake: (() => void) | undefined;

  constructor(env: Pick<Env, 'setTimeout' | 'clearTimeout' | 'hidden' | 'onWake'>) {
    this.env = env;
  }

  /** Calls on each tick until the returned function is called. No timer runs without listeners. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    if (this.listeners.size === 1) {
      this.schedule();
      this.stopWake = this.env.onWake(() => this.tick());
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.env.clearTimeout(this.timer);
      this.stopWake?.();
    };
  }

  private schedule(): void {
    this.timer = this.env.setTimeout(() => this.tick(), this.env.hidden() ? 60_000 : 1_000);
  }

  private tick(): void {
    this.env.clearTimeout(this.timer);
    for (const listener of [...this.listeners]) listener();
    if (this.listeners.size > 0) this.schedule();
  }
}
