import type { Key } from '@usher/protocol/protocol';
import { useDesk, useView } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { CopyField } from '../../ui/CopyField';
import { useAct } from '../notices/useAct';
import { formatWait } from '../waiting/wait';
import './standing.css';

/** Session keys: 7 digits or a link by which one customer reaches me, once (feature R10). */
export function SessionKeys() {
  const { t } = useI18n();
  const desk = useDesk();
  const keys = useView((view) => view.state.me?.keys) ?? [];
  const live = useView((view) => view.connection.phase === 'live');
  const now = useServerNow();
  const { busy, act } = useAct();
  const valid = keys.filter((key) => key.expires > now);
  return (
    <section className="part" aria-labelledby="keys-title">
      <div className="part-head">
        <h2 id="keys-title">{t('sessionKeys.title')}</h2>
        <Button
          isDisabled={!live || busy !== undefined}
          onPress={() => void act('newKey', () => desk.acts.newKey())}
        >
          {t('sessionKeys.make')}
        </Button>
      </div>
      <p className="text2">{t('sessionKeys.means')}</p>
      <div className="keys-list">
        {valid.map((key) => (
          <KeyCard
            key={key.key}
            sessionKey={key}
            now={now}
            isDisabled={!live || busy !== undefined}
            onDrop={() => void act('dropKey', () => desk.acts.dropKey(key.key))}
          />
        ))}
      </div>
    </section>
  );
}

/** As people read it out: 407 19 28. */
export function spaceKey(key: string): string {
  return key.replace(/^(\d{3})(\d{2})(\d{2})$/, '$1 $2 $3');
}

function KeyCard(props: { sessionKey: Key; now: number; isDisabled: boolean; onDrop(): void }) {
  const { t } = useI18n();
  const { key, expires } = props.sessionKey;
  const channel = useDesk().me.channels.find(({ sessionKeys }) => sessionKeys)?.name;
  return (
    <article className="key-card" aria-label={t('sessionKeys.one', { key: spaceKey(key) })}>
      <div className="key-head">
        <span className="key-digits">{spaceKey(key)}</span>
        <span className="text2" role="timer">
          {t('sessionKeys.left', { time: formatWait(expires - props.now) })}
        </span>
        <Button
          small
          isDisabled={props.isDisabled}
          aria-label={t('sessionKeys.dropOne', { key: spaceKey(key) })}
          onPress={props.onDrop}
        >
          {t('sessionKeys.drop')}
        </Button>
      </div>
      {channel && (
        <CopyField
          label={t('sessionKeys.link')}
          text={`${location.origin}/w/${encodeURIComponent(channel)}?key=${key}`}
        />
      )}
    </article>
  );
}
