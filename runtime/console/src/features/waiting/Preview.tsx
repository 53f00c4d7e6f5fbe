import { useQuery } from '@tanstack/react-query';
import type { Waiting } from '@usher/protocol/protocol';
import { departedKey } from '@usher/protocol/reduce';
import { Fragment, useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { api } from '../../api/http';
import { useDesk, useView } from '../../desk/hooks';
import { agentName, teamName } from '../../desk/people';
import { type I18n, useI18n } from '../../i18n/i18n';
import { announce } from '../../ui/announce';
import { Banner } from '../../ui/Banner';
import { Button } from '../../ui/Button';
import { Wait } from '../../ui/Wait';
import { returnedWords, viaWords } from './how-words';
import { StateChip } from './StateChip';
import { urgency } from './status';
import { customerName } from './waiting-words';

/**
 * A waiting customer, looked at without accepting. When somebody else accepts, what was there stays,
 * a line says who has it and the buttons are off; the focus stays where it was.
 */
export function Preview(props: {
  conversation: string;
  canAccept: boolean;
  accepting: string | undefined;
  grabs(row: Waiting): boolean;
  onAccept(conversation: string): void;
  onClose(): void;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const desk = useDesk();
  const live = useView((view) => view.state.waiting.get(props.conversation));
  const departed = useView((view) =>
    view.state.departed.get(departedKey('waiting', props.conversation)),
  );
  const mine = useView((view) => view.state.conversations.get(props.conversation)?.state);
  const state = useView((view) => view.state);
  const { loaded } = state;
  const last = useRef<Waiting>(undefined);
  if (live) last.current = live;
  if (last.current?.conversation !== props.conversation) last.current = undefined;
  const row = live ?? last.current ?? departed?.waiting;

  // When it was seen to go; the time stands, it does not run.
  const [goneAt, setGoneAt] = useState<number>();
  const isGone = loaded && !live && row !== undefined;
  useEffect(() => {
    setGoneAt(isGone ? desk.client.clock.now() : undefined);
  }, [isGone, desk]);

  // A queue may keep what is written to itself until somebody accepts (feature Q13).
  const isOff = state.queues.get(row?.queue ?? '')?.disabled?.includes('preview') ?? false;

  // The row has the beginning of the first message only; a look before accepting may read it all.
  const said = useQuery({
    queryKey: ['preview', props.conversation, row?.text],
    queryFn: ({ signal }) => api.messages(props.conversation, 0, signal),
    enabled: live?.text !== undefined && !isOff,
    retry: false,
    placeholderData: (before) => before,
  });
  const messages = said.data?.messages.filter((m) => m.from === 'customer') ?? [];

  const name = row ? customerName(row, i18n) : '';
  const why = departed?.gone.why;
  const by = departed?.gone.by;
  const time = goneAt ? i18n.time(goneAt) : '';
  const gone =
    !isGone || mine === 'offered' || mine === 'inService'
      ? undefined
      : goneWords(why, by ? agentName(state, by) : t('preview.colleague'), time, i18n);
  useEffect(() => {
    if (gone) announce(gone);
  }, [gone]);

  if (!row) {
    if (!loaded) return null;
    return (
      <section className="preview" aria-label={t('preview.label')} data-pane tabIndex={-1}>
        <Banner
          tone="info"
          action={
            <Button small onPress={props.onClose}>
              {t('preview.close')}
            </Button>
          }
        >
          {t('preview.unknown')}
        </Banner>
      </section>
    );
  }

  const busy = props.accepting === props.conversation;
  const canAccept = props.canAccept && live !== undefined && !live.offeredTo;
  return (
    <section className="preview" aria-label={t('preview.label')} data-pane tabIndex={-1}>
      {gone && <Banner tone="info">{gone}</Banner>}
      <div className="preview-body">
        <div className="preview-head">
          <h2 className="ellipsis">
            <bdi dir="auto">{name}</bdi>
          </h2>
          {live && <StateChip row={live} />}
        </div>
        <dl className="facts">
          <dt>{t('waiting.column.question')}</dt>
          <dd>
            {messages.length > 0 ? (
              messages.slice(0, 10).map((m) => (
                <p key={m.seq} dir="auto">
                  {m.text}
                </p>
              ))
            ) : isOff ? (
              <span className="muted">{t('preview.off')}</span>
            ) : row.text ? (
              <bdi dir="auto">{row.text}</bdi>
            ) : (
              <span className="muted">{t('waiting.noQuestion')}</span>
            )}
          </dd>
          <dt>{t('waiting.column.waited')}</dt>
          <dd>
            {live ? (
              <Wait since={row.arrivedAt} judge={(now) => urgency(row, now, row.arrivedAt)} />
            ) : (
              '–'
            )}
            <span className="muted">
              {' '}
              · {t('preview.arrived', { time: i18n.time(row.arrivedAt) })}
            </span>
          </dd>
          {row.page && (
            <>
              <dt>{t('waiting.column.page')}</dt>
              <dd>
                <bdi>{row.page}</bdi>
              </dd>
            </>
          )}
          <dt>{t('preview.channel')}</dt>
          <dd>{row.channel}</dd>
          <How row={row} />
        </dl>
        <div className="preview-buttons">
          <Button
            look="primary"
            isDisabled={!canAccept}
            onPress={() => props.onAccept(props.conversation)}
          >
            {t(busy ? 'waiting.accepting' : props.grabs(row) ? 'waiting.grab' : 'waiting.accept')}
            <span className="kbd key-hint" aria-hidden="true">
              a
            </span>
          </Button>
          <Button onPress={props.onClose}>{t('preview.close')}</Button>
          <Link href={`/why/${encodeURIComponent(props.conversation)}`} className="button">
            {t('why.open')}
          </Link>
          <span className="muted">{t('preview.unseen')}</span>
        </div>
      </div>
    </section>
  );
}

/** How the customer came here, as far as there is something to say about it. */
function How({ row }: { row: Waiting }) {
  const i18n = useI18n();
  const { t } = i18n;
  const state = useView((view) => view.state);
  const facts: [string, string][] = [
    [t('how.via'), viaWords(row, i18n)],
    [t('how.note'), row.note ?? ''],
    [t('how.issue'), row.issue ?? ''],
    [t('how.returned'), returnedWords(row.returned, i18n)],
    [t('how.team'), row.team ? teamName(state, row.team) : ''],
    [t('how.alert'), row.alerted ? t('waiting.alertedLong') : ''],
  ];
  return facts
    .filter(([, words]) => words !== '')
    .map(([name, words]) => (
      <Fragment key={name}>
        <dt>{name}</dt>
        <dd>
          <bdi dir="auto">{words}</bdi>
        </dd>
      </Fragment>
    ));
}

/** What became of a customer who is not in this line any more. */
function goneWords(why: string | undefined, name: string, time: string, { t }: I18n): string {
  switch (why) {
    case 'picked':
      return t('preview.taken', { name, time });
    case 'grabbed':
    case 'taken':
      return t('preview.grabbed', { name, time });
    case 'offered':
      return t('preview.offered', { name, time });
    case 'moved':
    case 'transferred':
    case 'declined':
      return t('preview.moved', { time });
    default:
      return t('preview.left', { time });
  }
}
