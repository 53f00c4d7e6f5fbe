// The rows of the view "Team": what colleagues serve and what I serve, filtered. Pure.
import type { Conversation, Open } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';

export type Which = 'all' | 'joined';
export type StatusFilter = 'any' | 'online' | 'pending' | 'soon' | 'overdue';

export interface OpenRow extends Open {
  /** I am in it. */
  readonly joined: boolean;
}

export interface Filter {
  readonly which: Which;
  /** Empty: any. */
  readonly team: string;
  readonly channel: string;
}

/** Conversations in service that I may see, those unanswered longest first. */
export function openRows(state: Pick<State, 'opens' | 'conversations'>, filter: Filter): OpenRow[] {
  const rows = new Map<string, OpenRow>();
  if (filter.which === 'all') {
    for (const open of state.opens.values()) {
      rows.set(open.conversation, { ...open, joined: false });
    }
  }
  for (const mine of state.conversations.values()) {
    if (mine.state === 'inService') rows.set(mine.id, joinedRow(mine, state.opens.get(mine.id)));
  }
  const since = (row: OpenRow) => row.unansweredSince ?? Number.MAX_SAFE_INTEGER;
  return [...rows.values()]
    .filter((row) => filter.team === '' || row.team === filter.team)
    .filter((row) => filter.channel === '' || row.channel === filter.channel)
    .sort((a, b) => since(a) - since(b) || a.startedAt - b.startedAt);
}

function joinedRow(mine: Conversation, open: Open | undefined): OpenRow {
  const row: OpenRow = {
    conversation: mine.id,
    queue: mine.queue,
    channel: mine.channel,
    agents: mine.agents ?? open?.agents ?? [],
    arrivedAt: mine.arrivedAt,
    startedAt: mine.startedAt ?? mine.arrivedAt,
    online: mine.online,
    joined: true,
  };
  const { name, team, unansweredSince, soonAt, overdueAt } = mine;
  if (name !== undefined) row.name = name;
  if (team !== undefined) row.team = team;
  if (open?.text !== undefined) row.text = open.text;
  if (unansweredSince !== undefined) row.unansweredSince = unansweredSince;
  if (soonAt !== undefined) row.soonAt = soonAt;
  if (overdueAt !== undefined) row.overdueAt = overdueAt;
  return row;
}

/** The values of a field that there are to choose from, in order. */
export function choicesOf(rows: readonly OpenRow[], field: 'team' | 'channel'): string[] {
  return [...new Set(rows.flatMap((row) => row[field] ?? []))].sort();
}
