import {
  ChevronRight,
  CircleDashed,
  Contact,
  Link2,
  MessagesSquare,
  Settings,
  UsersRound,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { inactiveCount } from '../../desk/count';
import { useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { Standing } from '../standing/Standing';
import { usePage } from './page';
import { sortTeams } from './sort-teams';
import { UserMenu } from './UserMenu';

/** On a phone: my presence, the teams, and every place that the bar below has no room for. */
export default function MorePage() {
  const { t, locale } = useI18n();
  usePage({ title: t('nav.more'), focus: 'more' });
  const state = useView((view) => view.state);
  const icon = { size: 18, 'aria-hidden': true } as const;
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.more')}</h1>
        <UserMenu />
      </header>
      <div className="scroll">
        <Standing />
        <ul className="cards">
          {sortTeams(state.teams.values(), locale).map((team) => (
            <Item
              key={team.name}
              href={`/team/${encodeURIComponent(team.name)}`}
              name={team.displayName}
              about={t('team.online', { count: team.online })}
              count={team.waiting}
              counted={t('queue.waitingWord')}
            >
              <UsersRound {...icon} />
            </Item>
          ))}
          {[...state.rooms.values()].map((room) => (
            <Item
              key={room.id}
              href={`/room/${encodeURIComponent(room.id)}`}
              name={room.kind === 'team' ? t('room.ofTeam', { team: room.name }) : room.name}
              count={room.unread}
              counted={t('room.unreadWord')}
            >
              <MessagesSquare {...icon} />
            </Item>
          ))}
          <Item
            href="/inactive"
            name={t('nav.inactive')}
            count={inactiveCount(state)}
            counted={t('nav.inactiveWord')}
          >
            <CircleDashed {...icon} />
          </Item>
          <Item href="/people" name={t('nav.people')}>
            <Contact {...icon} />
          </Item>
          <Item href="/links" name={t('nav.links')}>
            <Link2 {...icon} />
          </Item>
          <Item href="/settings" name={t('nav.settings')}>
            <Settings {...icon} />
          </Item>
        </ul>
      </div>
    </>
  );
}

function Item(props: {
  href: string;
  name: string;
  about?: string;
  count?: number;
  counted?: string;
  children: ReactNode;
}) {
  const { count = 0 } = props;
  return (
    <li>
      <Link href={props.href} className="card">
        <span className="card-glyph">{props.children}</span>
        <span className="card-words">
          <span className="card-title">
            <bdi dir="auto">{props.name}</bdi>
          </span>
          {props.about && <span className="text2">{props.about}</span>}
        </span>
        <span className="card-end">
          {count > 0 && (
            <>
              <Count value={count} />
              <span className="sr-only">{props.counted}</span>
            </>
          )}
          <ChevronRight size={18} aria-hidden="true" />
        </span>
      </Link>
    </li>
  );
}
