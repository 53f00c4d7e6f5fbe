import type { Conversation, Message } from '@usher/protocol/protocol';
import { departedKey, type State } from '@usher/protocol/reduce';

/** A conversation that is over for this agent and still shown until it is dismissed. */
export interface Kept {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
  /** Why it is over, as the protocol tells it: ended, left, lost …; empty when nobody told. */
  readonly why: string;
  readonly by?: string;
}

export type Shelf = ReadonlyMap<string, Kept>;

/**
 * What is kept after the state went from one to the next. A conversation in service that ended or
 * left the view is kept as it was last seen, so that nothing vanishes under the reader's eyes; one
 * that comes back is no longer kept. Pure.
 */
export function keepDeparted(shelf: Shelf, before: State, after: State): Shelf {
  if (before.conversations === after.conversations && before.departed === after.departed)
    return shelf;
  const next = new Map(shelf);
  for (const conversation of before.conversations.values()) {
    if (conversation.state !== 'inService' && conversation.state !== 'ended') continue;
    const now = after.conversations.get(conversation.id);
    if (now) continue;
    if (next.has(conversation.id)) continue;
    const departed = after.departed.get(departedKey('conversation', conversation.id));
    if (departed?.gone.why === 'erased') continue;
    next.set(conversation.id, {
      conversation: departed?.conversation ?? conversation,
      messages: departed?.messages ?? before.messages.get(conversation.id) ?? [],
      why: departed?.gone.why ?? (conversation.state === 'ended' ? 'ended' : ''),
      ...(departed?.gone.by ? { by: departed.gone.by } : {}),
    });
  }
  for (const [id, conversation] of after.conversations) {
    if (conversation.state !== 'ended') next.delete(id);
  }
  for (const id of next.keys()) {
    if (after.departed.get(departedKey('conversation', id))?.gone.why === 'erased') next.delete(id);
  }
  return next.size === shelf.size && [...next.keys()].every((id) => shelf.has(id)) ? shelf : next;
}

/** A conversation as a tab shows it. */
export interface Tab {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
  /** Set when it can only be read. */
  readonly over?: { readonly why: string; readonly by?: string };
}

/** My conversations, the oldest first, those in service and those that are over but not dismissed. */
export function tabsOf(state: State, shelf: Shelf, dismissed: ReadonlySet<string>): Tab[] {
  const tabs: Tab[] = [];
  for (const conversation of state.conversations.values()) {
    const messages = state.messages.get(conversation.id) ?? [];
    if (conversation.state === 'inService') tabs.push({ conversation, messages });
    if (conversation.state === 'ended' && !dismissed.has(conversation.id)) {
      tabs.push({ conversation, messages, over: { why: 'ended' } });
    }
  }
  for (const [id, kept] of shelf) {
    if (state.conversations.has(id) || dismissed.has(id)) continue;
    tabs.push({
      conversation: kept.conversation,
      messages: kept.messages,
      over: { why: kept.why, ...(kept.by ? { by: kept.by } : {}) },
    });
  }
  const started = (tab: Tab) => tab.conversation.startedAt ?? tab.conversation.arrivedAt;
  return tabs.sort(
    (a, b) => started(a) - started(b) || (a.conversation.id < b.conversation.id ? -1 : 1),
  );
}

/** Offers to me, the one that ends first first. */
export function offersOf(state: State): Conversation[] {
  return [...state.conversations.values()]
    .filter((c) => c.state === 'offered')
    .sort((a, b) => (a.offerUntil ?? 0) - (b.offerUntil ?? 0));
}

/** How many of the customer's messages came after what was read. */
export function unreadOf(tab: Tab, readSeq: number): number {
  let count = 0;
  for (const message of tab.messages)
    if (message.from === 'customer' && message.seq > readSeq) count++;
  return count;
}

/**
 * Since when the customer waits for an answer, read from the messages: the stream tells a
 * conversation's header only when something else of it changed.
 */
export function unansweredSince({ conversation, messages }: Tab): number | undefined {
  let since: number | undefined;
  for (const message of messages) {
    if (message.from === 'agent') since = undefined;
    else if (message.from === 'customer') since ??= message.at;
  }
  if (messages.some((message) => message.from === 'agent')) return since;
  return conversation.unansweredSince ?? since;
}
