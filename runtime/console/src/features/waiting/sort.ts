import type { Waiting } from '@usher/protocol/protocol';

/** The columns of the waiting list, in order. */
export const COLUMNS = ['waited', 'customer', 'question', 'page', 'state'] as const;
export type Column = (typeof COLUMNS)[number];

/** What the list is sorted by. */
export interface Sort {
  column: Column;
  down: boolean;
}

/** The longest wait first, which is the order in which the line is served. */
export const DEFAULT_SORT: Sort = { column: 'waited', down: true };

/** What a click on a header makes of the sort: another column, or the same the other way round. */
export function toggleSort(sort: Sort, column: Column): Sort {
  if (sort.column === column) return { column, down: !sort.down };
  return { column, down: column === 'waited' };
}

/** A new list in order; equal rows stand in order of arrival, so that the list never trembles. */
export function sortWaiting(
  rows: readonly Waiting[],
  sort: Sort,
  collator: Intl.Collator,
): Waiting[] {
  const sign = sort.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const order =
      sort.column === 'waited' ? b.arrivedAt - a.arrivedAt : byText(a, b, sort.column, collator);
    if (order !== 0) return sign * order;
    return a.arrivedAt - b.arrivedAt || (a.conversation < b.conversation ? -1 : 1);
  });
}

function byText(
  a: Waiting,
  b: Waiting,
  column: Exclude<Column, 'waited'>,
  collator: Intl.Collator,
) {
  const read = (w: Waiting): string => {
    if (column === 'customer') return w.name ?? '';
    if (column === 'question') return w.text ?? '';
    if (column === 'page') return w.page ?? '';
    return w.offeredTo ?? (w.online ? '' : '~');
  };
  return collator.compare(read(a), read(b));
}

/** Reads what parseSort's twin wrote; anything else is the default. */
export function parseSort(raw: string | null): Sort {
  if (raw === null) return DEFAULT_SORT;
  const [column, way] = raw.split(' ');
  const known = COLUMNS.find((c) => c === column);
  return known === undefined ? DEFAULT_SORT : { column: known, down: way === 'down' };
}

/** Writes a sort for localStorage. */
export function writeSort(sort: Sort): string {
  return `${sort.column} ${sort.down ? 'down' : 'up'}`;
}
