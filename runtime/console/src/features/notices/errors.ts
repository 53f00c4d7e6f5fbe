import { CommandDropped, CommandRefused } from '@usher/protocol/outbox';
import type { ProtocolError } from '@usher/protocol/protocol';
import { ApiError, UnreachableError } from '../../api/http';
import en from '../../i18n/en.json';
import type { I18n, Key } from '../../i18n/i18n';

/** What a typed error says to people, in their language where there is a sentence for its code. */
export function protocolWords(error: ProtocolError, { t }: I18n): string {
  if (error.code === 'already_taken' && error.by)
    return t('error.already_taken.by', { name: error.by });
  const key = `error.${error.code}`;
  return key in en ? t(key as Key) : error.message;
}

/** What any failure says to people; undefined when there is nothing to say. */
export function failureWords(error: unknown, i18n: I18n): string | undefined {
  if (error instanceof CommandDropped) return undefined;
  if (error instanceof CommandRefused || error instanceof ApiError)
    return protocolWords(error.error, i18n);
  if (error instanceof UnreachableError) return i18n.t('error.unreachable');
  return i18n.t('error.unknown', { what: error instanceof Error ? error.message : String(error) });
}
