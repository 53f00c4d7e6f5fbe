/** The one JSON that the loader reads: what a visitor may know of the channel. */
import type { Channel, MessagePage } from '@usher/protocol/protocol';
import type { Config } from '../shared/host.ts';

const timeout = 10_000;

export async function fetchConfig(base: string, channel: string): Promise<Config> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  try {
    const answer = await fetch(`${base}/v1/channels/${encodeURIComponent(channel)}`, {
      // The page's cookies are nobody's business here.
      credentials: 'omit',
      signal: abort.signal,
    });
    if (answer.ok) return { channel: (await answer.json()) as Channel };
    if (answer.status === 404) return { failed: 'missing' };
    if (answer.status === 403) return { failed: 'refused' };
    return { failed: 'unreachable' };
  } catch {
    return { failed: 'unreachable' };
  } finally {
    clearTimeout(timer);
  }
}

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
