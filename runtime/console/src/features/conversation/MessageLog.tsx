import type { Entry } from '@usher/protocol/outbox';
import type { Message } from '@usher/protocol/protocol';
import { ArrowDown } from 'lucide-react';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useI18n } from '../../i18n/i18n';
import { Button } from '../../ui/Button';
import { protocolWords } from '../notices/errors';
import { type Group, groupMessages } from './groups';
import './log.css';

/** Within this of the end the reader is at the end, and new messages are followed. */
const NEAR_END = 48;

/** Messages by day and sender, and below them what is on its way. */
export function MessageLog(props: {
  label: string;
  customer: string;
  me: string;
  messages: readonly Message[];
  entries: readonly Entry[];
  hasOlder: boolean;
  isLoading: boolean;
  historyError: string | undefined;
  typing: string | undefined;
  /** Said while nothing was written. */
  empty?: string;
  onOlder(): void;
  onRetry(key: number): void;
  onDelete(key: number): void;
}) {
  const { t } = useI18n();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const height = useRef(0);
  const firstSeq = useRef(0);
  const [seen, setSeen] = useState(0);
  const groups = useMemo(() => groupMessages(props.messages), [props.messages]);
  const last = props.messages.at(-1)?.seq ?? 0;
  const count = props.entries.length;

  // The reader stays where they read: at the end, or at the same message when older ones come above.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when what is shown grew.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const first = props.messages[0]?.seq ?? 0;
    if (atEnd.current) {
      box.scrollTop = box.scrollHeight;
      setSeen(last);
    } else if (first < firstSeq.current) {
      box.scrollTop += box.scrollHeight - height.current;
    }
    firstSeq.current = first;
    height.current = box.scrollHeight;
  }, [props.messages, count, props.typing]);

  // A composer that grows, a keyboard that comes up: the end stays in sight.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight <= NEAR_END;
    if (atEnd.current && seen !== last) setSeen(last);
    if (box.scrollTop < 80 && props.hasOlder && !props.historyError) props.onOlder();
  };
  const toEnd = () => {
    const box = scroller.current;
    if (!box) return;
    atEnd.current = true;
    box.scrollTop = box.scrollHeight;
    setSeen(last);
  };

  const missed =
    seen === 0 ? 0 : props.messages.filter((m) => m.seq > seen && m.from === 'customer').length;
  return (
    <div className="log-frame">
      {/* New messages are announced in words of their own, so the region itself is silent. */}
      <div
        className="log"
        role="log"
        aria-live="off"
        aria-label={props.label}
        aria-busy={props.isLoading}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys.
        tabIndex={0}
        ref={scroller}
        onScroll={onScroll}
      >
        <div className="log-body">
          {(props.hasOlder || props.historyError) && (
            <div className="log-older">
              {props.historyError && <span className="muted">{props.historyError}</span>}
              <Button small look="quiet" isDisabled={props.isLoading} onPress={props.onOlder}>
                {props.isLoading
                  ? t('state.loading')
                  : props.historyError
                    ? t('action.tryAgain')
                    : t('log.older')}
              </Button>
            </div>
          )}
          {groups.length === 0 && count === 0 && !props.isLoading && props.empty && (
            <p className="muted log-empty">{props.empty}</p>
          )}
          {groups.map((group) => (
            <GroupView key={group.key} group={group} customer={props.customer} me={props.me} />
          ))}
          {props.entries.map((entry) => (
            <PendingRow
              key={entry.key}
              entry={entry}
              onRetry={props.onRetry}
              onDelete={props.onDelete}
            />
          ))}
          <p className="log-typing muted">{props.typing ?? ''}</p>
        </div>
      </div>
      {missed > 0 && (
        <div className="log-jump">
          <Button look="primary" small onPress={toEnd}>
            <ArrowDown size={16} aria-hidden="true" />
            {t('log.unread', { count: missed })}
          </Button>
        </div>
      )}
    </div>
  );
}

function GroupView({ group, customer, me }: { group: Group; customer: string; me: string }) {
  const i18n = useI18n();
  const { t } = i18n;
  const own = group.from === 'agent' && (group.author === undefined || group.author === me);
  const name =
    group.from === 'customer'
      ? (group.author ?? customer)
      : own
        ? t('log.you')
        : (group.author ?? t('log.desk'));
  return (
    <>
      {group.day !== undefined && <h2 className="log-day">{i18n.day(group.day)}</h2>}
      {group.from === 'system' ? (
        group.messages.map((m) => (
          <p key={m.seq} className="log-system muted">
            {m.text} · {i18n.time(m.at)}
          </p>
        ))
      ) : (
        <div className={group.from === 'agent' ? 'bubble own' : 'bubble'}>
          <p className="bubble-head">
            <bdi dir="auto" className="bubble-name">
              {name}
            </bdi>
            <time dateTime={new Date(group.at).toISOString()}>{i18n.time(group.at)}</time>
          </p>
          {group.messages.map((m) => (
            <p key={m.seq} className="bubble-text" dir="auto" data-seq={m.seq}>
              {m.text}
            </p>
          ))}
        </div>
      )}
    </>
  );
}

function PendingRow({
  entry,
  onRetry,
  onDelete,
}: {
  entry: Entry;
  onRetry(key: number): void;
  onDelete(key: number): void;
}) {
  const i18n = useI18n();
  const { t } = i18n;
  const refused = entry.state === 'refused';
  return (
    <div className={refused ? 'bubble own refused' : 'bubble own pending'} data-entry={entry.state}>
      <p className="bubble-text" dir="auto">
        {entry.command.text}
      </p>
      <div className="bubble-state">
        {refused ? (
          <>
            <span className="bubble-error">
              {t('log.notSent')}
              {entry.error && ` ${protocolWords(entry.error, i18n)}`}
            </span>
            <Button small onPress={() => onRetry(entry.key)}>
              {t('action.tryAgain')}
            </Button>
            <Button small onPress={() => onDelete(entry.key)}>
              {t('action.delete')}
            </Button>
          </>
        ) : (
          t(entry.state === 'unknown' ? 'log.checking' : 'log.sending')
        )}
      </div>
    </div>
  );
}
