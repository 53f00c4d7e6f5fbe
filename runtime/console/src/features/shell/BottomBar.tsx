import { Inbox, MessagesSquare, MoreHorizontal } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useLocal, useTabs, useView } from '../../desk/hooks';
import { unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';

/** The way around on a phone. */
export function BottomBar() {
  const { t } = useI18n();
  const [path] = useLocation();
  const queues = useView((view) => view.state.queues);
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
        href="/settings"
        on={path.startsWith('/settings')}
        label={t('nav.more')}
        count={0}
        counted=""
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
