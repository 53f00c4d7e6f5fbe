import type { Conversation } from '@usher/protocol/protocol';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute, useServerNow } from '../../desk/now';
import { type Tab, unansweredSince } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { useAct } from '../notices/useAct';
import { durationParts, waitClass } from '../waiting/wait';
import { customerName } from '../waiting/waiting-words';

/** Who it is, how it stands, and the two ways out; both ask first. */
export function ChatHeader({ tab }: { tab: Tab }) {
  const i18n = useI18n();
  const { t } = i18n;
  const [asked, setAsked] = useState<'leave' | 'end'>();
  const now = useServerMinute();
  const { conversation } = tab;
  const name = customerName(conversation, i18n);
  const { hours, minutes } = durationParts(
    now + 59_999 - (conversation.startedAt ?? conversation.arrivedAt),
  );
  useActions(1, tab.over ? {} : { end: () => setAsked('end') });
  return (
    <header className="page-head">
      <div className="page-head-words">
        <div className="page-title">
          <h1 className="ellipsis">
            <bdi dir="auto">{name}</bdi>
          </h1>
          <StateChip tab={tab} />
        </div>
        <p className="text2">
          <bdi dir="auto">{conversation.queueName}</bdi>
          {!tab.over &&
            ` · ${hours > 0 ? t('duration.hours', { hours, minutes }) : t('duration.minutes', { minutes })}`}
        </p>
      </div>
      {!tab.over && (
        <div className="page-head-actions">
          <Button onPress={() => setAsked('leave')}>{t('chat.leave')}</Button>
          <Button onPress={() => setAsked('end')}>{t('chat.end')}</Button>
        </div>
      )}
      {asked && !tab.over && (
        <Ask
          way={asked}
          conversation={conversation}
          name={name}
          onClose={() => setAsked(undefined)}
        />
      )}
    </header>
  );
}

function StateChip({ tab }: { tab: Tab }) {
  const { t } = useI18n();
  const now = useServerNow();
  if (tab.over) return <Chip>{t('chat.over')}</Chip>;
  const since = unansweredSince(tab);
  if (!since) return <Chip tone="open">{t('chat.answered')}</Chip>;
  const kind = waitClass(now - since);
  if (kind === 'overdue') return <Chip tone="overdue">{t('waiting.overdue')}</Chip>;
  if (kind === 'soon') return <Chip tone="soon">{t('waiting.soon')}</Chip>;
  return <Chip tone="waiting">{t('chat.pending')}</Chip>;
}

function Ask(props: {
  way: 'leave' | 'end';
  conversation: Conversation;
  name: string;
  onClose(): void;
}) {
  const { way, conversation, name, onClose } = props;
  const { t } = useI18n();
  const desk = useDesk();
  const [, go] = useLocation();
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const run = async () => {
    const done = await act(way, () =>
      way === 'end' ? desk.end(conversation.id) : desk.leave(conversation.id),
    );
    if (!done) return;
    onClose();
    if (way === 'leave') go('/chats');
  };
  return (
    <Dialog
      role="alertdialog"
      title={t(way === 'end' ? 'chat.endTitle' : 'chat.leaveTitle', { name })}
      isOpen
      onOpenChange={(open) => !open && onClose()}
    >
      <p className="text2">
        {way === 'end'
          ? t('chat.endMeans')
          : t('chat.leaveMeans', { queue: conversation.queueName })}
      </p>
      <DialogButtons>
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button
          look="primary"
          autoFocus
          isDisabled={!live || busy !== undefined}
          onPress={() => void run()}
        >
          {busy ? t('switch.working') : t(way === 'end' ? 'chat.end' : 'chat.leave')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
