import type { Change } from '@usher/protocol/protocol';
import { emptyState, gap, reduce, type State } from '@usher/protocol/reduce';
import { expect, test } from 'vitest';
import { aConversation, aMessage } from '../testing/fixture';
import { keepDeparted, type Shelf, tabsOf, unansweredSince, unreadOf } from './shelf';

const none = new Set<string>();
function told(changes: Change[], before: State = emptyState): State {
  const next = reduce(
    before,
    before.loaded
      ? { type: 'update', prev: before.seq, seq: before.seq + 1, changes }
      : { type: 'snapshot', seq: 1, changes },
  );
  if (next === gap) throw new Error('a gap');
  return next;
}

test('a conversation that leaves the view is kept with its messages, and why', () => {
  const before = told([aConversation('a'), aMessage('a', 1, 'customer', 'Hello')]);
  const after = told(
    [{ kind: 'gone', gone: { kind: 'conversation', id: 'a', why: 'lost' } }],
    before,
  );
  const shelf = keepDeparted(new Map(), before, after);
  const [tab] = tabsOf(after, shelf, none);
  expect(tab?.over?.why).toBe('lost');
  expect(tab?.messages.map((m) => m.text)).toEqual(['Hello']);
});

test('one that comes back is mine again', () => {
  const before = told([aConversation('a')]);
  const gone = told(
    [{ kind: 'gone', gone: { kind: 'conversation', id: 'a', why: 'lost' } }],
    before,
  );
  const back = told([aConversation('a')], gone);
  const shelf = keepDeparted(keepDeparted(new Map(), before, gone), gone, back);
  expect(shelf.size).toBe(0);
  expect(tabsOf(back, shelf, none)[0]?.over).toBeUndefined();
});

test('an offer that went is not kept', () => {
  const before = told([aConversation('a', { state: 'offered' })]);
  const after = told(
    [{ kind: 'gone', gone: { kind: 'conversation', id: 'a', why: 'expired' } }],
    before,
  );
  expect(keepDeparted(new Map(), before, after).size).toBe(0);
  expect(tabsOf(before, new Map(), none)).toEqual([]);
});

test('what was put away is not shown', () => {
  const state = told([aConversation('a', { state: 'ended' }), aConversation('b')]);
  const shelf: Shelf = new Map();
  expect(tabsOf(state, shelf, none).map((tab) => tab.conversation.id)).toEqual(['a', 'b']);
  expect(tabsOf(state, shelf, new Set(['a'])).map((tab) => tab.conversation.id)).toEqual(['b']);
});

test('only what the customer wrote after the last look is unread', () => {
  const state = told([
    aConversation('a'),
    aMessage('a', 1, 'customer', 'one'),
    aMessage('a', 2, 'agent', 'two'),
    aMessage('a', 3, 'customer', 'three'),
  ]);
  const [tab] = tabsOf(state, new Map(), none);
  if (!tab) throw new Error('no tab');
  expect(unreadOf(tab, 0)).toBe(2);
  expect(unreadOf(tab, 2)).toBe(1);
  expect(unreadOf(tab, 3)).toBe(0);
});

test('the wait for an answer begins with the first message after the last answer', () => {
  const tab = (changes: Change[], more = {}) => {
    const [found] = tabsOf(told([aConversation('a', more), ...changes]), new Map(), none);
    if (!found) throw new Error('no tab');
    return unansweredSince(found);
  };
  const [one, two, three] = [1, 2, 3].map((seq) =>
    aMessage('a', seq, seq === 2 ? 'agent' : 'customer', ''),
  );
  if (!one || !two || !three) throw new Error('no messages');
  expect(tab([one, two])).toBeUndefined();
  expect(tab([one, two, three])).toBe(three.message?.at);
  expect(tab([one, three], { unansweredSince: 5 })).toBe(5);
});

test('one that was erased is not kept, and goes from the shelf where it stood', () => {
  const erased: Change[] = [
    { kind: 'gone', gone: { kind: 'conversation', id: 'a', why: 'erased' } },
  ];
  const before = told([aConversation('a'), aMessage('a', 1, 'customer', 'Hello')]);
  const after = told(erased, before);
  expect(keepDeparted(new Map(), before, after).size).toBe(0);
  expect(JSON.stringify([...after.departed])).not.toContain('Hello');

  const lost = told(
    [{ kind: 'gone', gone: { kind: 'conversation', id: 'a', why: 'lost' } }],
    before,
  );
  const shelf = keepDeparted(new Map(), before, lost);
  expect(shelf.size).toBe(1);
  const later = told(erased, lost);
  expect(keepDeparted(shelf, lost, later).size).toBe(0);
  expect(JSON.stringify([...later.departed])).not.toContain('Hello');
});
