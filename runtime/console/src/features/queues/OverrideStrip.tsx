import type { Queue } from '@usher/protocol/protocol';
import { useDesk, useView } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { useI18n } from '../../i18n/i18n';
import { Banner } from '../../ui/Banner';
import { Button } from '../../ui/Button';
import { useAct } from '../notices/useAct';

/** Who opened or closed a queue by hand, why and until when; and what became of it (feature X1). */
export function OverrideStrip({ queue }: { queue: Queue }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const now = useServerMinute();
  const live = useView((view) => view.connection.phase === 'live');
  const notices = useView((view) => view.state.notices);
  const refused = notices.filter(
    (n) => n.notice.code === 'override_refused' && n.notice.queue === queue.name,
  );
  const { busy, act } = useAct();
  const { override } = queue;

  return (
    <>
      {override && (
        <Banner
          tone={override.state === 'Closed' ? 'warning' : 'info'}
          action={
            queue.maySwitch && (
              <Button
                small
                isDisabled={!live || busy !== undefined}
                onPress={() => void act('auto', () => desk.followSchedule(queue.name))}
              >
                {t('switch.auto')}
              </Button>
            )
          }
        >
          {t(override.state === 'Closed' ? 'override.closed' : 'override.open')}
          {override.by && ` ${t('override.by', { name: override.by })}`}
          {override.until
            ? ` ${t('override.until', { when: i18n.moment(override.until, now) })}`
            : ` ${t('override.always')}`}
          {override.reason && (
            <>
              : <bdi dir="auto">{override.reason}</bdi>
            </>
          )}
          {override.pending && <span className="muted"> · {t('override.pending')}</span>}
        </Banner>
      )}
      {refused.slice(-1).map(({ id, notice }) => (
        <Banner
          key={id}
          tone="error"
          action={
            <Button small onPress={() => desk.client.dismissNotice(id)}>
              {t('action.dismiss')}
            </Button>
          }
        >
          {t('notice.override_refused', { queue: queue.displayName, why: notice.message })}
        </Banner>
      ))}
    </>
  );
}
