import { Users } from 'lucide-react';
import { useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useDesk, useView, useWatch } from '../../desk/hooks';
import { useServerNow } from '../../desk/now';
import { queueName, teamName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Empty } from '../../ui/Empty';
import { OnlineGlyph } from '../../ui/Glyph';
import { Select } from '../../ui/Select';
import { useAct } from '../notices/useAct';
import { usePage } from '../shell/page';
import { participantsWords } from '../waiting/how-words';
import { StatusChip } from '../waiting/StatusChip';
import { urgency } from '../waiting/status';
import { customerName } from '../waiting/waiting-words';
import { choicesOf, type OpenRow, openRows, type StatusFilter, type Which } from './open-rows';
import '../personal/personal.css';

const STATUSES: readonly StatusFilter[] = ['any', 'online', 'pending', 'soon', 'overdue'];

/** What is served now and may be joined: all or mine, by team, channel and status (feature V4). */
export default function OpenPage() {
  const i18n = useI18n();
  const { t } = i18n;
  usePage({ title: t('nav.open'), focus: 'open' });
  useWatch('team');
  const [path, go] = useLocation();
  const search = new URLSearchParams(useSearch());
  const which: Which = search.get('view') === 'joined' ? 'joined' : 'all';
  const team = search.get('team') ?? '';
  const channel = search.get('channel') ?? '';
  const status = STATUSES.find((s) => s === search.get('status')) ?? 'any';
  const state = useView((view) => view.state);
  const now = useServerNow();

  // The address is the truth for what is looked at.
  const address = (change: Record<string, string>) => {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(change)) {
      if (value === '') next.delete(name);
      else next.set(name, value);
    }
    const words = next.toString();
    return words ? `${path}?${words}` : path;
  };
  const set = (change: Record<string, string>) => go(address(change), { replace: true });

  const all = useMemo(() => openRows(state, { which, team: '', channel: '' }), [state, which]);
  const rows = all.filter(
    (row) =>
      (team === '' || row.team === team) &&
      (channel === '' || row.channel === channel) &&
      hasStatus(row, status, now),
  );
  const teams = [...new Set([...choicesOf(all, 'team'), ...(team ? [team] : [])])];
  const channels = [...new Set([...choicesOf(all, 'channel'), ...(channel ? [channel] : [])])];
  const filtered = team !== '' || channel !== '' || status !== 'any';
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.open')}</h1>
      </header>
      <nav className="subtabs" aria-label={t('open.views')}>
        {(['all', 'joined'] as const).map((view) => (
          <Link
            key={view}
            href={address({ view: view === 'all' ? '' : view })}
            className="subtab"
            aria-current={which === view ? 'page' : undefined}
          >
            {t(`open.${view}`)}
          </Link>
        ))}
      </nav>
      <div className="filters">
        <Select
          label={t('open.team')}
          value={team}
          onChange={(value) => set({ team: value })}
          options={[
            { value: '', label: t('open.any') },
            ...teams.map((value) => ({ value, label: teamName(state, value) })),
          ]}
        />
        <Select
          label={t('open.channel')}
          value={channel}
          onChange={(value) => set({ channel: value })}
          options={[
            { value: '', label: t('open.any') },
            ...channels.map((value) => ({ value, label: value })),
          ]}
        />
        <Select<StatusFilter>
          label={t('open.status')}
          value={status}
          onChange={(value) => set({ status: value === 'any' ? '' : value })}
          options={STATUSES.map((value) => ({ value, label: t(`open.status.${value}`) }))}
        />
      </div>
      <div className="scroll">
        {rows.length === 0 ? (
          <Empty
            icon={<Users size={32} aria-hidden="true" />}
            action={
              filtered && (
                <Button onPress={() => set({ team: '', channel: '', status: '' })}>
                  {t('open.clear')}
                </Button>
              )
            }
          >
            {t(filtered ? 'open.noMatch' : which === 'joined' ? 'chats.none' : 'open.none')}
          </Empty>
        ) : (
          <ul className="cards" aria-label={t('nav.open')}>
            {rows.map((row) => (
              <Row key={row.conversation} row={row} />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function hasStatus(row: OpenRow, status: StatusFilter, now: number): boolean {
  if (status === 'any') return true;
  if (status === 'online') return row.online;
  if (row.unansweredSince === undefined) return false;
  return status === 'pending' || urgency(row, now) === status;
}

function Row({ row }: { row: OpenRow }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const id = row.conversation;
  const name = customerName(row, i18n);
  const where = [
    queueName(state, row.queue),
    ...(row.team ? [teamName(state, row.team)] : []),
    row.channel,
  ].join(' · ');
  return (
    <li>
      <article className="card" aria-label={name}>
        <span className="card-glyph">
          <OnlineGlyph online={row.online} />
        </span>
        <div className="card-words">
          <h2 className="card-title">
            <bdi dir="auto">{name}</bdi>
          </h2>
          {row.text && (
            <p className="text2 ellipsis">
              <bdi dir="auto">{row.text}</bdi>
            </p>
          )}
          <p className="muted">
            {t('open.with', {
              count: row.agents.length,
              names: participantsWords(row.agents, desk.me.name, i18n),
            })}{' '}
            · <bdi dir="auto">{where}</bdi>
          </p>
          <span className="chips">
            <StatusChip clock={row} />
            {!row.online && <Chip>{t('waiting.away')}</Chip>}
          </span>
        </div>
        <div className="card-end">
          {row.joined ? (
            <Link href={`/c/${id}`} className="button">
              {t('open.show')}
            </Link>
          ) : (
            <Button
              isDisabled={!live || busy !== undefined}
              aria-label={t('invitation.enterName', { name })}
              onPress={() =>
                void act('enter', () => desk.acts.enter(id)).then((ok) => ok && go(`/c/${id}`))
              }
            >
              {busy ? t('switch.working') : t('invitation.enter')}
            </Button>
          )}
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
