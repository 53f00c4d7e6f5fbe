// Whom a conversation can be handed to, or who can be asked in. Pure.
import type { Conversation, Presence, Queue, Target, Targets } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';
import { agentName, queueName, sortColleagues, teamName } from '../../desk/people';

/** One to whom a conversation can go, with what helps to choose. */
export interface Choice {
  readonly key: string;
  readonly target: Target;
  readonly name: string;
  /** Of an agent. */
  readonly presence?: Presence;
  readonly load?: number;
  readonly limit?: number;
  /** Of a team of mine or a queue of mine. */
  readonly online?: number;
  readonly waiting?: number;
  readonly queue?: Queue;
}

type Known = Pick<State, 'agents' | 'teams' | 'queues'>;

/** Agents, teams and queues to which a conversation may be transferred (feature R12). */
export function transferChoices(
  state: Known,
  conversation: Pick<Conversation, 'queue'>,
  me: string,
  locale: string,
): Choice[] {
  const bounds = state.queues.get(conversation.queue)?.targets;
  return [
    ...agentChoices(state, bounds, me, locale),
    ...teamChoices(state, bounds, locale),
    ...queueChoices(state, bounds, locale).filter(
      (choice) => choice.target.name !== conversation.queue,
    ),
  ];
}

/** Agents and teams that may be asked in: nobody who is in it or asked already (feature R11). */
export function inviteChoices(
  state: Known,
  conversation: Pick<Conversation, 'agents' | 'invited'>,
  me: string,
  locale: string,
): Choice[] {
  const taken = new Set([
    ...(conversation.agents ?? []).map(({ name }) => `agent/${name}`),
    ...(conversation.invited ?? []).map(({ kind, name }) => `${kind}/${name}`),
  ]);
  return [
    ...agentChoices(state, undefined, me, locale),
    ...teamChoices(state, undefined, locale),
  ].filter((choice) => !taken.has(choice.key));
}

/** Those whose name has the wanted words in it. */
export function findChoices(choices: readonly Choice[], wanted: string, locale: string): Choice[] {
  const words = wanted.trim().toLocaleLowerCase(locale);
  return choices.filter(({ name }) => name.toLocaleLowerCase(locale).includes(words));
}

function agentChoices(
  state: Known,
  bounds: Targets | undefined,
  me: string,
  locale: string,
): Choice[] {
  const allowed = bounds && new Set(bounds.agents);
  return sortColleagues(state.agents.values(), me, locale)
    .filter(({ name }) => !allowed || allowed.has(name))
    .map(({ name, presence, load, limit }) => ({
      ...choice('agent', name, agentName(state, name)),
      presence,
      load,
      limit,
    }));
}

function teamChoices(state: Known, bounds: Targets | undefined, locale: string): Choice[] {
  const names = bounds
    ? new Set(bounds.teams)
    : new Set([
        ...state.teams.keys(),
        ...[...state.agents.values()].flatMap((colleague) => colleague.teams),
      ]);
  const collator = new Intl.Collator(locale, { numeric: true });
  return [...names]
    .map((name) => {
      const made = choice('team', name, teamName(state, name));
      const team = state.teams.get(name);
      return team ? { ...made, online: team.online, waiting: team.waiting } : made;
    })
    .sort((a, b) => collator.compare(a.name, b.name));
}

function queueChoices(state: Known, bounds: Targets | undefined, locale: string): Choice[] {
  const names = bounds ? new Set(bounds.queues) : new Set(state.queues.keys());
  const collator = new Intl.Collator(locale, { numeric: true });
  return [...names]
    .map((name) => {
      const made = choice('queue', name, queueName(state, name));
      const queue = state.queues.get(name);
      return queue ? { ...made, queue, waiting: queue.waiting } : made;
    })
    .sort((a, b) => collator.compare(a.name, b.name));
}

function choice(kind: Target['kind'], name: string, shown: string): Choice {
  return { key: `${kind}/${name}`, target: { kind, name }, name: shown };
}
