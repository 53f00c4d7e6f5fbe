import type { Conversation } from '@usher/protocol/protocol';
import { BellRing } from 'lucide-react';
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import { offersOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { useAct } from '../notices/useAct';
import { customerName } from '../waiting/waiting-words';
import './offers.css';

/** What is offered to me, with the seconds that are left (feature Q10). Offered, never forced. */
export function Offers() {
  const { t } = useI18n();
  const state = useView((view) => view.state);
  const offers = useMemo(() => offersOf(state), [state]);
  if (offers.length === 0) return null;
  return (
    <section className="offers" aria-label={t('offer.label')} data-pane tabIndex={-1}>
      {offers.map((offer) => (
        <Offer key={offer.id} offer={offer} first={offer === offers[0]} />
      ))}
    </section>
  );
}

function Offer({ offer, first }: { offer: Conversation; first: boolean }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const now = useServerNow();
  const live = useView((view) => view.connection.phase === 'live');
  const messages = useView((view) => view.state.messages.get(offer.id));
  const { busy, act } = useAct();
  const left = offer.offerUntil
    ? Math.max(0, Math.ceil((offer.offerUntil - now) / 1000))
    : undefined;
  const name = customerName(offer, i18n);
  const question = messages?.find((m) => m.from === 'customer')?.text;
  const accept = () =>
    void act('accept', () => desk.accept(offer.id)).then((ok) => ok && go(`/c/${offer.id}`));
  useActions(0, first && live && !busy ? { accept } : {});
  return (
    <article className="offer">
      <h2 className="offer-title">
        <BellRing size={18} aria-hidden="true" />
        {t('offer.title')}
      </h2>
      <p>
        <bdi dir="auto" className="offer-name">
          {name}
        </bdi>{' '}
        {t(offer.fromQueue ? 'offer.fromQueue' : 'offer.waits')}{' '}
        <bdi dir="auto">{offer.queueName}</bdi>
      </p>
      {question && (
        <p className="offer-question text2" dir="auto">
          {question}
        </p>
      )}
      <div className="offer-buttons">
        <Button look="primary" isDisabled={!live || busy !== undefined} onPress={accept}>
          {busy === 'accept' ? t('waiting.accepting') : t('offer.accept')}
        </Button>
        <Button
          isDisabled={!live || busy !== undefined}
          onPress={() => void act('refuse', () => desk.refuse(offer.id))}
        >
          {t('offer.refuse')}
        </Button>
        {left !== undefined && (
          <span className="offer-left text2">{t('offer.left', { seconds: left })}</span>
        )}
      </div>
    </article>
  );
}
