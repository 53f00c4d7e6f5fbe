import type { Colleague, Queue, Team } from '@usher/protocol/protocol';
import { expect, test } from 'vitest';
import { aQueue } from '../../testing/fixture';
import { findChoices, inviteChoices, transferChoices } from './targets';

const person = (name: string, more: Partial<Colleague> = {}): [string, Colleague] => [
  name,
  { name, displayName: name, presence: 'available', load: 0, limit: 3, teams: ['tier1'], ...more },
];
const team: Team = {
  name: 'tier1',
  displayName: 'First line',
  role: 'Representative',
  mode: 'Collaboration',
  waiting: 1,
  online: 2,
};
const queue = (name: string, more: Partial<Queue> = {}): [string, Queue] => {
  const made = aQueue({ name, displayName: name, ...more }).queue;
  if (!made) throw new Error('no queue');
  return [name, made];
};
const state = {
  agents: new Map([
    person('zoe'),
    person('ana'),
    person('ben', { presence: 'offline' }),
    person('jonas', { teams: ['tier2'] }),
  ]),
  teams: new Map([['tier1', team]]),
  queues: new Map([queue('support'), queue('billing')]),
};
const keys = (choices: { key: string }[]) => choices.map(({ key }) => key);

test('without bounds: everybody but me, who is there first, all teams, and my other queues', () => {
  expect(keys(transferChoices(state, { queue: 'support' }, 'ana', 'en'))).toEqual([
    'agent/jonas',
    'agent/zoe',
    'agent/ben',
    'team/tier1',
    'team/tier2',
    'queue/billing',
  ]);
});

test('a queue that bounds transfers has exactly those, also ones that are not mine', () => {
  const bounded = {
    ...state,
    queues: new Map([
      queue('support', { targets: { agents: ['zoe'], teams: [], queues: ['billing', 'vip'] } }),
      queue('billing'),
    ]),
  };
  expect(keys(transferChoices(bounded, { queue: 'support' }, 'ana', 'en'))).toEqual([
    'agent/zoe',
    'queue/billing',
    'queue/vip',
  ]);
});

test('who is in it, or asked already, is not asked again; queues never are', () => {
  const conversation = {
    agents: [{ name: 'zoe', displayName: 'Zoe' }],
    invited: [{ kind: 'team' as const, name: 'tier1' }],
  };
  expect(keys(inviteChoices(state, conversation, 'ana', 'en'))).toEqual([
    'agent/jonas',
    'agent/ben',
    'team/tier2',
  ]);
});

test('a few letters find a name, whatever their case', () => {
  const choices = transferChoices(state, { queue: 'support' }, 'ana', 'en');
  expect(keys(findChoices(choices, ' FIRST', 'en'))).toEqual(['team/tier1']);
});
