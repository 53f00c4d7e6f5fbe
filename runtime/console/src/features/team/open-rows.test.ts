import type { Open } from '@usher/protocol/protocol';
import { expect, test } from 'vitest';
import { aConversation, NOW } from '../../testing/fixture';
import { choicesOf, openRows } from './open-rows';

const open = (conversation: string, more: Partial<Open> = {}): [string, Open] => [
  conversation,
  {
    conversation,
    queue: 'support',
    team: 'tier1',
    channel: 'web',
    agents: [{ name: 'ben', displayName: 'Ben' }],
    arrivedAt: NOW,
    startedAt: NOW,
    online: true,
    ...more,
  },
];
const mine = aConversation('mine', { team: 'tier2' }).conversation;
if (!mine) throw new Error('no conversation');
const state = {
  opens: new Map([
    open('answered'),
    open('late', { unansweredSince: NOW - 5 }),
    open('mail', { channel: 'shop', unansweredSince: NOW - 1 }),
  ]),
  conversations: new Map([['mine', mine]]),
};
const any = { which: 'all', team: '', channel: '' } as const;
const names = (filter: Parameters<typeof openRows>[1]) =>
  openRows(state, filter).map((row) => row.conversation);

test('those who wait for an answer longest come first, mine among them', () => {
  expect(names(any)).toEqual(['late', 'mail', 'mine', 'answered']);
});

test('joined are mine only', () => {
  expect(names({ ...any, which: 'joined' })).toEqual(['mine']);
});

test('a team and a channel narrow it', () => {
  expect(names({ ...any, team: 'tier1' })).toEqual(['late', 'mail', 'answered']);
  expect(names({ ...any, team: 'tier1', channel: 'shop' })).toEqual(['mail']);
  expect(choicesOf(openRows(state, any), 'team')).toEqual(['tier1', 'tier2']);
});
