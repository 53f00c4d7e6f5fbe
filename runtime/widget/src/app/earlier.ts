/** Messages of before what the stream tells. */
import type { MessagePage } from '@usher/protocol/protocol';

/** Those of the session's conversation before a sequence; rejects when it cannot. */
export async function fetchMessages(
  base: string,
  session: string,
  before: number,
): Promise<MessagePage> {
  const answer = await fetch(`${base}/v1/customer/messages?before=${before}`, {
    credentials: 'omit',
    headers: { Authorization: `Bearer ${session}` },
  });
  if (!answer.ok) throw new Error(`messages: ${answer.status}`);
  return (await answer.json()) as MessagePage;
}
