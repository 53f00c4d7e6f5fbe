/**
 * Surroundings for tests of the stream library: a clock that is moved by hand and sockets that a
 * test plays the server of. Used by the tests of console and widget too.
 */
import type { Env, SocketLike, WakeSign } from './env.ts';
import type { Wire } from './tab.ts';

interface Timer {
  at: number;
  run: () => void;
}

export class FakeSocket implements SocketLike {
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  /** Frames that the client sent, parsed. */
  readonly sent: Record<string, unknown>[] = [];
  closedWith: number | undefined;
  readonly url: string;
  readonly protocol: string;

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }

  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code ?? 1005;
  }

  /** The server accepts the connection. */
  open(): void {
    this.readyState = 1;
    this.onopen?.({} as never);
  }

  /** The server sends a frame. */
  give(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server closes, or the network does (1006). */
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: '' });
  }
}

export class FakeEnv implements Env {
  time = 1_700_000_000_000;
  /** What random answers next; the last one is repeated. */
  randoms: number[] = [0.5];
  isHidden = false;
  readonly sockets: FakeSocket[] = [];
  private readonly timers = new Map<number, Timer>();
  private readonly wakes = new Set<(sign: WakeSign) => void>();
  private lastTimer = 0;

  now = () => this.time;

  random = () => (this.randoms.length > 1 ? this.randoms.shift() : this.randoms[0]) ?? 0;

  setTimeout = (run: () => void, ms: number): unknown => {
    this.lastTimer += 1;
    this.timers.set(this.lastTimer, { at: this.time + ms, run });
    return this.lastTimer;
  };

  clearTimeout = (timer: unknown): void => {
    this.timers.delete(timer as number);
  };

  openSocket = (url: string, protocol: string): SocketLike => {
    const socket = new FakeSocket(url, protocol);
    this.sockets.push(socket);
    return socket;
  };

  onWake = (run: (sign: WakeSign) => void): (() => void) => {
    this.wakes.add(run);
    return () => this.wakes.delete(run);
  };

  hidden = () => this.isHidden;

  /** The socket opened last. */
  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('no socket was opened');
    return last;
  }

  /** Lets time pass; timers run in order, each at its time. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = this.next();
      if (!due || due[1].at > end) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].run();
    }
    this.time = end;
  }

  /** The machine sleeps: time goes on, timers run late. */
  sleep(ms: number): void {
    this.time += ms;
    this.pass(0);
  }

  wake(sign: WakeSign): void {
    for (const run of [...this.wakes]) run(sign);
  }

  timerCount(): number {
    return this.timers.size;
  }

  private next(): [number, Timer] | undefined {
    let best: [number, Timer] | undefined;
    for (const entry of this.timers) if (!best || entry[1].at < best[1].at) best = entry;
    return best;
  }
}

/** Wires between the tabs of one browser. */
export class FakeWires {
  private readonly all = new Set<Wire>();

  open = (): Wire => {
    const others = this.all;
    const wire: Wire = {
      onmessage: null,
      postMessage(data) {
        for (const other of others) if (other !== wire) other.onmessage?.({ data });
      },
      close: () => void this.all.delete(wire),
    };
    this.all.add(wire);
    return wire;
  };
}
