import { Ticker } from '@usher/protocol/clock';
import { browserEnv } from '@usher/protocol/env';
import { useContext, useSyncExternalStore } from 'react';
import { DeskContext } from './hooks';

/** One ticker for the whole app: every second, every minute in a hidden tab. */
const ticker = new Ticker(browserEnv());
const subscribe = (run: () => void) => ticker.subscribe(run);
const second = () => Math.floor(Date.now() / 1000);

/** The server's time, renewed each second. */
export function useServerNow(): number {
  const desk = useContext(DeskContext);
  useSyncExternalStore(subscribe, second);
  return desk ? desk.client.clock.now() : Date.now();
}

/** The same in steps of a minute, for words that need no seconds: fewer renders. */
export function useServerMinute(): number {
  const desk = useContext(DeskContext);
  const read = () => Math.floor((desk ? desk.client.clock.now() : Date.now()) / 60_000);
  return useSyncExternalStore(subscribe, read) * 60_000;
}
