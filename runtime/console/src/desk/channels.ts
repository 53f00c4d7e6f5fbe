import { useEffect, useMemo } from 'react';
import { keep } from '../preferences/preferences';
import { useView } from './hooks';

const KEPT = 'usher.channels';

/**
 * Names of the desk's channels, as far as this browser has seen customers come by them; links and
 * session keys need one. The one that was used last is the first.
 */
export function useChannels(): readonly string[] {
  const state = useView((view) => view.state);
  const { waiting, conversations, opens, inactives } = state;
  const names = useMemo(() => {
    const found = new Set(readNames());
    for (const map of [conversations, waiting, opens, inactives]) {
      for (const { channel } of map.values()) if (channel) found.add(channel);
    }
    return [...found];
  }, [waiting, conversations, opens, inactives]);
  useEffect(() => {
    if (names.length > 0) keep.set(KEPT, names.join(' '));
  }, [names]);
  return names;
}

/** Puts a channel before the others, for it was used. */
export function preferChannel(name: string): void {
  keep.set(KEPT, [name, ...readNames().filter((other) => other !== name)].join(' '));
}

function readNames(): string[] {
  return (keep.get(KEPT) ?? '').split(' ').filter(Boolean);
}
