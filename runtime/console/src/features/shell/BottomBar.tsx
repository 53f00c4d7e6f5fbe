import { Headset, Inbox, MessagesSquare, MoreHorizontal, UserRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { forMe, teamCount } from '../../desk/count';
import { useDesk, useLocal, useTabs, useView } from '../../desk/hooks';
import { unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';

/** The way around on a phone. */
export function BottomBar() {
  const { t } = useI18n();
  const [path] = useLocation();
  const state = useView((view) => view.state);
  const { queues } = state;
  const desk = useDesk();
  const tabs = useTabs();
  const read = useLocal((local) => local.read);
  let waiting = 0;
  for (const queue of queues.values()) waiting += queue.waiting;
  const unread = tabs.reduce(
    (sum, tab) => sum + unreadOf(tab, read.get(tab.conversation.id) ?? 0),
    0,
  );
  return (
    <nav className="bottombar" aria-label={t('nav.label')}>
      <Item
        href="/queues"
        on={path.startsWith('/queue')}
        label={t('nav.queues')}
        count={waiting}
        counted={t('queue.waitingWord')}
      >
        <Inbox size={20} aria-hidden="true" />
      </Item>
      <Item
        href="/chats"
        on={path === '/chats' || path.startsWith('/c/')}
        label={t('nav.chatsShort')}
        count={unread}
        counted={t('log.unreadWord')}
      >
        <MessagesSquare size={20} aria-hidden="true" />
      </Item>
      <Item
        href="/me"
        on={path === '/me'}
        label={t('nav.forMe')}
        count={forMe(state, desk.me.name)}
        counted={t('nav.forMeWord')}
      >
        <UserRound size={20} aria-hidden="true" />
      </Item>
      <Item href="/open" on={path === '/open'} label={t('nav.openShort')} count={0} counted="">
        <Headset size={20} aria-hidden="true" />
      </Item>
      <Item
        href="/more"
        on={/^\/(more|settings|team|room|people|inactive|links)/.test(path)}
        label={t('nav.more')}
        count={teamCount(state)}
        counted={t('nav.moreWord')}
      >
        <MoreHorizontal size={20} aria-hidden="true" />
      </Item>
    </nav>
  );
}

function Item(props: {
  href: string;
  on: boolean;
  label: string;
  count: number;
  counted: string;
  children: ReactNode;
}) {
  return (
    <Link href={props.href} className="bottom-item" aria-current={props.on ? 'page' : undefined}>
      <span className="bottom-icon">
        {props.children}
        {props.count > 0 && <Count value={props.count} />}
      </span>
      <span>{props.label}</span>
      {props.count > 0 && <span className="sr-only">{props.counted}</span>}
    </Link>
  );
}
