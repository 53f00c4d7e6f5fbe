/**
 * One connection to a desk that mends itself: hello, catching up, alive, lost, again. It knows
 * frames only as far as the connection needs; what they mean is for its owner (client.ts).
 */
import type { Env, SocketLike } from './env.ts';
import {
  closeCode,
  type Hello,
  type ProtocolError,
  parseFrame,
  type ServerFrame,
  subprotocol,
} from './protocol.ts';

export type Phase =
  /** Not started, or stopped by its owner. */
  | 'idle'
  /** The socket opens, or waits for Welcome. */
  | 'connecting'
  /** Welcome came, the snapshot is not whole yet. */
  | 'catchingUp'
  | 'live'
  /** Between two attempts; retryAt tells when the next one is. */
  | 'waiting'
  /** The server said not to come again; why tells the reason. */
  | 'stopped';

export interface Connection {
  readonly phase: Phase;
  /** Local time at which it was last live; absent while it is, and before it ever was. */
  readonly lostAt?: number;
  /** Local time of the next attempt. */
  readonly retryAt?: number;
  readonly why?: 'signedOut' | 'version' | 'protocol';
  /** The error frame that came before the socket was closed. */
  readonly error?: ProtocolError;
}

export interface SocketOptions {
  url: string;
  env: Env;
  /** The hello of the next connection; asked anew for each. */
  hello(): Hello;
  /** A frame arrived; the answer 'gap' has the socket close with 4001 and connect again. */
  onFrame(frame: ServerFrame): 'gap' | undefined;
  onConnection(connection: Connection): void;
  /** The server closed because the frame sent last cannot be taken (1007, 1009). */
  onBadFrame?(): void;
}

/** Close codes after which a client does not come again by itself. */
const halting: Record<number, NonNullable<Connection['why']>> = {
  [closeCode.signedOut]: 'signedOut',
  [closeCode.version]: 'version',
  [closeCode.protocol]: 'protocol',
};

/** No open socket or no Welcome within this: the attempt failed. */
const connectLimit = 10_000;
/** Nothing heard for this: the connection is dead. */
const silenceLimit = 30_000;
/** Nothing heard for this when the machine woke up: dead too (the server pings every 20 s). */
const wakeSilence = 25_000;
const watchEvery = 5_000;
/** A watch tick that comes this late tells that the machine slept. */
const wakeDrift = 10_000;
/** Live for this long: the next loss begins with short pauses again. */
const steadyAfter = 10_000;
const firstPause = 500;
const longestPause = 30_000;
const ratePause = 5_000;

/** Full jitter: anything up to 0.5 s doubled per failed attempt, at most 30 s. */
export function pauseBefore(attempt: number, random: number): number {
  return Math.round(random * Math.min(longestPause, firstPause * 2 ** Math.min(attempt, 16)));
}

export class Socket {
  private readonly options: SocketOptions;
  private readonly env: Env;
  private socket: SocketLike | undefined;
  private connection: Connection = { phase: 'idle' };
  private attempt = 0;
  private retryTimer: unknown;
  /** When a goaway is obeyed; 0 without one. */
  private leaveAt = 0;
  private limitTimer: unknown;
  private watchTimer: unknown;
  private watchDue = 0;
  private heardAt = 0;
  private liveAt = 0;
  private endWake: (() => void) | undefined;

  constructor(options: SocketOptions) {
    this.options = options;
    this.env = options.env;
  }

  start(): void {
    if (this.connection.phase !== 'idle' && this.connection.phase !== 'stopped') return;
    this.attempt = 0;
    this.endWake?.();
    this.endWake = this.env.onWake(() => this.wake());
    this.watch();
    this.connect();
  }

  /** Closes for good; start begins anew. */
  stop(): void {
    this.shut(1000);
    this.rest();
    this.set({ phase: 'idle' });
  }

  /** Ends the pause between two attempts. */
  retryNow(): void {
    if (this.connection.phase === 'waiting') this.connect();
  }

  /** Sends if the connection has said hello and got its Welcome; tells whether it did. */
  send(frame: object): boolean {
    const { phase } = this.connection;
    if (!this.socket || (phase !== 'live' && phase !== 'catchingUp')) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  current(): Connection {
    return this.connection;
  }

  private set(connection: Connection): void {
    this.connection = connection;
    this.options.onConnection(connection);
  }

  private lost(): { lostAt?: number } {
    const { phase, lostAt } = this.connection;
    if (phase === 'live') return { lostAt: this.env.now() };
    return lostAt === undefined ? {} : { lostAt };
  }

  private connect(): void {
    this.env.clearTimeout(this.retryTimer);
    this.shut(1000);
    this.set({ phase: 'connecting', ...this.lost() });
    let socket: SocketLike;
    try {
      socket = this.env.openSocket(this.options.url, subprotocol);
    } catch {
      this.again();
      return;
    }
    this.socket = socket;
    this.leaveAt = 0;
    this.heardAt = this.env.now();
    this.limitTimer = this.env.setTimeout(() => this.fail(1000), connectLimit);
    socket.onopen = () => socket.send(JSON.stringify(this.options.hello()));
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => this.closed(event.code);
    socket.onerror = () => {};
  }

  private receive(data: unknown): void {
    this.heardAt = this.env.now();
    const frame = parseFrame(data);
    if (!frame) return;
    switch (frame.type) {
      case 'ping':
        this.options.onFrame(frame);
        this.socket?.send('{"type":"pong"}');
        return;
      case 'goaway':
        this.leave(frame.afterMs);
        return;
      case 'welcome':
        this.env.clearTimeout(this.limitTimer);
        this.set({ phase: 'catchingUp', ...this.lost() });
        break;
      case 'error':
        this.set({ ...this.connection, error: frame.error });
        break;
    }
    // The owner may stop or restart the socket while it handles a frame.
    const socket = this.socket;
    const answer = this.options.onFrame(frame);
    if (socket !== this.socket) return;
    if (answer === 'gap') {
      this.fail(closeCode.gap);
    } else if (frame.type === 'snapshot' && !frame.more) {
      this.liveAt = this.env.now();
      this.set({ phase: 'live' });
    }
  }

  private closed(code: number): void {
    this.shut(undefined);
    const why = halting[code];
    if (why) {
      this.halt(why);
    } else if (code === 1001) {
      // A pod that said goaway before spreads its clients over a while.
      this.again(Math.max(0, this.leaveAt - this.env.now()));
    } else if (code === closeCode.rateLimited) {
      this.again(ratePause + this.env.random() * ratePause);
    } else {
      if (code === 1007 || code === 1009) this.options.onBadFrame?.();
      this.again();
    }
  }

  private halt(why: NonNullable<Connection['why']>): void {
    const { error } = this.connection;
    this.rest();
    this.set({ phase: 'stopped', why, ...this.lost(), ...(error ? { error } : {}) });
  }

  /** Gives this connection up and tries the next. */
  private fail(code: number): void {
    this.shut(code);
    this.again();
  }

  private leave(afterMs: number): void {
    const socket = this.socket;
    const pause = this.env.random() * Math.max(0, afterMs);
    this.leaveAt = this.env.now() + pause;
    this.env.clearTimeout(this.retryTimer);
    this.retryTimer = this.env.setTimeout(() => {
      if (socket !== this.socket || !socket) return;
      this.shut(1000);
      this.again(0);
    }, pause);
  }

  private again(pause?: number): void {
    if (this.liveAt > 0 && this.env.now() - this.liveAt >= steadyAfter) this.attempt = 0;
    this.liveAt = 0;
    const { error } = this.connection;
    const wait = pause ?? pauseBefore(this.attempt, this.env.random());
    this.attempt += 1;
    this.env.clearTimeout(this.retryTimer);
    this.retryTimer = this.env.setTimeout(() => this.connect(), wait);
    this.set({
      phase: 'waiting',
      ...this.lost(),
      retryAt: this.env.now() + wait,
      ...(error ? { error } : {}),
    });
  }

  /** Lets go of the socket; nothing that it says later counts. */
  private shut(code: number | undefined): void {
    this.env.clearTimeout(this.limitTimer);
    const socket = this.socket;
    if (!socket) return;
    this.socket = undefined;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // A socket that is still opening reports its end as an error; nobody needs to hear it.
    socket.onerror = () => {};
    if (code === undefined) return;
    try {
      socket.close(code);
    } catch {
      // Already closed, or closed before it opened: nothing is left to do.
    }
  }

  private rest(): void {
    this.env.clearTimeout(this.retryTimer);
    this.env.clearTimeout(this.watchTimer);
    this.endWake?.();
    this.endWake = undefined;
  }

  /** The browser is online or visible again, or the machine woke up. */
  private wake(): void {
    const { phase } = this.connection;
    if (phase === 'waiting') {
      this.attempt = 0;
      this.connect();
    } else if (this.socket && this.silentFor() > wakeSilence) {
      this.attempt = 0;
      this.connect();
    }
  }

  private silentFor(): number {
    return this.env.now() - this.heardAt;
  }

  private watch(): void {
    this.env.clearTimeout(this.watchTimer);
    this.watchDue = this.env.now() + watchEvery;
    this.watchTimer = this.env.setTimeout(() => {
      const late = this.env.now() - this.watchDue;
      if (late > wakeDrift) this.wake();
      else if (this.isUp() && this.silentFor() >= silenceLimit) this.fail(closeCode.pingMissed);
      this.watch();
    }, watchEvery);
  }

  private isUp(): boolean {
    return this.connection.phase === 'live' || this.connection.phase === 'catchingUp';
  }
}
