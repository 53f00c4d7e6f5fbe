import type { Entry } from '@usher/protocol/outbox';
import type { Message, Post } from '@usher/protocol/protocol';

/** Posts as the log shows messages: mine on one side, those of others on the other, with names. */
export function asMessages(posts: readonly Post[], me: string): Message[] {
  return posts.map((post) => ({
    seq: post.seq,
    conversation: post.room,
    from: post.author === me ? 'agent' : 'customer',
    ...(post.author === me ? {} : { author: post.authorName || post.author }),
    text: post.text,
    at: post.at,
    ...(post.client === undefined ? {} : { client: post.client }),
    ...(post.cid === undefined ? {} : { cid: post.cid }),
  }));
}

/** What is on its way to a room, or was refused; not what is among its posts already. */
export function pendingPosts(
  entries: readonly Entry[],
  room: string,
  posts: readonly Post[],
): Entry[] {
  const arrived = new Set<string>();
  for (const { client, cid } of posts) if (client && cid) arrived.add(`${client} ${cid}`);
  return entries.filter(
    ({ command, client, cid }) =>
      command.type === 'post' && command.room === room && !arrived.has(`${client} ${cid}`),
  );
}
