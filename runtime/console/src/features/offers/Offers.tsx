import type { Conversation, Invitation, Waiting } from '@usher/protocol/protocol';
import { BellRing, Hand } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import { queueName, teamName } from '../../desk/people';
import { offersOf } from '../../desk/shelf';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { useAct } from '../notices/useAct';
import { InvitationCard } from '../personal/Invitations';
import { useGrabs } from '../waiting/useGrabs';
import { customerName } from '../waiting/waiting-words';
import './offers.css';

/** More races than this at once are a list, not notifications. */
const GRABS_SHOWN = 3;

/**
 * What is offered to me, with the seconds that are left (feature Q10), what my Grab teams may grab
 * (R5) and who asks me in (R11). Offered, never forced.
 */
export function Offers() {
  const { t } = useI18n();
  const [path] = useLocation();
  const state = useView((view) => view.state);
  const grabs = useGrabs();
  const [later, setLater] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => offersOf(state), [state]);
  const races = useMemo(
    () =>
      [...state.waiting.values()]
        .filter((row) => grabs(row) && !row.offeredTo)
        .sort((a, b) => a.arrivedAt - b.arrivedAt),
    [state, grabs],
  );
  // Where they are shown anyway they are not told a second time.
  const offers = all.filter((offer) => path !== `/c/${offer.id}`);
  const invitations = [...state.invitations.values()].filter(
    (invitation) =>
      !later.has(laterKey(invitation)) &&
      path !== (invitation.team ? `/team/${encodeURIComponent(invitation.team)}` : '/me'),
  );
  const shown = races.filter((row) => path !== placeOf(row));
  if (offers.length + shown.length + invitations.length === 0) return null;
  return (
    <section className="offers" aria-label={t('offer.label')} data-pane tabIndex={-1}>
      {offers.map((offer) => (
        <Offer key={offer.id} offer={offer} first={offer === offers[0]} />
      ))}
      {shown.slice(0, GRABS_SHOWN).map((row) => (
        <Race key={row.conversation} row={row} first={offers.length === 0 && row === shown[0]} />
      ))}
      {shown.length > GRABS_SHOWN && (
        <Link href={shown[0] ? placeOf(shown[0]) : '/queues'} className="button">
          {t('grab.more', { count: shown.length - GRABS_SHOWN })}
        </Link>
      )}
      {invitations.slice(0, GRABS_SHOWN).map((invitation) => (
        <InvitationCard
          key={invitation.conversation}
          invitation={invitation}
          onLater={() => setLater(new Set(later).add(laterKey(invitation)))}
        />
      ))}
    </section>
  );
}

/** Where an entry is listed anyway: its team's page, or its queue's. */
function placeOf({ team, queue }: Waiting): string {
  return team ? `/team/${encodeURIComponent(team)}` : `/queue/${encodeURIComponent(queue)}`;
}

/** One invitation; the next one to the same conversation is told of again. */
function laterKey({ conversation, at }: Invitation): string {
  return `${conversation} ${at}`;
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
  const place = `/c/${offer.id}`;
  const accept = () =>
    void act('accept', () => desk.accept(offer.id)).then((ok) => ok && go(place));
  useActions(0, first && live && !busy ? { accept } : {});
  return (
    <article className="offer">
      <h2 className="offer-title">
        <BellRing size={18} aria-hidden="true" />
        {t(offer.fromQueue ? 'offer.title' : 'offer.titleNew')}
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
        <Link href={place} className="button quiet">
          {t('offer.read')}
        </Link>
        {left !== undefined && (
          <span className="offer-left text2">{t('offer.left', { seconds: left })}</span>
        )}
      </div>
    </article>
  );
}

/** Somebody whom the first member of the team who grabs them has. */
function Race({ row, first }: { row: Waiting; first: boolean }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const id = row.conversation;
  const name = customerName(row, i18n);
  const grab = () => void act('grab', () => desk.acts.grab(id)).then((ok) => ok && go(`/c/${id}`));
  useActions(0, first && live && !busy ? { accept: grab } : {});
  return (
    <article className="offer">
      <h2 className="offer-title">
        <Hand size={18} aria-hidden="true" />
        {t('grab.title', {
          team: row.team ? teamName(state, row.team) : queueName(state, row.queue),
        })}
      </h2>
      <p>
        <bdi dir="auto" className="offer-name">
          {name}
        </bdi>
      </p>
      {row.text && (
        <p className="offer-question text2" dir="auto">
          {row.text}
        </p>
      )}
      <div className="offer-buttons">
        <Button
          look="primary"
          isDisabled={!live || busy !== undefined}
          aria-label={t('waiting.grabName', { name })}
          onPress={grab}
        >
          {t(busy ? 'waiting.accepting' : 'waiting.grab')}
        </Button>
      </div>
    </article>
  );
}
