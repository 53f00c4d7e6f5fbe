import { Link } from 'wouter';
import { useLocal, useTabs } from '../../desk/hooks';
import { unansweredSince, unreadOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { Count } from '../../ui/Chip';
import { Wait } from '../../ui/Wait';
import { clockOf, urgency } from '../waiting/status';
import { customerName } from '../waiting/waiting-words';

/** My conversations side by side: name, unread messages, how long the customer waits for an answer. */
export function TabStrip({ current }: { current: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const tabs = useTabs();
  const read = useLocal((local) => local.read);
  return (
    <nav className="tabstrip" aria-label={t('nav.chats')}>
      {tabs.map((tab) => {
        const { id } = tab.conversation;
        const since = unansweredSince(tab);
        const unread = unreadOf(tab, read.get(id) ?? 0);
        return (
          <Link
            key={id}
            href={`/c/${id}`}
            className={tab.over ? 'tab over' : 'tab'}
            aria-current={id === current ? 'page' : undefined}
          >
            <bdi className="ellipsis" dir="auto">
              {customerName(tab.conversation, i18n)}
            </bdi>
            {!tab.over && since ? (
              <Wait since={since} judge={(now) => urgency(clockOf(tab), now)} />
            ) : null}
            {tab.over && <span className="muted">{t('chat.over')}</span>}
            {unread > 0 && id !== current && (
              <>
                <Count value={unread} />
                <span className="sr-only">{t('log.unread', { count: unread })}</span>
              </>
            )}
          </Link>
        );
      })}
    </nav>
  );
}
