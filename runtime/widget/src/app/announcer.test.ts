import { FakeEnv } from '@usher/protocol/fake';
import { beforeEach, describe, expect, it } from 'vitest';
import { Announcer } from './announcer.ts';
import { wordsFor } from './words.ts';

let env: FakeEnv;
let announcer: Announcer;
let said: string[];

beforeEach(() => {
  env = new FakeEnv();
  announcer = new Announcer(env, wordsFor('en'));
  said = [];
  announcer.polite.subscribe(({ text }) => {
    if (text) said.push(text);
  });
});

describe('messages', () => {
  it('are read with name and text first', () => {
    announcer.message('Ana', 'Hello');
    env.pass(500);
    expect(said).toEqual(['Ana: Hello']);
  });

  it('that come together are read together', () => {
    announcer.message('Ana', 'one');
    announcer.message('Ana', 'two');
    env.pass(500);
    expect(said).toEqual(['Ana: one\nAna: two']);
  });

  it('more than three in 2 s are told as a number, and do not wait for the end of the stream', () => {
    for (let i = 0; i < 8; i++) {
      announcer.message('Ana', `${i}`);
      env.pass(300);
    }
    env.pass(500);
    expect(said[0]).toBe('7 new messages');
    expect(said.length).toBe(2);
  });
});

describe('the place in the line', () => {
  it('is told at once, then at most every 15 s, and then the newest', () => {
    announcer.place('You are number 4.');
    announcer.place('You are number 3.');
    env.pass(5_000);
    announcer.place('You are number 2.');
    env.pass(9_999);
    expect(said).toEqual(['You are number 4.']);
    env.pass(1);
    expect(said).toEqual(['You are number 4.', 'You are number 2.']);
  });

  it('is not told again when it is the same', () => {
    announcer.place('You are number 4.');
    env.pass(60_000);
    announcer.place('You are number 4.');
    env.pass(60_000);
    expect(said).toEqual(['You are number 4.']);
  });

  it('is not told any more when the line is left', () => {
    announcer.place('You are number 4.');
    announcer.place('You are next.');
    announcer.noPlace();
    env.pass(60_000);
    expect(said).toEqual(['You are number 4.']);
  });
});
