import type {
  Change,
  Colleague,
  Inactive,
  Invitation,
  Open,
  Post,
  Room,
  Standing,
  Team,
} from '@usher/protocol/protocol';
import { NOW } from './fixture';

// Things of a desk beyond queues and conversations, as the stream tells them; `more` changes them.

export const aTeam = (name: string, more: Partial<Team> = {}): Change => ({
  kind: 'team',
  team: {
    name,
    displayName: name,
    role: 'Representative',
    mode: 'Collaboration',
    waiting: 0,
    online: 2,
    room: `t:${name}`,
    ...more,
  },
});

export const aColleague = (name: string, more: Partial<Colleague> = {}): Change => ({
  kind: 'agent',
  agent: {
    name,
    displayName: name[0]?.toUpperCase() + name.slice(1),
    presence: 'available',
    load: 1,
    limit: 3,
    teams: ['tier1'],
    ...more,
  },
});

export const myStanding = (more: Partial<Standing> = {}): Change => ({
  kind: 'me',
  me: { presence: 'available', load: 2, limit: 3, keys: [], ...more },
});

export const anInvitation = (conversation: string, more: Partial<Invitation> = {}): Change => ({
  kind: 'invitation',
  invitation: {
    conversation,
    queue: 'support',
    name: 'Maria',
    by: 'ben',
    byName: 'Ben',
    at: NOW - 5_000,
    ...more,
  },
});

export const anOpen = (conversation: string, more: Partial<Open> = {}): Change => ({
  kind: 'open',
  open: {
    conversation,
    queue: 'support',
    team: 'tier1',
    name: conversation,
    channel: 'web',
    agents: [{ name: 'ben', displayName: 'Ben' }],
    arrivedAt: NOW - 60_000,
    startedAt: NOW - 30_000,
    online: true,
    ...more,
  },
});

export const anInactive = (conversation: string, more: Partial<Inactive> = {}): Change => ({
  kind: 'inactive',
  inactive: {
    conversation,
    queue: 'support',
    channel: 'web',
    name: conversation,
    text: 'Please call me',
    arrivedAt: NOW - 60_000,
    at: NOW - 30_000,
    why: 'contact',
    ...more,
  },
});

export const aRoom = (id: string, more: Partial<Room> = {}): Change => ({
  kind: 'room',
  room: { id, kind: 'team', team: id.replace('t:', ''), name: id, unread: 0, ...more },
});

export const aPost = (room: string, seq: number, author: string, text: string): Post => ({
  seq,
  room,
  author,
  authorName: author[0]?.toUpperCase() + author.slice(1),
  text,
  at: NOW - 30_000 + seq,
});
