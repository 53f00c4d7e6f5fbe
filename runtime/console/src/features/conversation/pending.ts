import type { Entry } from '@usher/protocol/outbox';
import type { Message } from '@usher/protocol/protocol';

/**
 * A conversation's messages that are on their way, or were refused. One that is among its messages
 * already is not shown twice: the history may know it before the answer to it is here.
 */
export function pendingOf(
  entries: readonly Entry[],
  conversation: string,
  messages: readonly Message[],
): Entry[] {
  const arrived = new Set<string>();
  for (const { client, cid } of messages) if (client && cid) arrived.add(`${client} ${cid}`);
  return entries.filter(
    ({ command, client, cid }) =>
      command.type === 'say' &&
      command.conversation === conversation &&
      !arrived.has(`${client} ${cid}`),
  );
}
