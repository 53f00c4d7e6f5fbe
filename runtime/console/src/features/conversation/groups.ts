import type { Message } from '@usher/protocol/protocol';
import { dayOf } from '../queues/until';

/** Messages of one sender that stand together under one name and time. */
export interface Group {
  readonly key: string;
  /** Set on the first group of a day. */
  readonly day?: number;
  readonly from: Message['from'];
  readonly author?: string;
  readonly at: number;
  readonly messages: readonly Message[];
}

/** A pause longer than this begins a new group. */
export const GROUP_MS = 5 * 60_000;

/** Puts messages into groups by sender, day and pause. They come in order of sequence. */
export function groupMessages(messages: readonly Message[]): Group[] {
  const groups: (Group & { messages: Message[] })[] = [];
  let day = '';
  for (const message of messages) {
    const last = groups.at(-1);
    const end = last?.messages.at(-1);
    const today = dayOf(message.at);
    if (
      last &&
      end &&
      today === day &&
      last.from === message.from &&
      last.author === message.author &&
      message.at - end.at <= GROUP_MS
    ) {
      last.messages.push(message);
      continue;
    }
    groups.push({
      key: String(message.seq),
      from: message.from,
      ...(message.author ? { author: message.author } : {}),
      at: message.at,
      messages: [message],
      ...(today === day ? {} : { day: message.at }),
    });
    day = today;
  }
  return groups;
}
