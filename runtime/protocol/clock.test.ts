import { describe, expect, it } from 'vitest';
import { ServerClock, Ticker } from './clock.ts';
import { FakeEnv } from './fake.ts';

describe('the server clock', () => {
  it('takes the sample with the least delay', () => {
    const env = new FakeEnv();
    const clock = new ServerClock(env);
    clock.observe(env.time + 60_000 - 400);
    clock.observe(env.time + 60_000 - 20);
    clock.observe(env.time + 60_000 - 900);
    expect(clock.offset()).toBe(59_980);
    expect(clock.now()).toBe(env.time + 59_980);
  });

  it('follows when one of the clocks is set', () => {
    const env = new FakeEnv();
    const clock = new ServerClock(env);
    clock.observe(env.time + 60_000);
    env.time += 3_600_000;
    clock.observe(env.time - 3_540_000);
    expect(clock.offset()).toBe(-3_540_000);
  });

  it('forgets old samples, so that a drift is followed', () => {
    const env = new FakeEnv();
    const clock = new ServerClock(env);
    for (let i = 0; i < 20; i++) clock.observe(env.time + 1_000 - i * 100);
    expect(clock.offset()).toBe(1_000 - 12 * 100);
  });
});

describe('the ticker', () => {
  it('ticks each second for all listeners with one timer, and not at all without them', () => {
    const env = new FakeEnv();
    const ticker = new Ticker(env);
    let a = 0;
    let b = 0;
    const endA = ticker.subscribe(() => a++);
    const endB = ticker.subscribe(() => b++);
    expect(env.timerCount()).toBe(1);
    env.pass(3_000);
    expect([a, b]).toEqual([3, 3]);
    endA();
    env.pass(1_000);
    expect([a, b]).toEqual([3, 4]);
    endB();
    expect(env.timerCount()).toBe(0);
  });

  it('ticks once a minute while hidden, and at once when visible again', () => {
    const env = new FakeEnv();
    const ticker = new Ticker(env);
    env.isHidden = true;
    let n = 0;
    ticker.subscribe(() => n++);
    env.pass(60_000);
    expect(n).toBe(1);
    env.isHidden = false;
    env.wake('visible');
    expect(n).toBe(2);
    env.pass(1_000);
    expect(n).toBe(3);
  });
});
