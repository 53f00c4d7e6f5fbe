import type { Invitation } from '@usher/protocol/protocol';
import { UserPlus } from 'lucide-react';
import { useLocation } from 'wouter';
import { useDesk, useView } from '../../desk/hooks';
import { queueName, teamName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Wait } from '../../ui/Wait';
import { useAct } from '../notices/useAct';
import { customerName } from '../waiting/waiting-words';
import { Tiles } from './Tiles';
import './personal.css';

/** Who asks me, or a team of mine, into a conversation (feature R11); nothing when nobody does. */
export function Invitations({ team }: { team?: string }) {
  const { t } = useI18n();
  const all = useView((view) => view.state.invitations);
  const list = [...all.values()]
    .filter((invitation) => (invitation.team ?? '') === (team ?? ''))
    .sort((a, b) => a.at - b.at);
  if (list.length === 0) return null;
  return (
    <section className="part" aria-label={t('invitation.label')}>
      <Tiles rows={list} tile={(invitation) => <InvitationCard invitation={invitation} />} />
    </section>
  );
}

/** An invitation. One to a team is there until a member takes it; one to me can be declined. */
export function InvitationCard({
  invitation,
  onLater,
}: {
  invitation: Invitation;
  /** Puts a notification of it away; it stays in its list. */
  onLater?: () => void;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const { conversation, team, note } = invitation;
  const customer = customerName(invitation, i18n);
  const enter = () =>
    void act('enter', () => desk.acts.enter(conversation)).then(
      (ok) => ok && go(`/c/${conversation}`),
    );
  return (
    <article className="tile">
      <div className="tile-words">
        <h2 className="tile-title">
          <UserPlus size={16} aria-hidden="true" />
          <bdi dir="auto">
            {t(team ? 'invitation.asksTeam' : 'invitation.asks', {
              by: invitation.byName || invitation.by,
              customer,
              team: team ? teamName(state, team) : '',
            })}
          </bdi>
        </h2>
        <p className="text2 tile-about">
          <bdi dir="auto">{queueName(state, invitation.queue)}</bdi> ·{' '}
          <Wait since={invitation.at} judge={() => 'fine'} />
        </p>
        {note && (
          <p className="tile-note" dir="auto">
            {note}
          </p>
        )}
      </div>
      <div className="tile-buttons">
        <Button
          look="primary"
          isDisabled={!live || busy !== undefined}
          aria-label={t('invitation.enterName', { name: customer })}
          onPress={enter}
        >
          {busy === 'enter' ? t('switch.working') : t('invitation.enter')}
        </Button>
        {!team && (
          <Button
            isDisabled={!live || busy !== undefined}
            aria-label={t('invitation.declineName', { name: customer })}
            onPress={() => void act('decline', () => desk.acts.decline(conversation))}
          >
            {t('invitation.decline')}
          </Button>
        )}
        {onLater && (
          <Button
            look="quiet"
            aria-label={t('invitation.laterName', { name: customer })}
            onPress={onLater}
          >
            {t('invitation.later')}
          </Button>
        )}
      </div>
    </article>
  );
}
