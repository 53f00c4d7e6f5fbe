import type { Inactive } from '@usher/protocol/protocol';
import { CircleDashed, Mail, Phone } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { inactiveCount } from '../../desk/count';
import { useDesk, useView, useWatch } from '../../desk/hooks';
import { useServerMinute } from '../../desk/now';
import { queueName } from '../../desk/people';
import { type Key, useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Empty, SkeletonRows } from '../../ui/Empty';
import { Select } from '../../ui/Select';
import { useAct } from '../notices/useAct';
import { usePage } from '../shell/page';
import { customerName } from '../waiting/waiting-words';
import '../personal/personal.css';

const WHY: Record<Inactive['why'], Key> = {
  contact: 'inactive.contact',
  abandoned: 'inactive.abandoned',
  left: 'inactive.left',
  removed: 'inactive.removed',
};

/** Who left before anybody came, and contact forms: to be called or written to (features V3, Q9). */
export default function InactivePage() {
  const { t } = useI18n();
  usePage({ title: t('nav.inactive'), focus: 'inactive' });
  useWatch('inactive');
  const [queue, setQueue] = useState('');
  const state = useView((view) => view.state);
  const { inactives } = state;
  const all = useMemo(() => [...inactives.values()].sort((a, b) => b.at - a.at), [inactives]);
  const rows = all.filter((row) => queue === '' || row.queue === queue);
  const queues = [...new Set(all.map((row) => row.queue))].sort();
  const awaited = all.length === 0 && inactiveCount(state) > 0;
  return (
    <>
      <header className="page-head">
        <div className="page-head-words">
          <h1>{t('nav.inactive')}</h1>
          <p className="text2">{t('inactive.means')}</p>
        </div>
      </header>
      {queues.length > 1 && (
        <div className="filters">
          <Select
            label={t('details.queue')}
            value={queue}
            onChange={setQueue}
            options={[
              { value: '', label: t('open.any') },
              ...queues.map((value) => ({ value, label: queueName(state, value) })),
            ]}
          />
        </div>
      )}
      <div className="scroll">
        {rows.length > 0 ? (
          <ul className="cards" aria-label={t('nav.inactive')}>
            {rows.map((row) => (
              <Row key={row.conversation} row={row} />
            ))}
          </ul>
        ) : awaited ? (
          <SkeletonRows rows={4} label={t('state.loading')} />
        ) : (
          <Empty icon={<CircleDashed size={32} aria-hidden="true" />}>{t('inactive.none')}</Empty>
        )}
      </div>
    </>
  );
}

function Row({ row }: { row: Inactive }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const now = useServerMinute();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const id = row.conversation;
  const name = customerName(row, i18n);
  return (
    <li>
      <article className="card" aria-label={name}>
        <span className="card-glyph glyph-away">
          <CircleDashed size={16} aria-hidden="true" />
        </span>
        <div className="card-words">
          <h2 className="card-title">
            <bdi dir="auto">{name}</bdi>
            <Chip>{t(WHY[row.why] ?? 'inactive.left')}</Chip>
          </h2>
          <p className="inactive-text" dir="auto">
            {row.text || <span className="muted">{t('waiting.noQuestion')}</span>}
          </p>
          <p className="contacts">
            {row.email && (
              <a href={`mailto:${encodeURIComponent(row.email).replace('%40', '@')}`}>
                <Mail size={14} aria-hidden="true" />
                <bdi>{row.email}</bdi>
              </a>
            )}
            {row.phone && (
              <a href={`tel:${row.phone.replace(/[^+\d]/g, '')}`}>
                <Phone size={14} aria-hidden="true" />
                <bdi>{row.phone}</bdi>
              </a>
            )}
            {!row.email && !row.phone && <span className="muted">{t('inactive.noContact')}</span>}
          </p>
          <p className="muted">
            <bdi dir="auto">{queueName(state, row.queue)}</bdi> · {row.channel} ·{' '}
            {i18n.moment(row.at, now)}
            {row.page && (
              <>
                {' '}
                · <bdi>{row.page}</bdi>
              </>
            )}
          </p>
        </div>
        <div className="card-end">
          <Button
            isDisabled={!live || busy !== undefined}
            aria-label={t('inactive.closeName', { name })}
            onPress={() => void act('end', () => desk.end(id))}
          >
            {busy ? t('switch.working') : t('inactive.close')}
          </Button>
          <Link
            href={`/why/${encodeURIComponent(id)}`}
            className="button quiet"
            aria-label={t('why.of', { name })}
          >
            {t('why.open')}
          </Link>
        </div>
      </article>
    </li>
  );
}
