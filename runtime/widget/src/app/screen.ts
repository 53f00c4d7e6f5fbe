/**
 * Which of its screens the widget shows: a pure function of what is known.
 */
import type { Channel, Conversation } from '@usher/protocol/protocol';
import type { State } from '@usher/protocol/reduce';
import type { Connection } from '@usher/protocol/socket';
import type { Config } from '../shared/host.ts';
import type { ContactState } from './contact.ts';
import type { LinkState } from './link.ts';
import type { Way } from './start.ts';

export type Failure = 'missing' | 'refused' | 'unreachable' | 'version' | 'session';

export type Screen =
  | { name: 'loading' }
  | { name: 'failed'; why: Failure }
  | { name: 'unavailable'; channel: Channel }
  | { name: 'form'; channel: Channel; way: Way }
  | { name: 'contact'; contact: ContactState; conversation: Conversation | undefined }
  | { name: 'inactive'; conversation: Conversation }
  | { name: 'waiting'; conversation: Conversation }
  | { name: 'chat'; conversation: Conversation }
  | { name: 'ended'; conversation: Conversation };

export interface Known {
  state: State;
  connection: Connection;
  config: Config;
  /** A session of before the page was loaded is being taken up. */
  resuming: boolean;
  /** The ended conversation that the visitor has put away. */
  dismissed: string | undefined;
  /** How the visitor wants to begin. */
  way: Way;
  link: LinkState | undefined;
  contact: ContactState | undefined;
}

export function screenOf(known: Known): Screen {
  const { state, connection, config } = known;
  if (connection.phase === 'stopped') {
    return { name: 'failed', why: connection.why === 'version' ? 'version' : 'session' };
  }
  const conversation = currentConversation(state, known.dismissed);
  if (conversation) {
    if (conversation.state === 'ended') return { name: 'ended', conversation };
    if (conversation.state === 'inactive') {
      if (known.contact) return { name: 'contact', contact: known.contact, conversation };
      return { name: 'inactive', conversation };
    }
    return { name: conversation.state === 'inService' ? 'chat' : 'waiting', conversation };
  }
  if (known.contact && known.contact.fate !== 'refused') {
    return { name: 'contact', contact: known.contact, conversation: undefined };
  }
  if (known.resuming && !state.loaded) return { name: 'loading' };
  const channel = state.channel ?? config.channel;
  if (!channel) {
    return config.failed ? { name: 'failed', why: config.failed } : { name: 'loading' };
  }
  const { link } = known;
  // Nothing is shown of a link before it is known where it leads.
  if (known.way === 'link' && link && !link.info && !link.error) return { name: 'loading' };
  const way = wayOf(known.way, channel, link);
  return channel.offered || way !== 'general' || hasOtherQueue(channel)
    ? { name: 'form', channel, way }
    : { name: 'unavailable', channel };
}

/**
 * The channel's own queue is closed, so the issues that are listed are those of other queues, which
 * are open: one of them leads there. When it is only busy, they may be its own.
 */
function hasOtherQueue({ availability, issues }: Channel): boolean {
  return availability === 'closed' && (issues?.length ?? 0) > 0;
}

/** The way that is open: a link that leads nowhere, or a key where none is taken, is none. */
function wayOf(wanted: Way, channel: Channel, link: LinkState | undefined): Way {
  if (wanted === 'key' && channel.sessionKeys) return 'key';
  if (wanted === 'link' && link?.info?.offered) return 'link';
  return 'general';
}

/** The one that goes on, else one that can be revived, else the last that ended and was not put away. */
export function currentConversation(
  state: State,
  dismissed: string | undefined,
): Conversation | undefined {
  const all = [...state.conversations.values()];
  for (const { gone, conversation } of state.departed.values()) {
    // What was taken away whole is over for this side, with the last that was known of it.
    if (!conversation || state.conversations.has(conversation.id)) continue;
    const endedBy = gone.why === 'abandoned' ? 'abandoned' : 'removed';
    all.push({ endedBy, ...conversation, state: 'ended' });
  }
  const rank = ({ state }: Conversation) => (state === 'ended' ? 0 : state === 'inactive' ? 1 : 2);
  return all
    .filter((one) => one.id !== dismissed)
    .sort((a, b) => rank(b) - rank(a) || b.arrivedAt - a.arrivedAt)[0];
}
