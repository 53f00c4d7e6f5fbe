import type { Team } from '@usher/protocol/protocol';

/** My teams by their shown name. */
export function sortTeams(teams: Iterable<Team>, locale: string): Team[] {
  const collator = new Intl.Collator(locale, { numeric: true });
  return [...teams].sort(
    (a, b) => collator.compare(a.displayName, b.displayName) || (a.name < b.name ? -1 : 1),
  );
}
