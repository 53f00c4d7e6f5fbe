import type { Waiting } from '@usher/protocol/protocol';
import type { I18n } from '../../i18n/i18n';
import type { ChipTone } from '../../ui/Chip';
import { waitClass } from './wait';

/** The customer's stated name, or what an unnamed one is called. */
export function customerName(
  thing: { name?: string; conversation?: string; id?: string },
  { t }: I18n,
): string {
  if (thing.name) return thing.name;
  const id = thing.conversation ?? thing.id ?? '';
  return t('customer.unnamed', { number: id.replace(/[^0-9a-zA-Z]/g, '').slice(-4) });
}

/** The state of a waiting customer in one word, with its tone. */
export function waitingState(
  row: Waiting,
  now: number,
  { t }: I18n,
): { tone: ChipTone; words: string } {
  if (row.offeredTo)
    return { tone: 'plain', words: t('waiting.offeredTo', { name: row.offeredTo }) };
  if (!row.online) return { tone: 'plain', words: t('waiting.away') };
  const kind = waitClass(now - row.arrivedAt);
  if (kind === 'overdue') return { tone: 'overdue', words: t('waiting.overdue') };
  if (kind === 'soon') return { tone: 'soon', words: t('waiting.soon') };
  return { tone: 'waiting', words: t('waiting.repNeeded') };
}

/** A page's address as short as it is still clear: without the scheme, and without a lone slash. */
export function shortPage(page: string): string {
  return page.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
