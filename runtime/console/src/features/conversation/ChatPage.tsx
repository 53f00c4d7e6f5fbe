import { typingLasts } from '@usher/protocol/reduce';
import { MessageCircleOff } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { useDesk, useTabs, useView } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import type { Tab } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { Banner } from '../../ui/Banner';
import { Button } from '../../ui/Button';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { failureWords } from '../notices/errors';
import { usePage } from '../shell/page';
import { useVisible } from '../shell/visible';
import { customerName } from '../waiting/waiting-words';
import { ChatHeader } from './ChatHeader';
import { Company } from './Company';
import { Composer } from './Composer';
import { Details } from './Details';
import { MessageLog } from './MessageLog';
import { Offered } from './Offered';
import { pendingOf } from './pending';
import { TabStrip } from './TabStrip';
import { useHistory } from './useHistory';
import './chat.css';

/** A conversation, beside my others. */
export function ChatPage({ id }: { id: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const tabs = useTabs();
  const loaded = useView((view) => view.state.loaded);
  const mine = useView((view) => view.state.conversations.get(id));
  const offered = mine?.state === 'offered' ? mine : undefined;
  const tab = tabs.find((other) => other.conversation.id === id);
  usePage({
    title: tab
      ? customerName(tab.conversation, i18n)
      : offered
        ? customerName(offered, i18n)
        : t('nav.chats'),
    focus: tab ? undefined : id,
  });
  return (
    <>
      <TabStrip current={id} />
      {tab ? (
        <Chat key={id} tab={tab} />
      ) : offered ? (
        <Offered key={id} offer={offered} />
      ) : loaded ? (
        <Empty
          icon={<MessageCircleOff size={32} aria-hidden="true" />}
          title={<h1>{t('chat.none')}</h1>}
          action={
            <Link href="/queues" className="button">
              {t('chat.toQueues')}
            </Link>
          }
        >
          {t('chat.noneMeans')}
        </Empty>
      ) : (
        <>
          <h1 className="sr-only">{t('state.loading')}</h1>
          <SkeletonRows rows={6} label={t('state.loading')} />
        </>
      )}
    </>
  );
}

function Chat({ tab }: { tab: Tab }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const visible = useVisible();
  const { conversation, over } = tab;
  const { id } = conversation;
  const name = customerName(conversation, i18n);
  const all = useView((view) => view.entries);
  const history = useHistory(id, tab.messages);
  const entries = useMemo(() => pendingOf(all, id, history.rows), [all, id, history.rows]);
  const last = history.rows.at(-1)?.seq ?? 0;

  useEffect(() => {
    if (visible && last > 0) desk.markRead(id, last);
  }, [desk, id, last, visible]);

  const dismiss = () => {
    desk.dismiss(id);
    go('/chats');
  };
  return (
    <div className="chat">
      <div className="chat-main">
        <ChatHeader tab={tab} />
        {!over && <Company conversation={conversation} />}
        {!over && !conversation.online && <Banner tone="info">{t('chat.customerAway')}</Banner>}
        <MessageLog
          label={t('log.label', { name })}
          customer={name}
          me={desk.me.displayName}
          messages={history.rows}
          entries={entries}
          hasOlder={history.hasOlder}
          isLoading={history.isLoading}
          historyError={
            history.error
              ? `${t('log.historyFailed')} ${failureWords(history.error, i18n) ?? ''}`
              : undefined
          }
          typing={useTypingWords(id, name)}
          onOlder={history.loadOlder}
          onRetry={(key) => desk.client.retry(key)}
          onDelete={(key) => desk.client.remove(key)}
        />
        {over ? (
          <div className="chat-over" role="status">
            <p>
              <strong>{t(endKey(tab), { name, by: over.by ?? '' })}</strong>{' '}
              {conversation.endedAt ? `${i18n.time(conversation.endedAt)} · ` : ''}
              {t('chat.readOnly')}
            </p>
            <Button onPress={dismiss}>{t('chat.dismiss')}</Button>
          </div>
        ) : (
          <Composer
            draft={id}
            to={name}
            autoFocus={!matchMedia('(pointer: coarse)').matches}
            onSend={(text) => desk.client.say(text, id)}
            onTyping={
              conversation.disabled?.includes('typing') ? undefined : () => desk.client.typing(id)
            }
          />
        )}
      </div>
      <Details conversation={conversation} over={over !== undefined} />
    </div>
  );
}

/** Who ended it, or where it went. */
export function endKey(tab: Tab) {
  if (tab.over?.why !== 'ended') {
    const back = tab.over?.why === 'left' || tab.over?.why === 'lost';
    if (tab.over?.why === 'transferred') return 'chat.ended.transferred';
    return back ? 'chat.ended.left' : 'chat.ended.gone';
  }
  switch (tab.conversation.endedBy) {
    case 'customer':
      return 'chat.ended.customer';
    case 'agent':
      return 'chat.ended.agent';
    case 'idle':
      return 'chat.ended.idle';
    case 'removed':
      return 'chat.ended.removed';
    default:
      return 'chat.ended.other';
  }
}

function useTypingWords(id: string, name: string): string | undefined {
  const { t } = useI18n();
  const mark = useView((view) => view.state.typing.get(id));
  useServerNow();
  if (mark?.from !== 'customer' || Date.now() - mark.at > typingLasts) return undefined;
  return t('log.typing', { name });
}
