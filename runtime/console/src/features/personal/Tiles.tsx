import type { ReactNode } from 'react';

/** A list of tiles, one for each conversation. */
export function Tiles<Row extends { readonly conversation: string }>({
  rows,
  tile,
}: {
  rows: readonly Row[];
  tile: (row: Row) => ReactNode;
}) {
  return (
    <ul className="tiles">
      {rows.map((row) => (
        <li key={row.conversation}>{tile(row)}</li>
      ))}
    </ul>
  );
}
