import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import type { LogEntry } from '@usher/protocol/protocol';
import { ScrollText } from 'lucide-react';
import { useEffect } from 'react';
import { api } from '../../api/http';
import { useDesk } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { failureWords } from '../notices/errors';
import { dayOf } from '../queues/until';
import { formatWait } from '../waiting/wait';
import { logTone, logWords } from './log-words';
import './activity.css';

const REFRESH_MS = 1_000;

/** What happened in a queue, the newest first; it follows what happens while it is looked at. */
export function ActivityLog({ queue }: { queue: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const cache = useQueryClient();
  const now = useServerMinute();
  const log = useInfiniteQuery({
    queryKey: ['log', queue],
    queryFn: ({ pageParam, signal }) => api.log(queue, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page) => page.before || undefined,
  });

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = desk.onLive((changes) => {
      const concerns = changes.some(
        (c) => c.queue?.name === queue || c.waiting?.queue === queue || c.gone || c.conversation,
      );
      if (!concerns || timer) return;
      timer = setTimeout(() => {
        timer = undefined;
        void cache.invalidateQueries({ queryKey: ['log', queue] });
      }, REFRESH_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [desk, cache, queue]);

  const entries = log.data?.pages.flatMap((page) => page.entries) ?? [];
  if (log.isPending) return <SkeletonRows rows={8} label={t('state.loading')} />;
  if (log.isError && entries.length === 0) {
    return (
      <Empty action={<Button onPress={() => void log.refetch()}>{t('action.tryAgain')}</Button>}>
        {t('activity.failed')} {failureWords(log.error, i18n)}
      </Empty>
    );
  }
  if (entries.length === 0) {
    return <Empty icon={<ScrollText size={32} aria-hidden="true" />}>{t('activity.none')}</Empty>;
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys.
    <section className="scroll" aria-label={t('queue.tab.activity')} tabIndex={0}>
      {days(entries).map((day) => (
        <div key={day.key}>
          <h2 className="day-head">{i18n.day(day.at)}</h2>
          <ol className="activity">
            {day.entries.map((entry) => (
              <li key={`${entry.seq}.${entry.type}`} className="activity-line">
                <time className="muted" dateTime={new Date(entry.at).toISOString()}>
                  {i18n.time(entry.at)}
                </time>
                <span className={`activity-mark ${logTone(entry.type)}`} aria-hidden="true" />
                <span className="activity-words">
                  {logWords(entry, now, i18n)}
                  {entry.waitedMs ? (
                    <span className="muted">
                      {' '}
                      · {t('activity.waited', { wait: formatWait(entry.waitedMs) })}
                    </span>
                  ) : null}
                </span>
              </li>
            ))}
          </ol>
        </div>
      ))}
      {log.hasNextPage && (
        <div className="more">
          <Button isDisabled={log.isFetchingNextPage} onPress={() => void log.fetchNextPage()}>
            {log.isFetchingNextPage ? t('state.loading') : t('activity.older')}
          </Button>
        </div>
      )}
    </section>
  );
}

function days(entries: readonly LogEntry[]): { key: string; at: number; entries: LogEntry[] }[] {
  const list: { key: string; at: number; entries: LogEntry[] }[] = [];
  for (const entry of entries) {
    const key = dayOf(entry.at);
    const last = list.at(-1);
    if (last?.key === key) last.entries.push(entry);
    else list.push({ key, at: entry.at, entries: [entry] });
  }
  return list;
}
