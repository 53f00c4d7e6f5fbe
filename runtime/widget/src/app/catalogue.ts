/** Reads the words of the visitor's language; English needs no file, and stands in for what fails. */
import type { Host } from '../shared/host.ts';
import { type Catalogue, primary } from './words.ts';

/** Names of the words' files by language, with their hashes; set by the build. */
declare const __WORDS__: Record<string, string>;

/** A chat in English now is worth more than one in the right language later. */
const timeout = 5_000;

export async function fetchCatalogue(
  host: Pick<Host, 'base' | 'locale'>,
  files: Record<string, string> = __WORDS__,
): Promise<Catalogue | undefined> {
  const file = files[primary(host.locale)];
  if (!file) return undefined;
  try {
    const answer = await fetch(`${host.base}/widget/${file}`, {
      credentials: 'omit',
      signal: AbortSignal.timeout(timeout),
    });
    return answer.ok ? ((await answer.json()) as Catalogue) : undefined;
  } catch {
    return undefined;
  }
}
