import type { Conversation } from '@usher/protocol/protocol';
import { Ellipsis } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { teamName } from '../../desk/people';
import type { Tab } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Dialog, DialogButtons } from '../../ui/Dialog';
import { Menu, MenuItem } from '../../ui/Menu';
import { useAct } from '../notices/useAct';
import { VerifiedButton, VerifiedMark } from '../verified/Verified';
import { participantsWords } from '../waiting/how-words';
import { StatusChip } from '../waiting/StatusChip';
import { clockOf } from '../waiting/status';
import { durationParts } from '../waiting/wait';
import { customerName } from '../waiting/waiting-words';

const HandDialog = lazy(() => import('../handing/HandDialog'));

/** Who it is, how it stands, who serves it, and the ways to hand it on or out of it; all ask first. */
export function ChatHeader({ tab }: { tab: Tab }) {
  const i18n = useI18n();
  const { t } = i18n;
  const [asked, setAsked] = useState<'leave' | 'end' | 'transfer' | 'invite'>();
  const now = useServerMinute();
  const { conversation } = tab;
  const name = customerName(conversation, i18n);
  const { hours, minutes } = durationParts(
    now + 59_999 - (conversation.startedAt ?? conversation.arrivedAt),
  );
  const state = useView((view) => view.state);
  const { agents = [], disabled = [], team } = conversation;
  const canTransfer = !tab.over && !disabled.includes('transfer');
  const canInvite = !tab.over && !disabled.includes('invitations');
  const why = `/why/${encodeURIComponent(conversation.id)}`;
  const desk = useDesk();
  const [, go] = useLocation();
  const facts = conversation.secure && <VerifiedButton id={conversation.id} name={name} />;
  useActions(1, {
    ...(tab.over ? {} : { end: () => setAsked('end') }),
    ...(canTransfer ? { transfer: () => setAsked('transfer') } : {}),
    ...(canInvite ? { invite: () => setAsked('invite') } : {}),
    why: () => go(why),
  });
  return (
    <header className="page-head">
      <div className="page-head-words">
        <div className="page-title">
          <h1 className="ellipsis">
            <bdi dir="auto">{name}</bdi>
          </h1>
          {tab.over ? <Chip>{t('chat.over')}</Chip> : <StatusChip clock={clockOf(tab)} />}
          {!tab.over && conversation.idle && <Chip>{t('chat.idle')}</Chip>}
          {conversation.secure && <VerifiedMark />}
        </div>
        <p className="text2">
          <bdi dir="auto">{conversation.queueName}</bdi>
          {team && (
            <>
              {' '}
              · <bdi dir="auto">{teamName(state, team)}</bdi>
            </>
          )}
          {!tab.over &&
            ` · ${hours > 0 ? t('duration.hours', { hours, minutes }) : t('duration.minutes', { minutes })}`}
          {conversation.issue && (
            <>
              {' '}
              · <bdi dir="auto">{conversation.issue}</bdi>
            </>
          )}
        </p>
        {agents.length > 1 && (
          <p className="text2">
            {t('chat.agents', {
              count: agents.length,
              names: participantsWords(agents, desk.me.name, i18n),
            })}{' '}
            <span className="muted">
              ·{' '}
              {t('chat.owner', { name: participantsWords(agents.slice(0, 1), desk.me.name, i18n) })}
            </span>
          </p>
        )}
      </div>
      {tab.over && (
        <div className="page-head-actions">
          {facts}
          <Link href={why} className="button">
            {t('why.open')}
          </Link>
        </div>
      )}
      {!tab.over && (
        <div className="page-head-actions">
          {facts}
          <span className="not-narrow">
            <Link href={why} className="button quiet">
              {t('why.open')}
            </Link>
            {canInvite && <Button onPress={() => setAsked('invite')}>{t('invite.open')}</Button>}
            {canTransfer && (
              <Button onPress={() => setAsked('transfer')}>{t('transfer.open')}</Button>
            )}
          </span>
          <span className="only-narrow">
            <Menu
              label={t('chat.actions')}
              trigger={
                <Button aria-label={t('chat.actions')}>
                  <Ellipsis size={18} aria-hidden="true" />
                </Button>
              }
            >
              {canTransfer && (
                <MenuItem onAction={() => setAsked('transfer')}>{t('transfer.open')}</MenuItem>
              )}
              {canInvite && (
                <MenuItem onAction={() => setAsked('invite')}>{t('invite.open')}</MenuItem>
              )}
              <MenuItem onAction={() => go(why)}>{t('why.open')}</MenuItem>
            </Menu>
          </span>
          <Button onPress={() => setAsked('leave')}>{t('chat.leave')}</Button>
          <Button onPress={() => setAsked('end')}>{t('chat.end')}</Button>
        </div>
      )}
      {(asked === 'transfer' || asked === 'invite') && !tab.over && (
        <Suspense>
          <HandDialog
            way={asked}
            conversation={conversation}
            name={name}
            onClose={() => setAsked(undefined)}
          />
        </Suspense>
      )}
      {(asked === 'leave' || asked === 'end') && !tab.over && (
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
          : (conversation.agents?.length ?? 0) > 1
            ? t('chat.leaveShared')
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
