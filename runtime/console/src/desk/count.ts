import type { Waiting } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';

/** Where a waiting customer stands: in a queue, in a team's queue, or before this agent alone. */
export interface Line {
  readonly kind: 'queue' | 'team' | 'agent';
  readonly name: string;
}

/** Whether a waiting customer stands in a line. */
export function isInLine(waiting: Waiting, line: Line): boolean {
  if (line.kind === 'agent') return waiting.agent !== undefined;
  if (line.kind === 'team') return !waiting.agent && waiting.team === line.name;
  return !waiting.agent && !waiting.team && waiting.queue === line.name;
}

/** Those who wait for this agent alone, the first first. */
export function waitingForMe(state: Pick<State, 'waiting'>): Waiting[] {
  return [...state.waiting.values()]
    .filter((waiting) => waiting.agent !== undefined)
    .sort((a, b) => a.arrivedAt - b.arrivedAt || (a.conversation < b.conversation ? -1 : 1));
}

/** How many things ask for this agent alone: waiting customers, invitations, offers. */
export function forMe(state: State): number {
  let count = waitingForMe(state).length;
  for (const invitation of state.invitations.values()) if (!invitation.team) count++;
  for (const { state: now } of state.conversations.values()) if (now === 'offered') count++;
  return count;
}

/** How many posts were not read, over all rooms. */
export function unreadPosts(state: Pick<State, 'rooms'>): number {
  let count = 0;
  for (const room of state.rooms.values()) count += room.unread;
  return count;
}

/** How many customers left without being served, over all queues. */
export function inactiveCount(state: Pick<State, 'queues'>): number {
  let count = 0;
  for (const queue of state.queues.values()) count += queue.inactive ?? 0;
  return count;
}

/** What asks for a look among the teams: who waits for one, and unread posts. */
export function teamCount(state: Pick<State, 'rooms' | 'teams'>): number {
  let count = unreadPosts(state);
  for (const team of state.teams.values()) count += team.waiting;
  return count;
}
