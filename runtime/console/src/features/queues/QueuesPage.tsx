import type { Queue } from '@usher/protocol/protocol';
import { Inbox } from 'lucide-react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { QueueGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { usePage } from '../shell/page';
import { queueLook, sortQueues } from './queue-look';
import { causeWords, nextWords, placesWords } from './queue-words';

/** Every queue that I serve, at a glance; on a phone this is the way to them. */
export function QueuesPage() {
  const i18n = useI18n();
  const { t, locale } = i18n;
  usePage({ title: t('nav.queues') });
  const loaded = useView((view) => view.state.loaded);
  const queues = useView((view) => view.state.queues);
  const list = useMemo(() => sortQueues(queues.values(), locale), [queues, locale]);
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.queues')}</h1>
      </header>
      <div className="scroll">
        {!loaded && <SkeletonRows rows={5} label={t('state.loading')} />}
        {loaded && list.length === 0 && (
          <Empty icon={<Inbox size={32} aria-hidden="true" />}>{t('queues.none')}</Empty>
        )}
        <ul className="cards">
          {list.map((queue) => (
            <QueueCard key={queue.name} queue={queue} />
          ))}
        </ul>
      </div>
    </>
  );
}

function QueueCard({ queue }: { queue: Queue }) {
  const i18n = useI18n();
  const { t } = i18n;
  const now = useServerMinute();
  const look = queueLook(queue);
  const open = queue.state === 'Open';
  const words = [causeWords(queue, i18n), nextWords(queue, now, i18n)].filter(Boolean).join(' · ');
  const figures = [
    placesWords(queue, i18n),
    t('queue.online', { online: queue.online, available: queue.available }),
  ].filter(Boolean);
  return (
    <li>
      <Link href={`/queue/${encodeURIComponent(queue.name)}`} className="card">
        <span className="card-glyph">
          <QueueGlyph look={look} size={16} />
        </span>
        <span className="card-words">
          <span className="card-title">
            <bdi dir="auto">{queue.displayName}</bdi>
            <span className={open ? 'word-open' : 'word-closed'}>
              {t(open ? 'queue.open' : 'queue.closed')}
            </span>
          </span>
          <span className="text2">{figures.join(' · ')}</span>
          <span className="muted">{words}</span>
        </span>
        {queue.waiting > 0 && (
          <span className="card-end">
            {queue.firstSince ? <Wait since={queue.firstSince} short /> : null}
            <Count value={queue.waiting} />
            <span className="sr-only">{t('queue.waiting', { count: queue.waiting })}</span>
          </span>
        )}
      </Link>
    </li>
  );
}
