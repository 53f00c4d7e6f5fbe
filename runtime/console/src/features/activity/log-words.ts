import type { LogEntry } from '@usher/protocol/protocol';
import type { I18n, Key } from '../../i18n/i18n';

const TYPES: Record<string, Key> = {
  joined: 'activity.joined',
  picked: 'activity.picked',
  offered: 'activity.offered',
  returned: 'activity.returned',
  left: 'activity.left',
  ended: 'activity.ended',
  settings: 'activity.settings',
};

const CAUSES: Record<string, Key> = {
  AlwaysOpen: 'cause.AlwaysOpen',
  Schedule: 'cause.Schedule',
  Exception: 'cause.Exception',
  Holiday: 'cause.Holiday',
  ScheduleSuspended: 'cause.ScheduleSuspended',
  ScheduleMissing: 'cause.ScheduleMissing',
  lost: 'activity.cause.lost',
  left: 'activity.cause.left',
  refused: 'activity.cause.refused',
  expired: 'activity.cause.expired',
  removed: 'activity.cause.removed',
  abandoned: 'activity.cause.abandoned',
  idle: 'activity.cause.idle',
  customer: 'activity.cause.customer',
  agent: 'activity.cause.agent',
};

/** One line of a queue's log in words, with what is known of cause, reason and end (feature Q4). */
export function logWords(entry: LogEntry, now: number, i18n: I18n): string {
  const { t } = i18n;
  const by = entry.by || '';
  const name = entry.name || t('customer.someone');
  const tail: string[] = [];
  if (entry.until) tail.push(t('override.until', { when: i18n.moment(entry.until, now) }));
  if (entry.reason) tail.push(`(${entry.reason})`);
  const sentence = head(entry, by, name, i18n);
  const causeKey = entry.cause ? CAUSES[entry.cause] : undefined;
  // "Override" says no more than that a person did it, which the sentence says already.
  const cause =
    entry.cause && entry.cause !== 'Override' ? (causeKey ? t(causeKey) : entry.cause) : '';
  const start = [sentence, ...tail].join(' ');
  return cause ? t('activity.because', { what: start, cause }) : start;
}

function head(entry: LogEntry, by: string, name: string, { t }: I18n): string {
  if (entry.type === 'opened') return by ? t('activity.openedBy', { by }) : t('activity.opened');
  if (entry.type === 'closed') return by ? t('activity.closedBy', { by }) : t('activity.closed');
  if (entry.type === 'override')
    return by ? t('activity.overrideBy', { by }) : t('activity.override');
  if (entry.type === 'settings')
    return t('activity.settings', { generation: entry.generation ?? 0 });
  if (entry.type === 'ended' && by) return t('activity.endedBy', { by, name });
  if (entry.type === 'returned' && by) return t('activity.returnedBy', { by, name });
  const key = TYPES[entry.type];
  return key ? t(key, { by: by || t('preview.colleague'), name }) : entry.type;
}

/** The tone of a line's mark. */
export function logTone(type: string): 'open' | 'closed' | 'waiting' | 'plain' {
  if (type === 'opened') return 'open';
  if (type === 'closed') return 'closed';
  return type === 'joined' || type === 'returned' ? 'waiting' : 'plain';
}
