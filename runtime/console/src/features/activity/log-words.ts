import type { LogEntry } from '@usher/protocol/protocol';
import type { I18n, Key } from '../../i18n/i18n';

const CAUSES: Record<string, Key> = {
  AlwaysOpen: 'activity.cause.AlwaysOpen',
  Schedule: 'activity.cause.Schedule',
  Exception: 'activity.cause.Exception',
  Holiday: 'activity.cause.Holiday',
  ScheduleSuspended: 'activity.cause.ScheduleSuspended',
  ScheduleMissing: 'activity.cause.ScheduleMissing',
  lost: 'activity.cause.lost',
  left: 'activity.cause.left',
  refused: 'activity.cause.refused',
  expired: 'activity.cause.expired',
  removed: 'activity.cause.removed',
  declined: 'activity.cause.declined',
  signedOut: 'activity.cause.signedOut',
  idle: 'activity.cause.idle',
  customer: 'activity.cause.customer',
};

/** The types of lines whose cause says more than the sentence does. */
const CAUSED = new Set(['opened', 'closed', 'returned', 'ended', 'exited']);

/** One line of a queue's log in words, with what is known of cause, reason and end (feature Q4). */
export function logWords(entry: LogEntry, now: number, i18n: I18n): string {
  const { t } = i18n;
  const parts = [sentence(entry, i18n)];
  if (entry.until && entry.type !== 'offered') {
    parts.push(t('override.until', { when: i18n.moment(entry.until, now) }));
  }
  if (entry.reason) parts.push(`(${entry.reason})`);
  const what = parts.join(' ');
  if (entry.type === 'settings' && entry.cause)
    return t('activity.because', { what, cause: entry.cause });
  const key = entry.cause ? CAUSES[entry.cause] : undefined;
  // An override's own words and an agent's own act say the cause already.
  if (!key || !CAUSED.has(entry.type) || (entry.type === 'ended' && entry.by)) return what;
  return t('activity.because', { what, cause: t(key) });
}

function sentence(entry: LogEntry, { t }: I18n): string {
  const name = entry.name || t('customer.someone');
  const by = entry.by || t('preview.colleague');
  switch (entry.type) {
    case 'opened':
      return entry.by ? t('activity.openedBy', { by }) : t('activity.opened');
    case 'closed':
      return entry.by ? t('activity.closedBy', { by }) : t('activity.closed');
    case 'joined':
      return t('activity.joined', { name });
    case 'picked':
      return t('activity.picked', { by, name });
    case 'offered':
      return t('activity.offered', { by, name });
    case 'returned':
      return entry.by ? t('activity.returnedBy', { by, name }) : t('activity.returned', { name });
    case 'left':
      return t(entry.cause === 'abandoned' ? 'activity.abandoned' : 'activity.left', { name });
    case 'ended':
      return entry.by ? t('activity.endedBy', { by, name }) : t('activity.ended', { name });
    case 'erased':
      return entry.by ? t('activity.erasedBy', { by }) : t('activity.erased');
    case 'settings':
      return t('activity.settings');
    case 'override':
      return override(entry, by, t);
    case 'transferred':
    case 'invited':
      return entry.to
        ? t(`activity.${entry.type}.to`, { by, name, to: entry.to.name })
        : t(`activity.${entry.type}`, { by, name });
    case 'entered':
    case 'exited':
    case 'uninvited':
      return t(`activity.${entry.type}`, { by, name });
    case 'moved':
    case 'passed':
      return entry.to
        ? t(`activity.${entry.type}.to`, { name, to: entry.to.name })
        : t(`activity.${entry.type}`, { name });
    case 'alerted':
    case 'inactive':
    case 'revived':
    case 'contact':
    case 'keysLocked':
      return t(`activity.${entry.type}`, { name });
    default:
      return entry.type;
  }
}

function override(entry: LogEntry, by: string, t: I18n['t']): string {
  switch (entry.cause) {
    case 'RequestedOpen':
      return t('activity.requested.Open', { by });
    case 'RequestedClosed':
      return t('activity.requested.Closed', { by });
    case 'RequestedAuto':
      return t('activity.requested.Auto', { by });
    case 'Carried':
      return t('activity.carried');
    case 'Refused':
      return t('activity.refused');
    default:
      return t('activity.override');
  }
}

/** The tone of a line's mark. */
export function logTone(type: string): 'open' | 'closed' | 'waiting' | 'plain' {
  if (type === 'opened') return 'open';
  if (type === 'closed') return 'closed';
  return type === 'joined' || type === 'returned' ? 'waiting' : 'plain';
}
