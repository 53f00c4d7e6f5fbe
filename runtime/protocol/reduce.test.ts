import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, Conversation, Message, Queue, Snapshot, Update } from './protocol.ts';
import {
  departedKey,
  dismissNotice,
  emptyState,
  forgetView,
  gap,
  mergeMessages,
  reduce,
  reduceTyping,
  type State,
} from './reduce.ts';

const conversation = (id: string, more: Partial<Conversation> = {}): Conversation => ({
  id,
  state: 'inService',
  queue: 'support',
  queueName: 'Support',
  channel: 'web',
  arrivedAt: 1,
  online: true,
  ...more,
});
const message = (seq: number, inside = 'c1', text = `text ${seq}`): Message => ({
  seq,
  conversation: inside,
  from: 'customer',
  text,
  at: seq,
});
const queue = (name: string, waiting = 0): Queue => ({
  name,
  displayName: name,
  state: 'Open',
  cause: 'AlwaysOpen',
  since: 0,
  waiting,
  inService: 0,
  online: 1,
  available: 1,
  placesLeft: -1,
  places: -1,
  maySwitch: false,
  mode: 'Manual',
});
const snapshot = (seq: number, changes: Change[], more: Partial<Snapshot> = {}): Snapshot => ({
  type: 'snapshot',
  seq,
  changes,
  ...more,
});
const update = (prev: number, seq: number, changes: Change[]): Update => ({
  type: 'update',
  prev,
  seq,
  changes,
});

function run(frames: (Snapshot | Update)[], from: State = emptyState): State {
  let state = from;
  for (const frame of frames) {
    const next = reduce(state, frame);
    if (next === gap) throw new Error(`gap at ${JSON.stringify(frame)}`);
    state = next;
  }
  return state;
}

describe('a snapshot', () => {
  it('replaces what was there', () => {
    const state = run([
      snapshot(5, [{ kind: 'queue', queue: queue('a') }]),
      snapshot(9, [{ kind: 'queue', queue: queue('b') }]),
    ]);
    expect([...state.queues.keys()]).toEqual(['b']);
    expect(state.seq).toBe(9);
    expect(state.loaded).toBe(true);
  });

  it('keeps messages up to messagesAfter and takes the rest from itself', () => {
    const state = run([
      snapshot(5, [
        { kind: 'conversation', conversation: conversation('c1') },
        { kind: 'message', message: message(2) },
        { kind: 'message', message: message(5, 'c1', 'seen, but after the mark') },
      ]),
      snapshot(
        9,
        [
          { kind: 'conversation', conversation: conversation('c1') },
          { kind: 'message', message: message(7) },
        ],
        { messagesAfter: 4 },
      ),
    ]);
    expect(state.messages.get('c1')?.map((m) => m.seq)).toEqual([2, 7]);
  });

  it('drops the messages of conversations that it no longer names', () => {
    const state = run([
      snapshot(5, [
        { kind: 'conversation', conversation: conversation('c1') },
        { kind: 'message', message: message(2) },
      ]),
      snapshot(9, [], { messagesAfter: 8 }),
    ]);
    expect(state.messages.size).toBe(0);
  });

  it('counts only when its last part has come', () => {
    const half = run([
      snapshot(5, [{ kind: 'queue', queue: queue('a') }]),
      snapshot(9, [{ kind: 'queue', queue: queue('b') }], { more: true }),
    ]);
    expect([...half.queues.keys()]).toEqual(['a']);
    expect(reduce(half, update(5, 6, []))).toBe(gap);
    const whole = run([snapshot(9, [{ kind: 'queue', queue: queue('c') }])], half);
    expect([...whole.queues.keys()]).toEqual(['b', 'c']);
  });
});

describe('an update', () => {
  it('before any snapshot is a gap', () => {
    expect(reduce(emptyState, update(0, 1, []))).toBe(gap);
  });

  it('that follows what we have is applied', () => {
    const state = run([snapshot(5, []), update(5, 8, [{ kind: 'queue', queue: queue('a', 3) }])]);
    expect(state.queues.get('a')?.waiting).toBe(3);
    expect(state.seq).toBe(8);
  });

  it('with the same sequence is applied: figures change without an event', () => {
    const state = run([snapshot(5, []), update(5, 5, [{ kind: 'queue', queue: queue('a', 3) }])]);
    expect(state.queues.get('a')?.waiting).toBe(3);
  });

  it('that skips is a gap', () => {
    const state = run([snapshot(5, [])]);
    expect(reduce(state, update(7, 8, []))).toBe(gap);
    expect(reduce(state, update(4, 8, []))).toBe(gap);
  });

  it('that goes back in time is a gap', () => {
    expect(reduce(run([snapshot(5, [])]), update(5, 4, []))).toBe(gap);
  });

  it('seen before changes nothing', () => {
    const state = run([snapshot(5, []), update(5, 8, [{ kind: 'queue', queue: queue('a') }])]);
    expect(reduce(state, update(3, 5, [{ kind: 'queue', queue: queue('old') }]))).toBe(state);
  });

  it('leaves the identity of what it does not touch', () => {
    const before = run([snapshot(5, [{ kind: 'queue', queue: queue('a') }])]);
    const after = run([update(5, 6, [{ kind: 'message', message: message(6) }])], before);
    expect(after.queues).toBe(before.queues);
    expect(after.messages).not.toBe(before.messages);
    expect(before.messages.size).toBe(0);
  });

  it('of an unknown kind marks the client as outdated and goes on', () => {
    const odd = { kind: 'hologram', hologram: {} } as unknown as Change;
    const state = run([snapshot(5, []), update(5, 6, [odd])]);
    expect(state.outdated).toBe(true);
    expect(state.seq).toBe(6);
  });
});

describe('what goes', () => {
  it('is remembered with what it was, until it comes back', () => {
    const waiting = {
      conversation: 'c1',
      queue: 'support',
      channel: 'web',
      arrivedAt: 1,
      online: true,
    };
    const gone = { kind: 'waiting', id: 'c1', why: 'picked', by: 'jonas' } as const;
    let state = run([
      snapshot(5, [{ kind: 'waiting', waiting }]),
      update(5, 6, [{ kind: 'gone', gone }]),
    ]);
    expect(state.waiting.size).toBe(0);
    expect(state.departed.get(departedKey('waiting', 'c1'))).toEqual({ gone, waiting });
    state = run([update(6, 7, [{ kind: 'waiting', waiting }])], state);
    expect(state.departed.size).toBe(0);
  });

  it('is forgotten after 64 more have gone', () => {
    const changes: Change[] = [];
    for (let i = 0; i < 70; i++)
      changes.push({ kind: 'gone', gone: { kind: 'waiting', id: `${i}` } });
    const state = run([snapshot(5, []), update(5, 6, changes)]);
    expect(state.departed.size).toBe(64);
    expect(state.departed.has(departedKey('waiting', '5'))).toBe(false);
    expect(state.departed.has(departedKey('waiting', '6'))).toBe(true);
  });
});

describe('notices and typing', () => {
  it('a notice stays until it is dismissed, also over a snapshot', () => {
    const notice = { code: 'taken', message: 'Jonas has it' };
    let state = run([snapshot(5, []), update(5, 6, [{ kind: 'notice', notice }]), snapshot(9, [])]);
    expect(state.notices).toEqual([{ id: 1, notice }]);
    state = dismissNotice(state, 1);
    expect(state.notices).toEqual([]);
    expect(dismissNotice(state, 1)).toBe(state);
  });

  it('writing ends with the message of the one who wrote', () => {
    let state = run([snapshot(5, [])]);
    const typing = { type: 'typing', conversation: 'c1', from: 'customer' } as const;
    state = reduceTyping(state, typing, 77);
    expect(state.typing.get('c1')).toEqual({ from: 'customer', at: 77 });
    const other = { ...message(6), from: 'agent' as const };
    state = run([update(5, 6, [{ kind: 'message', message: other }])], state);
    expect(state.typing.has('c1')).toBe(true);
    state = run([update(6, 7, [{ kind: 'message', message: message(7) }])], state);
    expect(state.typing.has('c1')).toBe(false);
  });
});

describe('properties', () => {
  const arbitraryChange: fc.Arbitrary<(seq: number) => Change> = fc.oneof(
    fc.record({ name: fc.constantFrom('a', 'b'), n: fc.nat(9) }).map(({ name, n }) => () => ({
      kind: 'queue' as const,
      queue: queue(name, n),
    })),
    fc
      .constantFrom('c1', 'c2', 'c3')
      .map((id) => () => ({ kind: 'conversation' as const, conversation: conversation(id) })),
    fc
      .constantFrom('c1', 'c2')
      .map((id) => (seq: number) => ({ kind: 'message' as const, message: message(seq, id) })),
    fc
      .constantFrom('c1', 'c2', 'c3')
      .map((id) => () => ({ kind: 'gone' as const, gone: { kind: 'conversation' as const, id } })),
  );
  const base: Change[] = ['c1', 'c2', 'c3'].map((id) => ({
    kind: 'conversation',
    conversation: conversation(id),
  }));
  const known = (state: State) => ({
    queues: [...state.queues].sort(),
    conversations: [...state.conversations].sort(),
    messages: [...state.messages].filter(([id]) => state.conversations.has(id)).sort(),
    seq: state.seq,
  });
  /** The snapshot that a server would make of a state. */
  const snapshotOf = (state: State, after: number): Snapshot => {
    const changes: Change[] = [];
    for (const one of state.queues.values()) changes.push({ kind: 'queue', queue: one });
    for (const one of state.conversations.values()) {
      changes.push({ kind: 'conversation', conversation: one });
    }
    for (const list of state.messages.values()) {
      for (const one of list) if (one.seq > after) changes.push({ kind: 'message', message: one });
    }
    return snapshot(state.seq, changes, after > 0 ? { messagesAfter: after } : {});
  };
  const frames = (batches: ((seq: number) => Change)[][]): Update[] =>
    batches.map((batch, i) =>
      update(
        i + 1,
        i + 2,
        batch.map((make) => make(i + 2)),
      ),
    );

  it('snapshot(n) and the updates after it equal snapshot(m)', () => {
    fc.assert(
      fc.property(fc.array(fc.array(arbitraryChange, { maxLength: 4 }), { maxLength: 12 }), (b) => {
        const live = run([snapshot(1, base), ...frames(b)]);
        expect(known(run([snapshotOf(live, 0)]))).toEqual(known(live));
      }),
    );
  });

  it('a client that was away resumes to the same as one that stayed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(arbitraryChange, { maxLength: 4 }), { minLength: 1, maxLength: 12 }),
        fc.nat(12),
        (b, cut) => {
          const all = frames(b);
          const stayed = run([snapshot(1, base), ...all]);
          const away = run([snapshot(1, base), ...all.slice(0, cut)]);
          const back = run([snapshotOf(stayed, away.seq)], away);
          // A conversation that went and came back has lost its messages for the one who stayed.
          for (const [id, list] of stayed.messages) {
            if (!stayed.conversations.has(id)) continue;
            for (const one of list) expect(back.messages.get(id)).toContainEqual(one);
          }
          expect(known(back).conversations).toEqual(known(stayed).conversations);
        },
      ),
    );
  });

  it('each frame twice does the same as once, and a lost one is always found', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(arbitraryChange, { minLength: 1, maxLength: 3 }), {
          minLength: 2,
          maxLength: 9,
        }),
        fc.nat(),
        (b, at) => {
          const all = frames(b);
          const once = run([snapshot(1, base), ...all]);
          const twice = run([snapshot(1, base), ...all.flatMap((frame) => [frame, frame])]);
          expect(known(twice)).toEqual(known(once));
          const lost = at % (all.length - 1);
          const before = run([snapshot(1, base), ...all.slice(0, lost)]);
          expect(reduce(before, all[lost + 1] as Update)).toBe(gap);
        },
      ),
    );
  });

  it('merging is the same in any order and keeps each message once', () => {
    const list = fc.array(fc.nat(30)).map((seqs) => seqs.map((seq) => message(seq)));
    fc.assert(
      fc.property(list, list, (a, b) => {
        const seqs = mergeMessages(mergeMessages(undefined, a), b).map((m) => m.seq);
        expect(seqs).toEqual([...new Set([...a, ...b].map((m) => m.seq))].sort((x, y) => x - y));
      }),
    );
  });
});

describe('the things of a desk', () => {
  const target = { name: 'ben', displayName: 'Ben' };
  const waiting = (id: string, more: object = {}): Change => ({
    kind: 'waiting',
    waiting: { conversation: id, queue: 'a', channel: 'web', arrivedAt: 1, online: true, ...more },
  });
  const post = (seq: number, room = 't:tier1'): Change => ({
    kind: 'post',
    post: { seq, room, author: 'ben', authorName: 'Ben', text: `post ${seq}`, at: seq },
  });
  const all: Change[] = [
    { kind: 'queue', queue: queue('a') },
    {
      kind: 'team',
      team: {
        name: 'tier1',
        displayName: 'First line',
        role: 'Admin',
        mode: 'Grab',
        waiting: 1,
        online: 2,
      },
    },
    {
      kind: 'agent',
      agent: { ...target, presence: 'away', load: 1, limit: 3, teams: ['tier1'] },
    },
    { kind: 'me', me: { presence: 'available', load: 0, limit: 3, keys: [] } },
    {
      kind: 'invitation',
      invitation: { conversation: 'c7', queue: 'a', by: 'ben', byName: 'Ben', at: 4 },
    },
    {
      kind: 'open',
      open: {
        conversation: 'c8',
        queue: 'a',
        channel: 'web',
        agents: [target],
        arrivedAt: 1,
        startedAt: 2,
        online: true,
      },
    },
    {
      kind: 'inactive',
      inactive: {
        conversation: 'c9',
        queue: 'a',
        channel: 'web',
        arrivedAt: 1,
        at: 2,
        why: 'contact',
      },
    },
    { kind: 'room', room: { id: 't:tier1', kind: 'team', name: 'First line', unread: 1 } },
  ];
  const loaded = run([snapshot(5, all)]);

  it('are each where they belong, and none is unknown', () => {
    expect(loaded.outdated).toBe(false);
    expect(loaded.teams.get('tier1')?.mode).toBe('Grab');
    expect(loaded.agents.get('ben')?.presence).toBe('away');
    expect(loaded.me?.limit).toBe(3);
    expect(loaded.invitations.get('c7')?.byName).toBe('Ben');
    expect(loaded.opens.get('c8')?.agents).toEqual([target]);
    expect(loaded.inactives.get('c9')?.why).toBe('contact');
    expect(loaded.rooms.get('t:tier1')?.unread).toBe(1);
  });

  it('go with the snapshot that does not name them', () => {
    const state = run([snapshot(9, [])], loaded);
    for (const map of [state.teams, state.agents, state.invitations, state.opens]) {
      expect(map.size).toBe(0);
    }
    expect(state.inactives.size + state.rooms.size + state.posts.size).toBe(0);
    expect(state.me).toBeUndefined();
    expect(state.snapshots).toBe(2);
  });

  it.each([
    ['team', 'tier1', 'teams'],
    ['agent', 'ben', 'agents'],
    ['invitation', 'c7', 'invitations'],
    ['open', 'c8', 'opens'],
    ['inactive', 'c9', 'inactives'],
    ['room', 't:tier1', 'rooms'],
  ] as const)('of kind %s can go', (kind, id, where) => {
    expect(loaded[where].has(id)).toBe(true);
    const state = run([update(5, 6, [{ kind: 'gone', gone: { kind, id } }])], loaded);
    expect(state[where].has(id)).toBe(false);
    expect(loaded[where].has(id)).toBe(true);
    expect(state.outdated).toBe(false);
  });

  it('tell what an invitation was after a colleague took it', () => {
    const gone = { kind: 'invitation', id: 'c7', why: 'taken', by: 'carl' } as const;
    const state = run([update(5, 6, [{ kind: 'gone', gone }])], loaded);
    const was = state.departed.get(departedKey('invitation', 'c7'));
    expect(was?.gone.by).toBe('carl');
    expect(was?.invitation?.byName).toBe('Ben');
  });

  it('keep posts in order, each once, and drop them with their room', () => {
    const state = run(
      [update(5, 8, [post(8), post(7)]), update(8, 9, [post(8), post(9, 'p:ana:ben')])],
      loaded,
    );
    expect(state.posts.get('t:tier1')?.map((entry) => entry.seq)).toEqual([7, 8]);
    const without = run(
      [update(9, 10, [{ kind: 'gone', gone: { kind: 'room', id: 't:tier1' } }])],
      state,
    );
    expect([...without.posts.keys()]).toEqual(['p:ana:ben']);
  });

  it('leave those in line for a team or an agent when the queue of their settings goes', () => {
    const state = run(
      [
        update(5, 6, [
          waiting('c1'),
          waiting('c2', { team: 'tier1' }),
          waiting('c3', { agent: 'ana' }),
        ]),
        update(6, 7, [{ kind: 'gone', gone: { kind: 'queue', id: 'a' } }]),
      ],
      loaded,
    );
    expect([...state.waiting.keys()]).toEqual(['c2', 'c3']);
    const without = run(
      [update(7, 8, [{ kind: 'gone', gone: { kind: 'team', id: 'tier1' } }])],
      state,
    );
    expect([...without.waiting.keys()]).toEqual(['c3']);
  });

  it('forget one watched list and leave the other', () => {
    expect(forgetView(loaded, 'team').opens.size).toBe(0);
    expect(forgetView(loaded, 'team').inactives.size).toBe(1);
    expect(forgetView(loaded, 'inactive').inactives.size).toBe(0);
    expect(forgetView(emptyState, 'inactive')).toBe(emptyState);
  });
});
