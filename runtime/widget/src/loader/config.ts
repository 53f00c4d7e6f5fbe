/** The one JSON that the loader reads: what a visitor may know of the channel. */
import type { Channel } from '@usher/protocol/protocol';
import type { Config } from '../shared/host.ts';

const timeout = 10_000;

export async function fetchConfig(base: string, channel: string, link?: string): Promise<Config> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeout);
  try {
    const query = link ? `?link=${encodeURIComponent(link)}` : '';
    const answer = await fetch(`${base}/v1/channels/${encodeURIComponent(channel)}${query}`, {
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
