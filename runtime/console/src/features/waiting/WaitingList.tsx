import { useVirtualizer } from '@tanstack/react-virtual';
import type { Waiting } from '@usher/protocol/protocol';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useI18n } from '../../i18n/i18n';
import { useActions } from '../../keys/useKeys';
import { Button } from '../../ui/Button';
import { OnlineGlyph } from '../../ui/Glyph';
import { Wait } from '../../ui/Wait';
import { Marks } from './Marks';
import { StateChip } from './StateChip';
import { COLUMNS, type Column, type Sort } from './sort';
import { urgency } from './status';
import { useRowHeight } from './useRowHeight';
import { customerName, shortPage } from './waiting-words';
import './waiting.css';

/** What the list lets one do. */
export interface WaitingListProps {
  rows: readonly Waiting[];
  sort: Sort;
  /** The row that the preview shows. */
  shown: string | undefined;
  /** Whether rows can be accepted now. */
  canAccept: boolean;
  /** The row whose acceptance is under way. */
  accepting: string | undefined;
  /** Whether a row is grabbed rather than accepted. */
  grabs(row: Waiting): boolean;
  label: string;
  onSort(column: Column): void;
  onPreview(conversation: string): void;
  onAccept(conversation: string): void;
}

/**
 * The line of a queue: a grid whose rows are few in the page however many wait. Arrows, j and k move
 * through it, Enter previews, a double press or the button accepts.
 */
export function WaitingList(props: WaitingListProps) {
  const { rows, shown, onPreview } = props;
  const { t } = useI18n();
  const scroller = useRef<HTMLDivElement>(null);
  const height = useRowHeight();
  const [active, setActive] = useState<string>();
  const wantFocus = useRef(false);
  const lastIndex = useRef(0);

  const found = rows.findIndex((row) => row.conversation === active);
  // When the active row went, the one that took its place is next.
  const index = found >= 0 ? found : Math.min(lastIndex.current, rows.length - 1);
  const current = rows[index];
  const hadFocus = useRef(false);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (i) => rows[i]?.conversation ?? i,
    overscan: 8,
    rangeExtractor: (range) => {
      const first = Math.max(0, range.startIndex - range.overscan);
      const last = Math.min(range.count - 1, range.endIndex + range.overscan);
      const list = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
      // The active row is never taken out of the page: it may hold the focus.
      if (index >= 0 && index < first) list.unshift(index);
      if (index > last && index < range.count) list.push(index);
      return list;
    },
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: measure again when the height changes.
  useEffect(() => virtual.measure(), [height]);

  useEffect(() => {
    if (found >= 0) lastIndex.current = found;
  }, [found]);

  // Focus follows the active row; after its row went, to the one in its place, else to the list.
  useEffect(() => {
    if (!wantFocus.current && !(hadFocus.current && document.activeElement === document.body))
      return;
    wantFocus.current = false;
    const id = current?.conversation;
    const row =
      id && scroller.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
    if (row) row.focus({ preventScroll: true });
    else scroller.current?.focus();
  });

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    const row = rows[next];
    if (!row) return;
    setActive(row.conversation);
    lastIndex.current = next;
    wantFocus.current = true;
    virtual.scrollToIndex(next, { align: 'auto' });
    if (shown) onPreview(row.conversation);
  };

  const accept = (row: Waiting) => {
    if (props.canAccept && !row.offeredTo) props.onAccept(row.conversation);
  };

  useActions(1, {
    rowDown: () => move(active === undefined ? 0 : index + 1),
    rowUp: () => move(active === undefined ? 0 : index - 1),
    ...(current && active !== undefined ? { accept: () => accept(current) } : {}),
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: index + 10,
      PageUp: index - 10,
    };
    const to = steps[event.key];
    if (to !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      move(to);
    } else if (event.key === 'Enter' && current && (event.target as HTMLElement).dataset.row) {
      event.preventDefault();
      onPreview(current.conversation);
    }
  };

  return (
    <div
      className="grid"
      role="grid"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      onKeyDown={onKeyDown}
      onFocus={() => {
        hadFocus.current = true;
      }}
      onBlur={(event) => {
        if (event.relatedTarget) hadFocus.current = false;
      }}
    >
      <div role="rowgroup">
        <div className="grid-head" role="row" aria-rowindex={1}>
          {COLUMNS.map((column) => (
            <HeadCell key={column} column={column} sort={props.sort} onSort={props.onSort} />
          ))}
          <span role="columnheader" className="cell-action">
            <span className="sr-only">{t('waiting.column.action')}</span>
          </span>
        </div>
      </div>
      <div className="grid-scroll" role="rowgroup" ref={scroller} tabIndex={-1}>
        <div className="grid-space" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <Row
                key={row.conversation}
                row={row}
                index={item.index}
                top={item.start}
                isActive={item.index === index}
                isShown={row.conversation === shown}
                list={props}
                onActive={() => setActive(row.conversation)}
                onAccept={() => accept(row)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function HeadCell({
  column,
  sort,
  onSort,
}: {
  column: Column;
  sort: Sort;
  onSort(column: Column): void;
}) {
  const { t } = useI18n();
  const mine = sort.column === column;
  const Arrow = sort.down ? ArrowDown : ArrowUp;
  return (
    <span
      role="columnheader"
      className={`cell-${column}`}
      aria-sort={mine ? (sort.down ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" className="sort" onClick={() => onSort(column)}>
        {t(`waiting.column.${column}`)}
        {mine && <Arrow size={14} aria-hidden="true" />}
      </button>
    </span>
  );
}

function Row(props: {
  row: Waiting;
  index: number;
  top: number;
  isActive: boolean;
  isShown: boolean;
  list: WaitingListProps;
  onActive(): void;
  onAccept(): void;
}) {
  const { row, list, isActive } = props;
  const i18n = useI18n();
  const { t } = i18n;
  const name = customerName(row, i18n);
  const busy = list.accepting === row.conversation;
  const grab = list.grabs(row);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears Enter for its rows.
    <div
      className={props.isShown ? 'grid-row shown' : 'grid-row'}
      role="row"
      aria-rowindex={props.index + 2}
      aria-selected={props.isShown}
      tabIndex={isActive ? 0 : -1}
      data-row={row.conversation}
      style={{ transform: `translateY(${props.top}px)` }}
      onFocus={props.onActive}
      onClick={() => list.onPreview(row.conversation)}
      onDoubleClick={props.onAccept}
    >
      <span role="gridcell" className="cell-waited">
        <Wait since={row.arrivedAt} judge={(now) => urgency(row, now, row.arrivedAt)} />
      </span>
      <span role="gridcell" className="cell-customer">
        <OnlineGlyph online={row.online} />
        <bdi className="ellipsis" dir="auto">
          {name}
        </bdi>
      </span>
      <span role="gridcell" className="cell-question">
        <Marks row={row} />
        {row.text ? (
          <bdi className="ellipsis" dir="auto">
            {row.text}
          </bdi>
        ) : (
          <span className="muted ellipsis">{t('waiting.noQuestion')}</span>
        )}
      </span>
      <span role="gridcell" className="cell-page muted">
        <bdi className="ellipsis">{row.page ? shortPage(row.page) : ''}</bdi>
      </span>
      <span role="gridcell" className="cell-state">
        <StateChip row={row} />
      </span>
      <span role="gridcell" className="cell-action">
        {/* A press on the button is not a press on the row. */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: only keeps the press from the row. */}
        <span onClick={(e) => e.stopPropagation()} onDoubleClick={(e) => e.stopPropagation()}>
          <Button
            small
            excludeFromTabOrder={!isActive}
            isDisabled={!list.canAccept || row.offeredTo !== undefined}
            aria-label={t(grab ? 'waiting.grabName' : 'waiting.acceptName', { name })}
            onPress={props.onAccept}
          >
            {t(busy ? 'waiting.accepting' : grab ? 'waiting.grab' : 'waiting.accept')}
          </Button>
        </span>
      </span>
    </div>
  );
}
