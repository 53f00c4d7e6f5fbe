import { Link, useLocation } from 'wouter';
import { useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Banner } from '../../ui/Banner';
import { SkeletonRows } from '../../ui/Empty';
import { ActivityLog } from '../activity/ActivityLog';
import { OverrideStrip } from '../queues/OverrideStrip';
import { QueueHeader } from '../queues/QueueHeader';
import { nextWords } from '../queues/queue-words';
import { NoRight } from '../shell/NoRight';
import { usePage } from '../shell/page';
import { Line } from './Line';

/** A queue: its state, its line with a preview, and what happened in it. */
export function QueuePage(props: { name: string; shown?: string; tab: 'waiting' | 'activity' }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useServerMinute();
  const [, go] = useLocation();
  const queue = useView((view) => view.state.queues.get(props.name));
  const loaded = useView((view) => view.state.loaded);
  const address = `/queue/${encodeURIComponent(props.name)}`;
  usePage({ title: queue?.displayName ?? props.name, focus: address });
  useActions(1, { goLog: () => go(`${address}/activity`) });

  if (!loaded) {
    return (
      <>
        <header className="page-head">
          <h1 className="sr-only">{props.name}</h1>
          <div className="skeleton title-skeleton" />
        </header>
        <SkeletonRows rows={8} label={t('state.loading')} />
      </>
    );
  }
  if (!queue) return <NoRight name={props.name} />;
  return (
    <>
      <QueueHeader queue={queue} onPicked={(id) => go(`/c/${id}`)} />
      <OverrideStrip queue={queue} />
      {queue.placesLeft === 0 && queue.state === 'Open' && (
        <Banner tone="warning">{t('queue.full', { places: queue.places })}</Banner>
      )}
      <nav className="subtabs" aria-label={t('queue.views')}>
        <Link
          href={address}
          className="subtab"
          aria-current={props.tab === 'waiting' ? 'page' : undefined}
        >
          {t('queue.tab.waiting', { count: queue.waiting })}
        </Link>
        <Link
          href={`${address}/activity`}
          className="subtab"
          aria-current={props.tab === 'activity' ? 'page' : undefined}
        >
          {t('queue.tab.activity')}
        </Link>
      </nav>
      {props.tab === 'activity' ? (
        <ActivityLog key={props.name} queue={props.name} />
      ) : (
        <Line
          key={props.name}
          place={{ kind: 'queue', name: props.name }}
          shown={props.shown}
          address={address}
          empty={
            queue.state === 'Closed'
              ? [t('queue.closedEmpty'), nextWords(queue, now, i18n)]
                  .filter(Boolean)
                  .join(' ')
                  .replace(/([^.])$/, '$1.')
              : undefined
          }
        />
      )}
    </>
  );
}
