// How long somebody waits, and what that means. Pure; times in milliseconds.

/** What a wait means to the agent: nothing yet, soon overdue, or overdue. */
export type WaitClass = 'fine' | 'soon' | 'overdue';

/** Over three minutes is soon overdue; exactly three is not yet. */
export const SOON_MS = 180_000;
/** Over five minutes is overdue. */
export const OVERDUE_MS = 300_000;
const HOUR_MS = 3_600_000;

/** Judges a wait. */
export function waitClass(ms: number): WaitClass {
  if (ms > OVERDUE_MS) return 'overdue';
  return ms > SOON_MS ? 'soon' : 'fine';
}

/** A wait as a clock reads it: 0:06, 12:40, 1:02:03. Never below zero. */
export function formatWait(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(all % 60).padStart(2, '0');
  const minutes = Math.floor(all / 60) % 60;
  const hours = Math.floor(all / 3600);
  if (hours === 0) return `${minutes}:${seconds}`;
  return `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
}

/** The same beside a queue's name, where an hour and more reads ∞ (semantics, open and closed). */
export function formatFirstWait(ms: number): string {
  return ms > HOUR_MS ? '∞' : formatWait(ms);
}

/** How long something lasts, in whole minutes and hours, for people who do not watch a clock. */
export function durationParts(ms: number): { hours: number; minutes: number } {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  return { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
}
