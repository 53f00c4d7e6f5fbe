import type { Waiting } from '@usher/protocol/protocol';
import { UserRound } from 'lucide-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { waitingForOne } from '../../desk/count';
import { useDesk, useView } from '../../desk/hooks';
import { agentName, queueName } from '../../desk/people';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { OnlineGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { useAct } from '../notices/useAct';
import { usePage } from '../shell/page';
import { SessionKeys } from '../standing/SessionKeys';
import { Standing } from '../standing/Standing';
import { Marks } from '../waiting/Marks';
import { StateChip } from '../waiting/StateChip';
import { urgency } from '../waiting/status';
import { customerName } from '../waiting/waiting-words';
import { Invitations } from './Invitations';
import { Tiles } from './Tiles';
import './personal.css';

/** My personal queue: who waits for me alone, who asks me in, and my session keys (feature R6). */
export default function MePage() {
  const { t } = useI18n();
  usePage({ title: t('nav.forMe'), focus: 'me' });
  const state = useView((view) => view.state);
  const desk = useDesk();
  const me = desk.me.name;
  const rows = useMemo(() => waitingForOne(state, (agent) => agent === me), [state, me]);
  const others = useMemo(() => waitingForOne(state, (agent) => agent !== me), [state, me]);
  const isEmpty =
    rows.length === 0 && ![...state.invitations.values()].some((invitation) => !invitation.team);
  return (
    <>
      <header className="page-head">
        <h1>{t('nav.forMe')}</h1>
        <div className="only-narrow">
          <Standing />
        </div>
      </header>
      <div className="scroll">
        <Invitations />
        {rows.length > 0 && (
          <section className="part" aria-label={t('me.waiting')}>
            <Tiles rows={rows} tile={(row) => <WaitingTile row={row} />} />
          </section>
        )}
        {isEmpty && (
          <Empty icon={<UserRound size={32} aria-hidden="true" />}>{t('me.empty')}</Empty>
        )}
        <SessionKeys />
        {others.length > 0 && (
          <section className="part" aria-labelledby="others-title">
            <h2 id="others-title">{t('me.others')}</h2>
            <Tiles rows={others} tile={(row) => <WaitingTile row={row} />} />
          </section>
        )}
      </div>
    </>
  );
}

/** Somebody who waits for me, or as an admin sees it for another: by transfer, key, link, or because they chose my name. */
function WaitingTile({ row }: { row: Waiting }) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const [, go] = useLocation();
  const state = useView((view) => view.state);
  const live = useView((view) => view.connection.phase === 'live');
  const { busy, act } = useAct();
  const id = row.conversation;
  const mine = row.agent === desk.me.name;
  const name = customerName(row, i18n);
  const accept = () => void act('accept', () => desk.pick(id)).then((ok) => ok && go(`/c/${id}`));
  return (
    <article className="tile">
      <div className="tile-words">
        <h2 className="tile-title">
          <OnlineGlyph online={row.online} />
          <bdi dir="auto">{name}</bdi>
        </h2>
        <p className="text2">
          {!mine && <>{t('me.waitsFor', { name: agentName(state, row.agent ?? '') })} · </>}
          <bdi dir="auto">{queueName(state, row.queue)}</bdi> ·{' '}
          <Wait since={row.arrivedAt} judge={(now) => urgency(row, now, row.arrivedAt)} />
        </p>
        {row.text && <p dir="auto">{row.text}</p>}
        {row.note && (
          <p className="tile-note" dir="auto">
            {row.note}
          </p>
        )}
        <span className="chips">
          <StateChip row={row} />
          <Marks row={row} />
        </span>
      </div>
      <div className="tile-buttons">
        <Button
          look="primary"
          isDisabled={!live || busy !== undefined || row.offeredTo !== undefined}
          aria-label={t('waiting.acceptName', { name })}
          onPress={accept}
        >
          {t(busy === 'accept' ? 'waiting.accepting' : 'waiting.accept')}
        </Button>
        {mine && (
          <Button
            isDisabled={!live || busy !== undefined}
            aria-label={t('me.refuseName', { name })}
            onPress={() => void act('decline', () => desk.acts.decline(id))}
          >
            {t('offer.refuse')}
          </Button>
        )}
        <Link href={`/why/${encodeURIComponent(id)}`} className="button">
          {t('why.open')}
        </Link>
      </div>
    </article>
  );
}
