import type { Queue } from '@usher/protocol/protocol';
import { BellRing, Zap } from 'lucide-react';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { QueueGlyph } from '../../ui/Glyph';
import { useAct } from '../notices/useAct';
import { Star } from '../shell/Star';
import { queueLook } from './queue-look';
import { causeWords, nextWords, placesWords } from './queue-words';
import { SwitchQueue } from './SwitchQueue';

/** A queue's name, state, cause and figures, and what can be done with it. */
export function QueueHeader({
  queue,
  onPicked,
}: {
  queue: Queue;
  onPicked(conversation: string): void;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const now = useServerMinute();
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const closed = queue.state !== 'Open';
  const look = queueLook(queue);

  const acceptNext = () =>
    act('next', async () => {
      const ack = await desk.pickNext(queue.name);
      if (ack.conversation) onPicked(ack.conversation);
    });

  useActions(1, live && queue.waiting > 0 && !busy ? { acceptNext: () => void acceptNext() } : {});

  const figures = [
    t('queue.waiting', { count: queue.waiting }),
    placesWords(queue, i18n),
    t('queue.online', { online: queue.online, available: queue.available }),
  ].filter(Boolean);
  const since = queue.since ? t('queue.since', { when: i18n.moment(queue.since, now) }) : '';
  const why = [causeWords(queue, i18n), since, nextWords(queue, now, i18n)].filter(Boolean);

  return (
    <header className="page-head">
      <div className="page-head-words">
        <div className="page-title">
          <h1 className="ellipsis" title={queue.displayName}>
            <bdi dir="auto">{queue.displayName}</bdi>
          </h1>
          <Chip
            tone={closed ? 'closed' : 'open'}
            glyph={<QueueGlyph look={closed ? 'closed' : 'open'} size={10} />}
          >
            {t(look === 'open' || look === 'waiting' ? 'queue.open' : 'queue.closed')}
          </Chip>
          {queue.mode === 'Automatic' && (
            <Chip glyph={<Zap size={12} aria-hidden="true" />}>{t('queue.automatic')}</Chip>
          )}
          {(queue.alerted ?? 0) > 0 && (
            <Chip tone="overdue" glyph={<BellRing size={12} aria-hidden="true" />}>
              {t('queue.alerted', { count: queue.alerted ?? 0 })}
            </Chip>
          )}
          <Star
            to={{ kind: 'queue', name: queue.name }}
            shownName={queue.displayName}
            isOn={queue.favourite ?? false}
          />
        </div>
        <p className="text2">{figures.join(' · ')}</p>
        <p className="muted">{why.join(' · ')}</p>
      </div>
      <div className="page-head-actions">
        {queue.maySwitch && <SwitchQueue queue={queue} />}
        <Button
          look="primary"
          isDisabled={!live || queue.waiting === 0 || busy !== undefined}
          onPress={() => void acceptNext()}
        >
          {busy ? t('waiting.accepting') : t('waiting.acceptNext')}
          <span className="kbd key-hint" aria-hidden="true">
            n
          </span>
        </Button>
      </div>
    </header>
  );
}
