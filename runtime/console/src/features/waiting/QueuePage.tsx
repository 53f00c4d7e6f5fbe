import { Coffee } from 'lucide-react';
import { useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { preferences } from '../../preferences/preferences';
import { Banner } from '../../ui/Banner';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { ActivityLog } from '../activity/ActivityLog';
import { useAct } from '../notices/useAct';
import { OverrideStrip } from '../queues/OverrideStrip';
import { QueueHeader } from '../queues/QueueHeader';
import { nextWords } from '../queues/queue-words';
import { NoRight } from '../shell/NoRight';
import { usePage } from '../shell/page';
import { Preview } from './Preview';
import { useRows } from './useRows';
import { WaitingList } from './WaitingList';

/** A queue: its state, its line with a preview, and what happened in it. */
export function QueuePage(props: { name: string; shown?: string; tab: 'waiting' | 'activity' }) {
  const { t } = useI18n();
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
        <Line key={props.name} queue={props.name} shown={props.shown} address={address} />
      )}
    </>
  );
}

function Line({
  queue,
  shown,
  address,
}: {
  queue: string;
  shown: string | undefined;
  address: string;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const [, go] = useLocation();
  const desk = useDesk();
  const now = useServerMinute();
  const live = useView((view) => view.connection.phase === 'live');
  const row = useView((view) => view.state.queues.get(queue));
  const { rows, sort, onSort } = useRows(queue);
  const { busy, act } = useAct();
  const canAccept = live && busy === undefined;

  const accept = (conversation: string) => {
    if (!canAccept) return;
    void act(conversation, () => desk.pick(conversation)).then(
      (ok) => ok && go(`/c/${conversation}`),
    );
  };
  const preview = (conversation: string) =>
    go(`${address}/w/${encodeURIComponent(conversation)}`, { replace: shown !== undefined });
  const close = () => go(address);
  useActions(2, shown ? { accept: () => accept(shown) } : {});

  useEffect(() => {
    if (!shown) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target as Element | null;
      if (
        event.key === 'Escape' &&
        !event.defaultPrevented &&
        !target?.closest('[role="dialog"],[role="menu"]')
      ) {
        go(address);
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [shown, address, go]);

  const closed = row?.state === 'Closed';
  return (
    <div className={shown ? 'line with-preview' : 'line'}>
      <div className="line-list">
        {rows.length === 0 ? (
          <Empty icon={<Coffee size={32} aria-hidden="true" />}>
            {closed && row
              ? [t('queue.closedEmpty'), nextWords(row, now, i18n)]
                  .filter(Boolean)
                  .join(' ')
                  .replace(/([^.])$/, '$1.')
              : t(preferences.getState().sound === 'off' ? 'waiting.emptySilent' : 'waiting.empty')}
          </Empty>
        ) : (
          <WaitingList
            rows={rows}
            sort={sort}
            shown={shown}
            canAccept={canAccept}
            accepting={busy}
            label={t('waiting.label')}
            onSort={onSort}
            onPreview={preview}
            onAccept={accept}
          />
        )}
      </div>
      {shown && (
        <Preview
          key={shown}
          queue={queue}
          conversation={shown}
          canAccept={canAccept}
          accepting={busy}
          onAccept={accept}
          onClose={close}
        />
      )}
    </div>
  );
}
