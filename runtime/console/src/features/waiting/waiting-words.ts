import type { Waiting } from '@usher/protocol/protocol';
import type { I18n } from '../../i18n/i18n';
import { urgency } from './status';
import type { WaitClass } from './wait';

/** The customer's stated name, or what an unnamed one is called. */
export function customerName(
  thing: { name?: string; conversation?: string; id?: string },
  { t }: I18n,
): string {
  if (thing.name) return thing.name;
  const id = thing.conversation ?? thing.id ?? '';
  return t('customer.unnamed', { number: id.replace(/[^0-9a-zA-Z]/g, '').slice(-4) });
}

/**
 * The state of a waiting customer: a plain word where it cannot be accepted now, else how urgent it
 * is by the desk's clock.
 */
export function waitingState(
  row: Waiting,
  now: number,
  { t }: I18n,
): { plain: string } | { kind: WaitClass } {
  if (row.offeredTo) return { plain: t('waiting.offeredTo', { name: row.offeredTo }) };
  if (!row.online) return { plain: t('waiting.away') };
  return { kind: urgency(row, now, row.arrivedAt) };
}

/** A page's address as short as it is still clear: without the scheme, and without a lone slash. */
export function shortPage(page: string): string {
  return page.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
