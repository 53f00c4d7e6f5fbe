import { MessagesSquare } from 'lucide-react';
import { Link } from 'wouter';
import { useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { SkeletonRows } from '../../ui/Empty';
import { Invitations } from '../personal/Invitations';
import { NoRight } from '../shell/NoRight';
import { usePage } from '../shell/page';
import { Star } from '../shell/Star';
import { Line } from '../waiting/Line';

/** A team's own queue: who was handed to the team, and invitations to it (features R6, R7). */
export default function TeamPage({ name, shown }: { name: string; shown?: string | undefined }) {
  const { t } = useI18n();
  const team = useView((view) => view.state.teams.get(name));
  const room = useView((view) => view.state.rooms.get(team?.room ?? ''));
  const loaded = useView((view) => view.state.loaded);
  const address = `/team/${encodeURIComponent(name)}`;
  usePage({ title: team?.displayName ?? name, focus: address });
  if (!loaded) {
    return (
      <>
        <h1 className="sr-only">{t('state.loading')}</h1>
        <SkeletonRows rows={6} label={t('state.loading')} />
      </>
    );
  }
  if (!team) return <NoRight kind="team" name={name} />;
  return (
    <>
      <header className="page-head">
        <div className="page-head-words">
          <div className="page-title">
            <h1 className="ellipsis">
              <bdi dir="auto">{team.displayName}</bdi>
            </h1>
            <Star
              to={{ kind: 'team', name }}
              shownName={team.displayName}
              isOn={team.favourite ?? false}
            />
          </div>
          <p className="text2">
            {[
              t('queue.waiting', { count: team.waiting }),
              t('team.online', { count: team.online }),
              t(team.mode === 'Grab' ? 'team.grab' : 'team.collaboration'),
              t(team.role === 'Admin' ? 'team.admin' : 'team.representative'),
            ].join(' · ')}
          </p>
        </div>
        <div className="page-head-actions">
          <Link href={`/open?team=${encodeURIComponent(name)}`} className="button">
            {t('open.ofTeam')}
          </Link>
          {team.room && (
            <Link href={`/room/${encodeURIComponent(team.room)}`} className="button">
              <MessagesSquare size={16} aria-hidden="true" />
              {t('room.team')}
              {room && room.unread > 0 && (
                <>
                  <Count value={room.unread} />
                  <span className="sr-only">{t('room.unreadWord')}</span>
                </>
              )}
            </Link>
          )}
        </div>
      </header>
      <Invitations team={name} />
      <Line
        key={name}
        place={{ kind: 'team', name }}
        shown={shown}
        address={address}
        empty={t('team.empty')}
      />
    </>
  );
}
