import type { Room, Target } from '@usher/protocol/protocol';
import { MessageCircle, Star as StarSign } from 'lucide-react';
import { Link } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { useAct } from '../notices/useAct';

/**
 * Marks a queue or team as a favourite (feature C14). While the team's chat has something unread a
 * bubble with the number stands in the star's place and leads there.
 */
export function Star(props: {
  to: Target;
  shownName: string;
  isOn: boolean;
  room?: Room | undefined;
}) {
  const { to, shownName, isOn, room } = props;
  const { t } = useI18n();
  const desk = useDesk();
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  if (room && room.unread > 0) {
    return (
      <Link
        href={`/room/${encodeURIComponent(room.id)}`}
        className="star bubble-link"
        aria-label={t('room.unreadIn', { count: room.unread, name: shownName })}
      >
        <MessageCircle size={16} aria-hidden="true" />
        <span aria-hidden="true">{room.unread > 99 ? '99+' : room.unread}</span>
      </Link>
    );
  }
  return (
    <button
      type="button"
      className={isOn ? 'star on' : 'star'}
      aria-pressed={isOn}
      aria-label={t('favourite.of', { name: shownName })}
      title={t(isOn ? 'favourite.remove' : 'favourite.add')}
      disabled={!live || busy !== undefined}
      onClick={() => void act('favour', () => desk.acts.favour(to, !isOn))}
    >
      <StarSign size={16} aria-hidden="true" fill={isOn ? 'currentColor' : 'none'} />
    </button>
  );
}
