import type { Colleague, Target } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';

/** An agent as shown: the display name where the desk told one. */
export function agentName(state: Pick<State, 'agents'>, name: string): string {
  return state.agents.get(name)?.displayName || name;
}

/** A team as shown, also one that is not mine. */
export function teamName(state: Pick<State, 'teams'>, name: string): string {
  return state.teams.get(name)?.displayName || name;
}

/** A queue as shown. */
export function queueName(state: Pick<State, 'queues'>, name: string): string {
  return state.queues.get(name)?.displayName || name;
}

/** An agent, a team or a queue as shown. */
export function targetName(
  state: Pick<State, 'agents' | 'teams' | 'queues'>,
  { kind, name }: Target,
): string {
  if (kind === 'agent') return agentName(state, name);
  return kind === 'team' ? teamName(state, name) : queueName(state, name);
}

/** The room of two members: it is there before anybody wrote in it. */
export function privateRoom(a: string, b: string): string {
  return `p:${[a, b].sort().join(':')}`;
}

/** The other members by name, those who are there first. */
export function sortColleagues(
  agents: Iterable<Colleague>,
  me: string,
  locale: string,
): Colleague[] {
  const collator = new Intl.Collator(locale, { numeric: true });
  const away = ({ presence }: Colleague) => (presence === 'offline' ? 1 : 0);
  return [...agents]
    .filter(({ name }) => name !== me)
    .sort(
      (a, b) =>
        away(a) - away(b) ||
        collator.compare(a.displayName, b.displayName) ||
        (a.name < b.name ? -1 : 1),
    );
}
