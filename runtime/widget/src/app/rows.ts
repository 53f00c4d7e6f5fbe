/** What the message list shows: messages of the stream, then those on their way. */
import type { Entry } from '@usher/protocol/outbox';
import type { Message } from '@usher/protocol/protocol';

export interface Row {
  readonly key: string;
  readonly from: 'customer' | 'agent' | 'system';
  readonly author: string | undefined;
  readonly text: string;
  readonly at: number;
  /** Set while the message is not in the stream yet. */
  readonly entry: Entry | undefined;
  /** The row before is of another sender or of long ago: name and time are shown. */
  readonly first: boolean;
}

const groupLasts = 5 * 60_000;

/** Rows in order; `offset` turns the local time of an entry into the server's. */
export function rowsOf(
  messages: readonly Message[],
  entries: readonly Entry[],
  offset: number,
): Row[] {
  const rows: Row[] = [];
  const add = (row: Omit<Row, 'first'>) => {
    const last = rows.at(-1);
    const first =
      !last ||
      last.from !== row.from ||
      last.author !== row.author ||
      row.at - last.at > groupLasts;
    rows.push({ ...row, first });
  };
  for (const message of messages) {
    const own = message.from === 'customer';
    add({
      // An own message keeps the key of its entry, so that its row stays the same element.
      key:
        own && message.client && message.cid
          ? `${message.client}/${message.cid}`
          : `${message.seq}`,
      from: message.from,
      author: own ? undefined : message.author,
      text: message.text,
      at: message.at,
      entry: undefined,
    });
  }
  for (const entry of entries) {
    if (entry.command.type !== 'say') continue;
    add({
      key: entry.cid > 0 ? `${entry.client}/${entry.cid}` : `entry/${entry.key}`,
      from: 'customer',
      author: undefined,
      text: entry.command.text ?? '',
      at: entry.at + offset,
      entry,
    });
  }
  return rows;
}

export type Piece = { text: string; href?: undefined } | { text: string; href: string };

/** Splits a text at its web addresses; what ends a sentence does not belong to the address. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s<>"']+/g)) {
    const href = found[0].replace(/[.,;:!?)\]}]+$/, '');
    if (found.index > from) pieces.push({ text: text.slice(from, found.index) });
    pieces.push({ text: href, href });
    from = found.index + href.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}
