/**
 * What is read aloud. One polite and one assertive voice for the whole widget, so that nothing is
 * said twice: messages with name and text first, bursts as a number, places not too often.
 */

import { signal } from '@preact/signals';
import type { Env } from '@usher/protocol/env';
import type { Words } from './words.ts';

export interface Spoken {
  readonly id: number;
  readonly text: string;
}

const burstPause = 500;
const burstLongest = 2_000;
const burstSize = 3;
const placeEvery = 15_000;

export class Announcer {
  readonly polite = signal<Spoken>({ id: 0, text: '' });
  readonly assertive = signal<Spoken>({ id: 0, text: '' });
  private readonly env: Pick<Env, 'now' | 'setTimeout' | 'clearTimeout'>;
  private readonly words: Words;
  private burst: string[] = [];
  private burstSince = 0;
  private burstTimer: unknown;
  private placeAt = Number.NEGATIVE_INFINITY;
  private placeText = '';
  private placeTimer: unknown;

  constructor(env: Pick<Env, 'now' | 'setTimeout' | 'clearTimeout'>, words: Words) {
    this.env = env;
    this.words = words;
  }

  say(text: string): void {
    this.polite.value = { id: this.polite.value.id + 1, text };
  }

  interrupt(text: string): void {
    this.assertive.value = { id: this.assertive.value.id + 1, text };
  }

  /** A message that arrived live; more than three in 2 s are told as a number. */
  message(name: string, text: string): void {
    if (this.burst.length === 0) this.burstSince = this.env.now();
    this.burst.push(this.words.say('said', { name, text }));
    this.env.clearTimeout(this.burstTimer);
    const rest = this.burstSince + burstLongest - this.env.now();
    const pause = Math.max(0, Math.min(burstPause, rest));
    this.burstTimer = this.env.setTimeout(() => {
      const told = this.burst;
      this.burst = [];
      this.say(
        told.length > burstSize ? this.words.count('newMessages', told.length) : told.join('\n'),
      );
    }, pause);
  }

  /** The place in the line: the newest, at most every 15 s, and only when it changed. */
  place(text: string): void {
    if (text === this.placeText) return;
    this.placeText = text;
    this.env.clearTimeout(this.placeTimer);
    const tell = () => {
      this.placeAt = this.env.now();
      this.say(this.placeText);
    };
    const rest = this.placeAt + placeEvery - this.env.now();
    if (rest <= 0) tell();
    else this.placeTimer = this.env.setTimeout(tell, rest);
  }

  /** Another line, told at once together with the place in it. */
  moved(text: string, place: string): void {
    this.noPlace();
    this.placeText = place;
    this.placeAt = this.env.now();
    this.say(`${text} ${place}`);
  }

  /** The line is left; a place that was not told yet is no longer true. */
  noPlace(): void {
    this.env.clearTimeout(this.placeTimer);
    this.placeText = '';
  }
}
