import { Link2, Search, Settings } from 'lucide-react';
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { runAction } from '../../keys/useKeys';
import { sortQueues } from '../queues/queue-look';
import { Standing } from '../standing/Standing';
import { NavLink } from './NavLink';
import { Personal, Shared } from './Personal';
import { QueueRow, TeamRow } from './QueueRow';
import { sortTeams } from './sort-teams';
import { UserMenu } from './UserMenu';
import './sidebar.css';

/** Favourites, queues with their state and first wait, what is mine, teams, and the rest. */
export function Sidebar() {
  const { t, locale } = useI18n();
  const desk = useDesk();
  const [path] = useLocation();
  const queues = useView((view) => view.state.queues);
  const teams = useView((view) => view.state.teams);
  const allQueues = useMemo(() => sortQueues(queues.values(), locale), [queues, locale]);
  const allTeams = useMemo(() => sortTeams(teams.values(), locale), [teams, locale]);
  const starred = {
    queues: allQueues.filter(({ favourite }) => favourite),
    teams: allTeams.filter(({ favourite }) => favourite),
  };
  return (
    <div className="sidebar" data-pane tabIndex={-1}>
      <header>
        <div className="sidebar-head">
          <span className="desk-name ellipsis" title={desk.me.deskName}>
            <bdi dir="auto">{desk.me.deskName}</bdi>
          </span>
          <UserMenu />
        </div>
        <Standing />
        <button type="button" className="find" onClick={() => runAction('palette')}>
          <Search size={16} aria-hidden="true" />
          <span className="find-words">{t('palette.find')}</span>
        </button>
      </header>
      <nav className="nav" aria-label={t('nav.label')}>
        {starred.queues.length + starred.teams.length > 0 && (
          <>
            <h2 className="nav-head rail-hide" id="nav-favourites">
              {t('nav.favourites')}
            </h2>
            <ul aria-labelledby="nav-favourites">
              {starred.queues.map((queue) => (
                <QueueRow key={queue.name} queue={queue} path={path} />
              ))}
              {starred.teams.map((team) => (
                <TeamRow key={team.name} team={team} path={path} />
              ))}
            </ul>
          </>
        )}
        <h2 className="nav-head rail-hide" id="nav-queues">
          {t('nav.customerQueues')}
        </h2>
        <ul aria-labelledby="nav-queues">
          {allQueues
            .filter(({ favourite }) => !favourite)
            .map((queue) => (
              <QueueRow key={queue.name} queue={queue} path={path} />
            ))}
        </ul>
        <h2 className="nav-head rail-hide" id="nav-personal">
          {t('nav.personal')}
        </h2>
        <Personal path={path} />
        <h2 className="nav-head rail-hide" id="nav-teams">
          {t('nav.teams')}
        </h2>
        <ul aria-labelledby="nav-teams">
          {allTeams
            .filter(({ favourite }) => !favourite)
            .map((team) => (
              <TeamRow key={team.name} team={team} path={path} />
            ))}
          <Shared path={path} />
        </ul>
        <ul className="nav-end">
          <li>
            <NavLink href="/links" path={path} title={t('nav.links')}>
              <Link2 size={16} aria-hidden="true" />
              <span className="nav-name ellipsis">{t('nav.links')}</span>
            </NavLink>
          </li>
          <li>
            <NavLink href="/settings" path={path} title={t('nav.settings')}>
              <Settings size={16} aria-hidden="true" />
              <span className="nav-name ellipsis">{t('nav.settings')}</span>
            </NavLink>
          </li>
        </ul>
      </nav>
    </div>
  );
}
