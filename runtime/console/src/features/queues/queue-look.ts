import type { Queue } from '@usher/protocol/protocol';

/** The four looks of a queue: each has a glyph, a word and a colour of its own (feature Q1). */
export type QueueLook = 'open' | 'closed' | 'waiting' | 'closedWaiting';

/** How a queue looks: waiting customers show, also while it is closed. */
export function queueLook(queue: Pick<Queue, 'state' | 'waiting'>): QueueLook {
  const open = queue.state === 'Open';
  if (queue.waiting > 0) return open ? 'waiting' : 'closedWaiting';
  return open ? 'open' : 'closed';
}

/** Whether new customers find no place. */
export function isFull(queue: Pick<Queue, 'placesLeft'>): boolean {
  return queue.placesLeft === 0;
}

/** The queues as the sidebar lists them: by their priority, then by their shown name. */
export function sortQueues(queues: Iterable<Queue>, locale: string): Queue[] {
  const collator = new Intl.Collator(locale, { numeric: true });
  return [...queues].sort(
    (a, b) =>
      (b.priority ?? 0) - (a.priority ?? 0) ||
      collator.compare(a.displayName, b.displayName) ||
      (a.name < b.name ? -1 : 1),
  );
}
