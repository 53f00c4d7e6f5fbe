/** What a tab keeps over a reload: in memory too, for browsers that forbid storage. */
import { type Signal, signal } from '@preact/signals';
import type { Store } from '@usher/protocol/env';

/** A signal whose value is kept as JSON; an empty value removes it. */
export function kept<T>(
  store: Store,
  key: string,
  initial: T,
  isEmpty: (value: T) => boolean,
): Signal<T> {
  const value = signal<T>(read(store, key) ?? initial);
  let first = true;
  value.subscribe((now) => {
    if (first) {
      first = false;
      return;
    }
    try {
      if (isEmpty(now)) store.removeItem(key);
      else store.setItem(key, JSON.stringify(now));
    } catch {
      // Full or forbidden: kept in memory only.
    }
  });
  return value;
}

function read<T>(store: Store, key: string): T | undefined {
  try {
    const text = store.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}
