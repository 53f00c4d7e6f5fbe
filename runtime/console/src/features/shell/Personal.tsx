import {
  BellRing,
  CircleDashed,
  Contact,
  Headset,
  MessageCircle,
  MessagesSquare,
  UserRound,
} from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { forMe, inactiveCount } from '../../desk/count';
import { useDesk, useLocal, useTabs, useView } from '../../desk/hooks';
import { agentName } from '../../desk/people';
import { offersOf, unansweredSince, unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { OnlineGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { clockOf, urgency } from '../waiting/status';
import { customerName } from '../waiting/waiting-words';
import { NavLink } from './NavLink';

/** What is mine: who waits for me, my conversations, and what is offered to me. */
export function Personal({ path }: { path: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const state = useView((view) => view.state);
  const desk = useDesk();
  const tabs = useTabs();
  const read = useLocal((local) => local.read);
  const offers = useMemo(() => offersOf(state), [state]);
  return (
    <ul aria-labelledby="nav-personal">
      <Place
        href="/me"
        path={path}
        name={t('nav.forMe')}
        count={forMe(state, desk.me.name)}
        counted={t('nav.forMeWord')}
      >
        <UserRound size={16} aria-hidden="true" />
      </Place>
      <Place href="/chats" path={path} name={t('nav.chats')} count={0} counted="">
        <MessagesSquare size={16} aria-hidden="true" />
      </Place>
      {offers.map((offer) => (
        <li key={offer.id}>
          <button
            type="button"
            className="nav-row nav-offer"
            title={t('offer.label')}
            onClick={() => document.querySelector<HTMLElement>('.offers button')?.focus()}
          >
            <BellRing size={16} aria-hidden="true" />
            <span className="nav-name ellipsis">
              {t('offer.named', { name: customerName(offer, i18n) })}
            </span>
          </button>
        </li>
      ))}
      {tabs.map((tab) => {
        const { conversation, over } = tab;
        const since = unansweredSince(tab);
        const unread = unreadOf(tab, read.get(conversation.id) ?? 0);
        const name = customerName(conversation, i18n);
        return (
          <li key={conversation.id}>
            <NavLink href={`/c/${conversation.id}`} path={path} title={name}>
              <OnlineGlyph online={conversation.online && !over} />
              <bdi className="nav-name ellipsis" dir="auto">
                {name}
              </bdi>
              {over ? (
                <span className="muted rail-hide">{t('chat.over')}</span>
              ) : since ? (
                <span className="rail-hide">
                  <Wait since={since} short judge={(now) => urgency(clockOf(tab), now)} />
                </span>
              ) : null}
              {unread > 0 && (
                <>
                  <Count value={unread} />
                  <span className="sr-only">{t('log.unreadWord')}</span>
                </>
              )}
            </NavLink>
          </li>
        );
      })}
    </ul>
  );
}

/** What the teams share beside their queues: what is served, what was left, who is there. */
export function Shared({ path }: { path: string }) {
  const { t } = useI18n();
  const state = useView((view) => view.state);
  const rooms = [...state.rooms.values()]
    .filter((room) => room.kind === 'private' && (room.unread > 0 || room.lastSeq))
    .sort((a, b) => (b.lastAt ?? 0) - (a.lastAt ?? 0))
    .slice(0, 5);
  return (
    <>
      <Place href="/open" path={path} name={t('nav.open')} count={0} counted="">
        <Headset size={16} aria-hidden="true" />
      </Place>
      <Place
        href="/inactive"
        path={path}
        name={t('nav.inactive')}
        count={inactiveCount(state)}
        counted={t('nav.inactiveWord')}
        quiet
      >
        <CircleDashed size={16} aria-hidden="true" />
      </Place>
      <Place href="/people" path={path} name={t('nav.people')} count={0} counted="">
        <Contact size={16} aria-hidden="true" />
      </Place>
      {rooms.map((room) => (
        <Place
          key={room.id}
          href={`/room/${encodeURIComponent(room.id)}`}
          path={path}
          name={room.with ? agentName(state, room.with) : room.name}
          count={room.unread}
          counted={t('room.unreadWord')}
        >
          <MessageCircle size={16} aria-hidden="true" />
        </Place>
      ))}
    </>
  );
}

function Place(props: {
  href: string;
  path: string;
  name: string;
  count: number;
  counted: string;
  /** The number asks for nothing. */
  quiet?: boolean;
  children: ReactNode;
}) {
  return (
    <li>
      <NavLink href={props.href} path={props.path} title={props.name}>
        {props.children}
        <bdi className="nav-name ellipsis" dir="auto">
          {props.name}
        </bdi>
        {props.count > 0 && (
          <>
            {props.quiet ? (
              <span className="muted">{props.count}</span>
            ) : (
              <Count value={props.count} />
            )}
            <span className="sr-only">{props.counted}</span>
          </>
        )}
      </NavLink>
    </li>
  );
}
