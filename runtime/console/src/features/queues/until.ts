// Until when a queue is opened or closed by hand. Pure; times in milliseconds since 1970.

/** The choices of the dialog. */
export type UntilChoice = '30min' | '2h' | 'endOfDay' | 'always';
export const UNTIL_CHOICES: readonly UntilChoice[] = ['30min', '2h', 'endOfDay', 'always'];

/**
 * The moment a choice means, undefined for "until somebody changes it". The end of the day is the
 * next midnight on the clock of the queue's own time zone, so that two agents in two places choose
 * the same.
 */
export function untilTime(choice: UntilChoice, now: number, timeZone?: string): number | undefined {
  if (choice === '30min') return now + 30 * 60_000;
  if (choice === '2h') return now + 2 * 3_600_000;
  if (choice === 'endOfDay') return nextMidnight(now, timeZone);
  return undefined;
}

/** The first instant of the next day in a zone; days of 23 and 25 hours are right too. */
export function nextMidnight(now: number, timeZone?: string): number {
  const today = dayOf(now, timeZone);
  // The first instant that reads another date, by halving: no arithmetic on local times.
  let low = now;
  let high = now + 49 * 3_600_000;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (dayOf(middle, timeZone) === today) low = middle;
    else high = middle;
  }
  return high;
}

/** The date that the clock of a zone shows, as a number that differs from day to day. */
export function dayOf(at: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-CA', {
    ...(timeZone ? { timeZone } : {}),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(at);
}
