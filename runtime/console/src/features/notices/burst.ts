/** Messages of one customer within this are one announcement. */
export const BURST_MS = 2_000;
/** More than this many in a burst are counted instead of read. */
export const BURST_MAX = 3;

/** Says each message, name and text first; a burst of more than three is counted once at its end. */
export function createBurst(say: (name: string, text: string, count: number) => void): {
  add(name: string, text: string): void;
  stop(): void;
} {
  const open = new Map<string, { texts: string[]; timer: ReturnType<typeof setTimeout> }>();
  return {
    add(name, text) {
      const burst = open.get(name);
      if (burst) {
        burst.texts.push(text);
        if (burst.texts.length <= BURST_MAX) say(name, text, 1);
        return;
      }
      say(name, text, 1);
      const timer = setTimeout(() => {
        const rest = (open.get(name)?.texts.length ?? 0) - BURST_MAX;
        open.delete(name);
        if (rest > 0) say(name, '', rest);
      }, BURST_MS);
      open.set(name, { texts: [text], timer });
    },
    stop() {
      for (const { timer } of open.values()) clearTimeout(timer);
      open.clear();
    },
  };
}
