import type { Conversation } from '@usher/protocol/protocol';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { useAct } from '../notices/useAct';
import { customerName } from '../waiting/waiting-words';
import { Details } from './Details';
import { MessageLog } from './MessageLog';
import './chat.css';

const nothing = () => undefined;
const none: readonly never[] = [];

/** A conversation that is offered to me: all of it can be read before it is accepted (feature R1). */
export function Offered({ offer }: { offer: Conversation }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const now = useServerNow();
  const live = useView((view) => view.connection.phase === 'live');
  const messages = useView((view) => view.state.messages.get(offer.id)) ?? none;
  const { busy, act } = useAct();
  const name = customerName(offer, i18n);
  const canAct = live && busy === undefined;
  const accept = () => void act('accept', () => desk.accept(offer.id));
  const refuse = () =>
    void act('refuse', () => desk.refuse(offer.id)).then((ok) => ok && go('/chats'));
  useActions(1, canAct ? { accept } : {});
  const left = offer.offerUntil
    ? Math.max(0, Math.ceil((offer.offerUntil - now) / 1000))
    : undefined;
  return (
    <div className="chat">
      <div className="chat-main">
        <header className="page-head">
          <div className="page-head-words">
            <h1 className="ellipsis">
              <bdi dir="auto">{name}</bdi>
            </h1>
            <p className="text2">
              {t('chat.offered')} · <bdi dir="auto">{offer.queueName}</bdi>
            </p>
          </div>
          <div className="page-head-actions">
            {left !== undefined && (
              <span className="offered-left text2">{t('offer.left', { seconds: left })}</span>
            )}
            <Button look="primary" isDisabled={!canAct} onPress={accept}>
              {t(busy === 'accept' ? 'waiting.accepting' : 'offer.accept')}
              <span className="kbd key-hint" aria-hidden="true">
                a
              </span>
            </Button>
            <Button isDisabled={!canAct} onPress={refuse}>
              {t('offer.refuse')}
            </Button>
          </div>
        </header>
        <MessageLog
          label={t('log.label', { name })}
          customer={name}
          me={desk.me.displayName}
          messages={messages}
          entries={none}
          hasOlder={false}
          isLoading={false}
          historyError={undefined}
          typing={undefined}
          empty={t('waiting.noQuestion')}
          onOlder={nothing}
          onRetry={nothing}
          onDelete={nothing}
        />
        <div className="chat-over" role="status">
          <p>{t('chat.offeredMeans')}</p>
        </div>
      </div>
      <Details conversation={offer} over={false} />
    </div>
  );
}
