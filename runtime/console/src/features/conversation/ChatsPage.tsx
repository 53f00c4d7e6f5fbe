import { MessagesSquare } from 'lucide-react';
import { Link } from 'wouter';
import { useLocal, useTabs, useView } from '../../desk/hooks';
import { unansweredSince, unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { OnlineGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { usePage } from '../shell/page';
import { clockOf, urgency } from '../waiting/status';
import { customerName } from '../waiting/waiting-words';

/** My conversations at a glance; on a phone this is the way to them. */
export function ChatsPage() {
  const i18n = useI18n();
  const { t } = i18n;
  usePage({ title: t('nav.chats'), focus: 'chats' });
  const tabs = useTabs();
  const loaded = useView((view) => view.state.loaded);
  const read = useLocal((local) => local.read);
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.chats')}</h1>
      </header>
      <div className="scroll">
        {!loaded && tabs.length === 0 && <SkeletonRows rows={3} label={t('state.loading')} />}
        {loaded && tabs.length === 0 && (
          <Empty
            icon={<MessagesSquare size={32} aria-hidden="true" />}
            action={
              <Link href="/queues" className="button">
                {t('chat.toQueues')}
              </Link>
            }
          >
            {t('chats.none')}
          </Empty>
        )}
        <ul className="cards">
          {tabs.map((tab) => {
            const { conversation, over } = tab;
            const since = unansweredSince(tab);
            const unread = unreadOf(tab, read.get(conversation.id) ?? 0);
            return (
              <li key={conversation.id}>
                <Link href={`/c/${conversation.id}`} className="card">
                  <span className="card-glyph">
                    <OnlineGlyph online={conversation.online && !over} />
                  </span>
                  <span className="card-words">
                    <span className="card-title">
                      <bdi className="ellipsis" dir="auto">
                        {customerName(conversation, i18n)}
                      </bdi>
                    </span>
                    <span className="text2 ellipsis">
                      <bdi dir="auto">{tab.messages.at(-1)?.text ?? ''}</bdi>
                    </span>
                    <span className="muted">
                      {conversation.queueName}
                      {over && ` · ${t('chat.over')}`}
                    </span>
                  </span>
                  <span className="card-end">
                    {!over && since ? (
                      <Wait since={since} judge={(now) => urgency(clockOf(tab), now)} />
                    ) : null}
                    {unread > 0 && (
                      <>
                        <Count value={unread} />
                        <span className="sr-only">{t('log.unread', { count: unread })}</span>
                      </>
                    )}
                  </span>
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}
