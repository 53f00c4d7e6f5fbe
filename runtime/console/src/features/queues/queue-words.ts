import type { Queue } from '@usher/protocol/protocol';
import type { I18n, Key } from '../../i18n/i18n';
import type { QueueLook } from './queue-look';

/** The word of a look: what a screen reader says instead of glyph and colour. */
export function lookWord(look: QueueLook, { t }: I18n): string {
  return t(look === 'open' || look === 'waiting' ? 'queue.open' : 'queue.closed');
}

const CAUSES: Record<string, Key> = {
  AlwaysOpen: 'cause.AlwaysOpen',
  Schedule: 'cause.Schedule',
  Exception: 'cause.Exception',
  Holiday: 'cause.Holiday',
  ScheduleSuspended: 'cause.ScheduleSuspended',
  ScheduleMissing: 'cause.ScheduleMissing',
  Override: 'cause.Override',
};

/** Why a queue is open or closed, in a few words: "by the schedule", "Independence Day". */
export function causeWords(queue: Pick<Queue, 'cause' | 'detail'>, { t }: I18n): string {
  const key = CAUSES[queue.cause];
  const cause = key ? t(key) : queue.cause;
  const named = queue.cause === 'Exception' || queue.cause === 'Holiday';
  return named && queue.detail ? t('cause.named', { cause, name: queue.detail }) : cause;
}

/** "Opens Monday 08:00", "Closes 16:00"; empty when nothing is to come. */
export function nextWords(queue: Queue, now: number, i18n: I18n): string {
  if (!queue.nextTime) return '';
  const when = i18n.moment(queue.nextTime, now);
  return i18n.t(queue.nextState === 'Open' ? 'queue.opens' : 'queue.closes', { when });
}

/** "3 of 12 places left", "12 of 12 places used"; empty without a limit. */
export function placesWords(queue: Queue, { t }: I18n): string {
  if (queue.places < 0 || queue.placesLeft < 0) return '';
  if (queue.placesLeft === 0) return t('queue.placesFull', { places: queue.places });
  return t('queue.places', { left: queue.placesLeft, places: queue.places });
}
