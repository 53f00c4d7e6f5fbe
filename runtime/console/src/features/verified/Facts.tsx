import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/http';
import { useServerMinute } from '../../desk/now';
import { type I18n, useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { failureWords } from '../notices/errors';
import './verified.css';

/**
 * What the site says of its customer, opened for this agent when it is looked at, and forgotten with
 * the look: nothing of it stays in the page (feature C9).
 */
export function Facts({ id }: { id: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useServerMinute();
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['secure', id],
    queryFn: ({ signal }) => api.secureMetadata(id, signal),
    // What is refused stays refused; what could not be reached has a button.
    retry: false,
    gcTime: 0,
  });
  if (isPending) {
    return (
      <div className="verified-loading" role="status" aria-label={t('verified.loading')}>
        <div className="skeleton" />
        <div className="skeleton" />
      </div>
    );
  }
  if (error) {
    return (
      <div className="verified-failed" role="alert">
        <p>{failureWords(error, i18n)}</p>
        <Button small isDisabled={isFetching} onPress={() => void refetch()}>
          {t('action.tryAgain')}
        </Button>
      </div>
    );
  }
  const facts = Object.entries(data.metadata);
  return (
    <>
      {facts.length === 0 ? (
        <p className="verified-note">{t('verified.none')}</p>
      ) : (
        <table className="verified">
          <caption className="sr-only">{t('verified.chip')}</caption>
          <tbody>
            {facts.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">
                  <bdi dir="auto">{name}</bdi>
                </th>
                <td>
                  <bdi dir="auto">{factWords(value, i18n)}</bdi>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="verified-note">
        {t('verified.sealed', { key: data.keyId, until: i18n.moment(data.sealedUntil, now) })}
      </p>
    </>
  );
}

/** A value as it is read; numbers as the site wrote them: they are as often names as amounts. */
function factWords(value: string | number | boolean, { t }: I18n): string {
  if (typeof value === 'boolean') return t(value ? 'verified.yes' : 'verified.no');
  return `${value}`;
}
