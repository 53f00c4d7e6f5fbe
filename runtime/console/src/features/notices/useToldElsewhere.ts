import { useEffect } from 'react';
import { useDesk } from '../../desk/hooks';
import { agentName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { customerName } from '../waiting/waiting-words';
import { note } from './notes';

/** Says who was faster: a colleague grabbed whom I could have grabbed, or took up an invitation. */
export function useToldElsewhere(): void {
  const i18n = useI18n();
  const desk = useDesk();
  useEffect(() => {
    const { t } = i18n;
    return desk.onLive((changes, after, before) => {
      for (const { gone } of changes) {
        if (!gone?.by || gone.by === desk.me.name || gone.by === desk.me.displayName) continue;
        const by = agentName(after, gone.by);
        const raced = gone.kind === 'waiting' ? before.waiting.get(gone.id) : undefined;
        if (
          raced?.grab &&
          (gone.why === 'grabbed' || gone.why === 'picked' || gone.why === 'taken')
        )
          note(t('grab.taken', { by, name: customerName(raced, i18n) }));
        const asked = gone.kind === 'invitation' ? before.invitations.get(gone.id) : undefined;
        if (asked && gone.why === 'taken')
          note(t('invitation.taken', { by, name: customerName(asked, i18n) }));
      }
    });
  }, [desk, i18n]);
}
