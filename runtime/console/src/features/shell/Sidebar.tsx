import type { Queue } from '@usher/protocol/protocol';
import { BellRing, MessagesSquare, Search, Settings } from 'lucide-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { useDesk, useLocal, useTabs, useView } from '../../desk/hooks';
import { offersOf, unansweredSince, unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { runAction } from '../../keys/useKeys';
import { Count } from '../../ui/Chip';
import { OnlineGlyph, QueueGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { queueLook, sortQueues } from '../queues/queue-look';
import { lookWord } from '../queues/queue-words';
import { customerName } from '../waiting/waiting-words';
import { UserMenu } from './UserMenu';
import './sidebar.css';

/** Queues with their state and first wait, what is mine, and the rest of the console. */
export function Sidebar() {
  const i18n = useI18n();
  const { t, locale } = i18n;
  const desk = useDesk();
  const [path] = useLocation();
  const queues = useView((view) => view.state.queues);
  const sorted = useMemo(() => sortQueues(queues.values(), locale), [queues, locale]);
  return (
    <div className="sidebar" data-pane tabIndex={-1}>
      <header>
        <div className="sidebar-head">
          <span className="desk-name ellipsis" title={desk.me.deskName}>
            <bdi dir="auto">{desk.me.deskName}</bdi>
          </span>
          <UserMenu />
        </div>
        <button type="button" className="find" onClick={() => runAction('palette')}>
          <Search size={16} aria-hidden="true" />
          <span className="find-words">{t('palette.find')}</span>
        </button>
      </header>
      <nav className="nav" aria-label={t('nav.label')}>
        <h2 className="nav-head rail-hide" id="nav-queues">
          {t('nav.customerQueues')}
        </h2>
        <ul aria-labelledby="nav-queues">
          {sorted.map((queue) => (
            <QueueRow key={queue.name} queue={queue} path={path} />
          ))}
        </ul>
        <h2 className="nav-head rail-hide" id="nav-personal">
          {t('nav.personal')}
        </h2>
        <Personal path={path} />
        <ul className="nav-end">
          <li>
            <NavLink href="/settings" path={path}>
              <Settings size={16} aria-hidden="true" />
              <span className="nav-name ellipsis">{t('nav.settings')}</span>
            </NavLink>
          </li>
        </ul>
      </nav>
    </div>
  );
}

function NavLink(props: { href: string; path: string; title?: string; children: React.ReactNode }) {
  const current = props.path === props.href || props.path.startsWith(`${props.href}/`);
  return (
    <Link
      href={props.href}
      className="nav-row"
      aria-current={current ? 'page' : undefined}
      title={props.title}
    >
      {props.children}
    </Link>
  );
}

function QueueRow({ queue, path }: { queue: Queue; path: string }) {
  const i18n = useI18n();
  const look = queueLook(queue);
  return (
    <li>
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
        {queue.waiting > 0 && (
          <>
            {queue.firstSince ? (
              <span className="rail-hide">
                <Wait since={queue.firstSince} short />
              </span>
            ) : null}
            <Count value={queue.waiting} />
            <span className="sr-only">{i18n.t('queue.waitingWord')}</span>
          </>
        )}
      </NavLink>
    </li>
  );
}

function Personal({ path }: { path: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const state = useView((view) => view.state);
  const tabs = useTabs();
  const read = useLocal((local) => local.read);
  const offers = useMemo(() => offersOf(state), [state]);
  return (
    <ul aria-labelledby="nav-personal">
      <li>
        <NavLink href="/chats" path={path} title={t('nav.chats')}>
          <MessagesSquare size={16} aria-hidden="true" />
          <span className="nav-name ellipsis">{t('nav.chats')}</span>
        </NavLink>
      </li>
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
                  <Wait since={since} short />
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
