import type { Waiting } from '@usher/protocol/protocol';
import { useMemo, useState } from 'react';
import { isInLine, type Line } from '../../desk/count';
import { useView } from '../../desk/hooks';
import { useI18n } from '../../i18n/i18n';
import { keep } from '../../preferences/preferences';
import { type Column, parseSort, type Sort, sortWaiting, toggleSort, writeSort } from './sort';

/** A line in the order that this person chose, remembered at this browser. */
export function useRows({ kind, name }: Line): {
  rows: Waiting[];
  sort: Sort;
  onSort(column: Column): void;
} {
  const { region } = useI18n();
  const key = kind === 'queue' ? `usher.sort.${name}` : `usher.sort.${kind}.${name}`;
  const [sort, setSort] = useState(() => parseSort(keep.get(key)));
  const waiting = useView((view) => view.state.waiting);
  const collator = useMemo(() => new Intl.Collator(region, { numeric: true }), [region]);
  const rows = useMemo(
    () =>
      sortWaiting(
        [...waiting.values()].filter((w) => isInLine(w, { kind, name })),
        sort,
        collator,
      ),
    [waiting, kind, name, sort, collator],
  );
  const onSort = (column: Column) => {
    const next = toggleSort(sort, column);
    keep.set(key, writeSort(next));
    setSort(next);
  };
  return { rows, sort, onSort };
}
