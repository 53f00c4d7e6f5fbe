import type { Conversation } from '@usher/protocol/protocol';
import { UserPlus } from 'lucide-react';
import { useDesk, useView } from '../../desk/hooks';
import { targetName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { useAct } from '../notices/useAct';
import '../handing/handing.css';

/** Who was asked in and has not come, each with the way to take it back (feature R11). */
export function Company({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const desk = useDesk();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const { id, invited = [] } = conversation;
  if (invited.length === 0) return null;
  return (
    <ul className="handing" aria-label={t('invite.asked')}>
      {invited.map((target) => {
        const name = targetName(state, target);
        return (
          <li key={`${target.kind}/${target.name}`} className="handing-item">
            <UserPlus size={16} aria-hidden="true" />
            <span>{t('invite.waiting', { name })}</span>
            <Button
              small
              isDisabled={!live || busy !== undefined}
              aria-label={t('invite.takeBackName', { name })}
              onPress={() => void act('uninvite', () => desk.acts.uninvite(id, target))}
            >
              {t('invite.takeBack')}
            </Button>
          </li>
        );
      })}
    </ul>
  );
}
