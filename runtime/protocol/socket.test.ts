import { beforeEach, describe, expect, it } from 'vitest';
import { FakeEnv } from './fake.ts';
import type { ServerFrame } from './protocol.ts';
import { type Connection, pauseBefore, Socket } from './socket.ts';

const welcome = {
  type: 'welcome',
  v: 1,
  time: 0,
  limits: { text: 4000, frame: 32768, pingSeconds: 20 },
};
const snapshot = { type: 'snapshot', seq: 1, changes: [] };

let env: FakeEnv;
let frames: ServerFrame[];
let states: Connection[];
let answer: 'gap' | undefined;
let bad: number;
let socket: Socket;

beforeEach(() => {
  env = new FakeEnv();
  frames = [];
  states = [];
  answer = undefined;
  bad = 0;
  socket = new Socket({
    url: 'ws://desk/v1/agent/stream',
    env,
    hello: () => ({ type: 'hello', v: 1, client: 'tab-12345678' }),
    onFrame: (frame) => {
      frames.push(frame);
      return answer;
    },
    onConnection: (connection) => void states.push(connection),
    onBadFrame: () => {
      bad += 1;
    },
  });
});

function goLive(): void {
  env.socket.open();
  env.socket.give(welcome);
  env.socket.give(snapshot);
}
const phase = () => socket.current().phase;

describe('connecting', () => {
  it('says hello, gets welcome and snapshot, and is live', () => {
    socket.start();
    expect(env.socket.protocol).toBe('usher.v1');
    env.socket.open();
    expect(env.socket.sent).toEqual([{ type: 'hello', v: 1, client: 'tab-12345678' }]);
    env.socket.give(welcome);
    env.socket.give({ ...snapshot, more: true });
    expect(phase()).toBe('catchingUp');
    env.socket.give(snapshot);
    expect(states.map((s) => s.phase)).toEqual(['connecting', 'catchingUp', 'live']);
  });

  it('gives up an attempt without welcome after 10 s', () => {
    socket.start();
    const first = env.socket;
    first.open();
    env.pass(9_999);
    expect(phase()).toBe('connecting');
    env.pass(1);
    expect(phase()).toBe('waiting');
    expect(first.closedWith).toBe(1000);
  });

  it('does not send before welcome', () => {
    socket.start();
    expect(socket.send({ type: 'typing' })).toBe(false);
    env.socket.open();
    expect(socket.send({ type: 'typing' })).toBe(false);
    env.socket.give(welcome);
    expect(socket.send({ type: 'typing' })).toBe(true);
  });

  it('answers ping with pong and passes over what is not a frame', () => {
    socket.start();
    goLive();
    env.socket.give({ type: 'ping', time: 5 });
    expect(env.socket.sent.at(-1)).toEqual({ type: 'pong' });
    env.socket.onmessage?.({ data: 'not json' });
    env.socket.onmessage?.({ data: '[1]' });
    expect(phase()).toBe('live');
  });
});

describe('the pause between attempts', () => {
  it('is full jitter up to 0.5 s doubled, at most 30 s', () => {
    expect([0, 1, 2, 5, 6, 99].map((n) => pauseBefore(n, 1))).toEqual([
      500, 1_000, 2_000, 16_000, 30_000, 30_000,
    ]);
    expect(pauseBefore(6, 0)).toBe(0);
  });

  it('grows while attempts fail, and is short again after a steady connection', () => {
    env.randoms = [1];
    socket.start();
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      env.socket.drop();
      pauses.push((socket.current().retryAt ?? 0) - env.time);
      env.pass(pauses.at(-1) ?? 0);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    goLive();
    env.pass(5_000);
    env.socket.drop();
    expect((socket.current().retryAt ?? 0) - env.time).toBe(30_000);
    env.pass(30_000);
    goLive();
    env.pass(10_000);
    env.socket.drop();
    expect((socket.current().retryAt ?? 0) - env.time).toBe(500);
  });

  it('ends at once when the browser is online or visible again, or the person asks', () => {
    env.randoms = [1];
    socket.start();
    for (const poke of [
      () => env.wake('online'),
      () => env.wake('visible'),
      () => socket.retryNow(),
    ]) {
      env.socket.drop();
      expect(phase()).toBe('waiting');
      const count = env.sockets.length;
      poke();
      expect(env.sockets.length).toBe(count + 1);
    }
  });

  it('tells since when the connection is lost, through all attempts', () => {
    socket.start();
    expect(socket.current().lostAt).toBeUndefined();
    env.socket.drop();
    expect(socket.current().lostAt).toBeUndefined();
    env.pass(1_000);
    goLive();
    env.pass(1_000);
    const lostAt = env.time;
    env.socket.drop();
    env.pass(1_000);
    env.socket.drop();
    env.pass(1_000);
    expect(socket.current().lostAt).toBe(lostAt);
    env.socket.open();
    env.socket.give(welcome);
    expect(socket.current().lostAt).toBe(lostAt);
    env.socket.give(snapshot);
    expect(socket.current().lostAt).toBeUndefined();
  });
});

describe('a dead connection', () => {
  it('is given up after 30 s of silence, with 4000', () => {
    socket.start();
    goLive();
    env.pass(20_000);
    env.socket.give({ type: 'ping', time: 0 });
    env.pass(29_000);
    expect(phase()).toBe('live');
    const dead = env.socket;
    env.pass(6_000);
    expect(dead.closedWith).toBe(4000);
    expect(phase()).not.toBe('live');
  });

  it('is replaced at once when the machine wakes up', () => {
    socket.start();
    goLive();
    env.sleep(3_600_000);
    expect(env.sockets.length).toBe(2);
    expect(phase()).toBe('connecting');
  });

  it('is not taken for one when a hidden tab runs its timers late but hears the server', () => {
    socket.start();
    goLive();
    for (let minute = 0; minute < 5; minute++) {
      env.time += 20_000;
      env.socket.give({ type: 'ping', time: 0 });
      env.time += 20_000;
      env.socket.give({ type: 'ping', time: 0 });
      env.sleep(20_000);
    }
    expect(env.sockets.length).toBe(1);
  });

  it('cannot speak any more once it was given up', () => {
    socket.start();
    const first = env.socket;
    first.drop();
    env.pass(1_000);
    const seen = frames.length;
    first.give(welcome);
    first.drop();
    expect(frames.length).toBe(seen);
    expect(env.sockets.length).toBe(2);
  });
});

describe('close codes', () => {
  it('a gap closes with 4001 and connects again', () => {
    socket.start();
    goLive();
    const first = env.socket;
    answer = 'gap';
    first.give({ type: 'update', seq: 9, prev: 8, changes: [] });
    expect(first.closedWith).toBe(4001);
    expect(phase()).toBe('waiting');
  });

  it.each([
    [4003, 'signedOut'],
    [4004, 'version'],
    [4005, 'protocol'],
  ])('%i stops it: %s', (code, why) => {
    socket.start();
    goLive();
    env.socket.give({ type: 'error', error: { code: 'unauthorized', message: 'no' } });
    env.socket.drop(code);
    expect(socket.current()).toMatchObject({
      phase: 'stopped',
      why,
      error: { code: 'unauthorized' },
    });
    env.pass(600_000);
    env.wake('online');
    expect(env.sockets.length).toBe(1);
    expect(env.timerCount()).toBe(0);
    socket.start();
    expect(env.sockets.length).toBe(2);
  });

  it('1001 connects again at once', () => {
    env.randoms = [1];
    socket.start();
    goLive();
    env.socket.drop(1001);
    env.pass(0);
    expect(env.sockets.length).toBe(2);
  });

  it('4008 waits at least 5 s', () => {
    env.randoms = [0];
    socket.start();
    goLive();
    env.socket.drop(4008);
    env.pass(4_999);
    expect(env.sockets.length).toBe(1);
    env.pass(1);
    expect(env.sockets.length).toBe(2);
  });

  it.each([1007, 1009])('%i tells that the last frame must not be sent again', (code) => {
    socket.start();
    goLive();
    env.socket.drop(code);
    expect(bad).toBe(1);
    expect(phase()).toBe('waiting');
  });
});

describe('leaving', () => {
  it('goaway connects again after a pause of its own within afterMs', () => {
    env.randoms = [0.5];
    socket.start();
    goLive();
    env.socket.give({ type: 'goaway', afterMs: 4_000 });
    env.pass(1_999);
    expect(env.sockets.length).toBe(1);
    env.pass(1);
    expect(env.sockets.length).toBe(2);
  });

  it('a close after goaway keeps to the pause that was chosen', () => {
    env.randoms = [0.5];
    socket.start();
    goLive();
    env.socket.give({ type: 'goaway', afterMs: 4_000 });
    env.pass(500);
    env.socket.drop(1001);
    env.pass(1_499);
    expect(env.sockets.length).toBe(1);
    env.pass(1);
    expect(env.sockets.length).toBe(2);
    goLive();
    env.socket.drop(1001);
    env.pass(0);
    expect(env.sockets.length).toBe(3);
  });

  it('stop closes and leaves no timer', () => {
    socket.start();
    goLive();
    socket.stop();
    expect(env.socket.closedWith).toBe(1000);
    expect(phase()).toBe('idle');
    expect(env.timerCount()).toBe(0);
  });

  it('a socket that cannot even be made is tried again', () => {
    env.openSocket = () => {
      throw new Error('blocked');
    };
    socket.start();
    expect(phase()).toBe('waiting');
  });
});
