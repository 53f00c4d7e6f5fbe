import { Lock } from 'lucide-react';
import { Link } from 'wouter';
import { useI18n } from '../../i18n/i18n';
import { Empty } from '../../ui/Empty';

const NO_RIGHT = {
  queue: 'noRight.title',
  team: 'noRight.team',
  room: 'noRight.room',
} as const;

/** Not a bare "not found": what may be the reason, and who can change it. */
export function NoRight({
  name,
  kind = 'queue',
}: {
  name: string;
  kind?: 'queue' | 'team' | 'room';
}) {
  const { t } = useI18n();
  return (
    <Empty
      icon={<Lock size={32} aria-hidden="true" />}
      title={<h1>{t(NO_RIGHT[kind], { name })}</h1>}
      action={
        <Link href="/queues" className="button">
          {t('chat.toQueues')}
        </Link>
      }
    >
      {t('noRight.means')}
    </Empty>
  );
}

/** An address that leads nowhere. */
export function NotFound() {
  const { t } = useI18n();
  return (
    <Empty
      title={<h1>{t('notFound.title')}</h1>}
      action={
        <Link href="/queues" className="button">
          {t('chat.toQueues')}
        </Link>
      }
    >
      {t('notFound.means')}
    </Empty>
  );
}
