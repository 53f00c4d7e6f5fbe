import { useEffect, useRef, useState } from 'react';
import { useDesk, useView } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { announce } from '../../ui/announce';
import { Banner } from '../../ui/Banner';
import { Button } from '../../ui/Button';

/** A loss shorter than this is not worth a word. */
export const LOST_AFTER_MS = 2_000;
/** Catching up in less than this is not shown. */
export const CATCHING_UP_AFTER_MS = 500;

function useLasts(on: boolean, ms: number): boolean {
  const [lasts, setLasts] = useState(false);
  useEffect(() => {
    if (!on) {
      setLasts(false);
      return;
    }
    const timer = setTimeout(() => setLasts(true), ms);
    return () => clearTimeout(timer);
  }, [on, ms]);
  return on && lasts;
}

/** Says when what is seen may be old, and what becomes of what is written. */
export function ConnectionBar() {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const connection = useView((view) => view.connection);
  const loaded = useView((view) => view.state.loaded);
  const { phase, lostAt, retryAt } = connection;
  const isLost = useLasts(phase === 'waiting' || phase === 'connecting', LOST_AFTER_MS);
  const isBehind = useLasts(phase === 'catchingUp' && loaded, CATCHING_UP_AFTER_MS);
  const told = useRef(false);
  useServerNow();

  useEffect(() => {
    if (isLost && !told.current) {
      told.current = true;
      announce(t('connection.lostShort'), 'assertive');
    } else if (phase === 'live' && told.current) {
      told.current = false;
      announce(t('connection.back'), 'assertive');
    }
  }, [isLost, phase, t]);

  if (phase === 'stopped' && connection.why !== 'signedOut') {
    return (
      <Banner
        tone="warning"
        action={
          <Button small onPress={() => location.reload()}>
            {t('connection.reload')}
          </Button>
        }
      >
        {t('connection.version')}
      </Banner>
    );
  }
  if (isBehind) return <Banner tone="info">{t('connection.catchingUp')}</Banner>;
  if (!isLost) return null;
  // The time of the loss is the machine's own clock, as the wall beside it shows.
  const seconds = retryAt ? Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) : 0;
  const words = [
    lostAt === undefined ? t('connection.none') : t('connection.lost', { time: i18n.time(lostAt) }),
    lostAt === undefined ? '' : t('connection.old'),
    phase === 'waiting' && seconds > 0
      ? t('connection.retry', { seconds })
      : t('connection.trying'),
  ].filter(Boolean);
  return (
    <Banner
      tone="warning"
      action={
        <Button small onPress={() => desk.client.retryNow()}>
          {t('connection.now')}
        </Button>
      }
    >
      {words.join(' ')}
    </Banner>
  );
}
