import type { Conversation, Waiting } from '@usher/protocol/protocol';
import type { I18n, Key } from '../../i18n/i18n';

/** What a mark beside a waiting customer says. */
export interface Mark {
  readonly kind: 'alert' | 'returned' | 'via' | 'issue' | 'secure';
  readonly words: string;
}

const VIA: Record<string, Key> = {
  key: 'via.key',
  link: 'via.link',
  chosen: 'via.chosen',
  rule: 'via.rule',
};
const RETURNED: Record<string, Key> = {
  lost: 'returned.lost',
  left: 'returned.left',
  refused: 'returned.refused',
  expired: 'returned.expired',
  removed: 'returned.removed',
  signedOut: 'returned.signedOut',
  declined: 'returned.declined',
};

/** How a customer came to where they wait; nothing when they simply joined the queue. */
export function viaWords(row: Pick<Waiting, 'via' | 'from' | 'fromName'>, { t }: I18n): string {
  if (row.via === 'transfer') {
    const name = row.fromName || row.from;
    return name ? t('via.transferFrom', { name }) : t('via.transfer');
  }
  if (row.via === 'return')
    return t('via.return', { name: row.fromName || row.from || t('preview.colleague') });
  const key = row.via ? VIA[row.via] : undefined;
  return key ? t(key) : '';
}

/** Why a customer came back to the line. */
export function returnedWords(why: string | undefined, { t }: I18n): string {
  const key = why ? RETURNED[why] : undefined;
  return key ? t(key) : '';
}

/** The marks of a waiting customer, what matters most first. */
export function marksOf(row: Waiting, i18n: I18n): Mark[] {
  const marks: Mark[] = [];
  if (row.alerted) marks.push({ kind: 'alert', words: i18n.t('waiting.alerted') });
  const returned = returnedWords(row.returned, i18n);
  if (returned) marks.push({ kind: 'returned', words: returned });
  const via = viaWords(row, i18n);
  if (via) marks.push({ kind: 'via', words: via });
  if (row.issue) marks.push({ kind: 'issue', words: row.issue });
  if (row.secure) marks.push({ kind: 'secure', words: i18n.t('verified.chip') });
  return marks;
}

/** Everybody in a conversation in a few words: "You and Ben", "Ana, Ben and 2 more". */
export function participantsWords(
  agents: Conversation['agents'],
  me: string,
  { t, locale }: I18n,
): string {
  const names = (agents ?? []).map(({ name, displayName }) =>
    name === me ? t('log.you') : displayName || name,
  );
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(names);
}
