import type { Queue, Team } from '@usher/protocol/protocol';
import { BellRing, Users, Zap } from 'lucide-react';
import { useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { OnlineGlyph, QueueGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { queueLook } from '../queues/queue-look';
import { lookWord } from '../queues/queue-words';
import { NavLink } from './NavLink';
import { Star } from './Star';

/** A queue: its state, whether it distributes by itself, an alert, its first wait and its number. */
export function QueueRow({ queue, path }: { queue: Queue; path: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const look = queueLook(queue);
  const alerted = queue.alerted ?? 0;
  return (
    <li className="nav-item">
      <NavLink
        href={`/queue/${encodeURIComponent(queue.name)}`}
        path={path}
        title={queue.displayName}
      >
        <QueueGlyph look={look} />
        <bdi className="nav-name ellipsis" dir="auto">
          {queue.displayName}
        </bdi>
        <span className="sr-only">{lookWord(look, i18n)}</span>
        {queue.mode === 'Automatic' && (
          <span className="nav-sign rail-hide" title={t('queue.automatic')}>
            <Zap size={14} aria-hidden="true" />
            <span className="sr-only">{t('queue.automatic')}</span>
          </span>
        )}
        {alerted > 0 && (
          <span className="nav-sign alert" title={t('queue.alerted', { count: alerted })}>
            <BellRing size={14} aria-hidden="true" />
            <span className="sr-only">{t('queue.alerted', { count: alerted })}</span>
          </span>
        )}
        <WaitingCount waiting={queue.waiting} firstSince={queue.firstSince} />
      </NavLink>
      <Star
        to={{ kind: 'queue', name: queue.name }}
        shownName={queue.displayName}
        isOn={queue.favourite ?? false}
      />
    </li>
  );
}

/** A team: who waits for it, how many are there, and its chat while something is unread. */
export function TeamRow({ team, path }: { team: Team; path: string }) {
  const { t } = useI18n();
  const room = useView((view) => view.state.rooms.get(team.room ?? ''));
  return (
    <li className="nav-item">
      <NavLink href={`/team/${encodeURIComponent(team.name)}`} path={path} title={team.displayName}>
        <Users size={16} aria-hidden="true" />
        <bdi className="nav-name ellipsis" dir="auto">
          {team.displayName}
        </bdi>
        <span
          className="muted rail-hide nav-online"
          title={t('team.online', { count: team.online })}
        >
          <OnlineGlyph online={team.online > 0} />
          <span aria-hidden="true">{team.online}</span>
          <span className="sr-only">{t('team.online', { count: team.online })}</span>
        </span>
        <WaitingCount waiting={team.waiting} firstSince={team.firstSince} />
      </NavLink>
      <Star
        to={{ kind: 'team', name: team.name }}
        shownName={team.displayName}
        isOn={team.favourite ?? false}
        room={room}
      />
    </li>
  );
}

function WaitingCount(props: { waiting: number; firstSince: number | undefined }) {
  const { t } = useI18n();
  if (props.waiting === 0) return null;
  return (
    <>
      {props.firstSince ? (
        <span className="rail-hide">
          <Wait since={props.firstSince} short />
        </span>
      ) : null}
      <Count value={props.waiting} />
      <span className="sr-only">{t('queue.waitingWord')}</span>
    </>
  );
}
