import type { Presence } from '@usher/protocol/protocol';
import type { I18n, Key } from '../../i18n/i18n';

const WORDS: Record<Presence, Key> = {
  available: 'presence.available',
  finishMine: 'presence.finishMine',
  away: 'presence.away',
  offline: 'presence.offline',
};

/** A presence in words. */
export function presenceWords(presence: Presence, { t }: I18n): string {
  return t(WORDS[presence] ?? 'presence.offline');
}

/** "2 of 3", or "2" without a limit. */
export function loadWords({ load, limit }: { load: number; limit: number }, { t }: I18n): string {
  return limit > 0 ? t('standing.load', { load, limit }) : String(load);
}
