import type { Waiting } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';

/** Where a waiting customer stands: in a queue, or in a team's queue. */
export interface Line {
  readonly kind: 'queue' | 'team';
  readonly name: string;
}

/** Whether a waiting customer stands in a line. */
export function isInLine(waiting: Waiting, line: Line): boolean {
  if (waiting.agent) return false;
  if (line.kind === 'team') return waiting.team === line.name;
  return !waiting.team && waiting.queue === line.name;
}

/** Those who wait for one agent alone, the first first; admins see those of their agents too. */
export function waitingForOne(
  state: Pick<State, 'waiting'>,
  whom: (agent: string) => boolean,
): Waiting[] {
  return [...state.waiting.values()]
    .filter(({ agent }) => agent !== undefined && whom(agent))
    .sort((a, b) => a.arrivedAt - b.arrivedAt || (a.conversation < b.conversation ? -1 : 1));
}

/** How many things ask for this agent alone: waiting customers, invitations, offers. */
export function forMe(state: State, me: string): number {
  let count = waitingForOne(state, (agent) => agent === me).length;
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
