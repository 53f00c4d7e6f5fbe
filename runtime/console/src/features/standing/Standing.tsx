import type { Presence } from '@usher/protocol/protocol';
import { ChevronDown } from 'lucide-react';
import { useDesk, useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Menu, MenuItem } from '../../ui/Menu';
import { PresenceGlyph } from '../../ui/PresenceGlyph';
import { note } from '../notices/notes';
import { useAct } from '../notices/useAct';
import { loadWords, presenceWords } from './presence-words';
import './standing.css';

export const CHOICES = ['available', 'finishMine', 'away'] as const;

/** How I stand to the desk: whether I get new customers, and how many I have (feature R3). */
export function Standing() {
  const i18n = useI18n();
  const { t } = i18n;
  const me = useView((view) => view.state.me);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, set } = usePresence();
  if (!me) return null;
  const words = presenceWords(me.presence, i18n);
  return (
    <div className="standing">
      <Menu
        label={t('presence.label')}
        trigger={
          <Button
            look="quiet"
            small
            isDisabled={!live || busy !== undefined}
            aria-label={t('presence.is', { presence: words })}
          >
            <PresenceGlyph presence={me.presence} />
            <span className="standing-words ellipsis">{words}</span>
            <ChevronDown className="standing-words" size={14} aria-hidden="true" />
          </Button>
        }
      >
        {CHOICES.map((presence) => (
          <MenuItem
            key={presence}
            icon={<PresenceGlyph presence={presence} />}
            isDisabled={presence === me.presence}
            onAction={() => set(presence)}
          >
            {t(`presence.${presence}.long`)}
          </MenuItem>
        ))}
      </Menu>
      <span className="standing-load text2" title={t('standing.loadMeans')}>
        <span className="sr-only">{t('standing.loadMeans')}: </span>
        {loadWords(me, i18n)}
      </span>
    </div>
  );
}

/** Sets my presence and says what it means. */
export function usePresence(): {
  busy: string | undefined;
  set(presence: Exclude<Presence, 'offline'>): void;
} {
  const { t } = useI18n();
  const desk = useDesk();
  const { busy, act } = useAct();
  const set = (presence: Exclude<Presence, 'offline'>) =>
    void act('presence', () => desk.acts.presence(presence)).then(
      (ok) => ok && note(t(`presence.${presence}.set`)),
    );
  return { busy, set };
}
