import type { Notice } from '@usher/protocol/protocol';
import type { I18n } from '../../i18n/i18n';

/** A notice of the desk in words: its own where the console has none for its code. */
export function noticeWords(notice: Notice, queue: string, { t }: I18n): string {
  switch (notice.code) {
    case 'offer_expired':
      return t('notice.offer_expired');
    case 'override_refused':
      return t('notice.override_refused', { queue, why: notice.message });
    default:
      return notice.message;
  }
}
