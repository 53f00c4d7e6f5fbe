import type { Waiting } from '@usher/protocol/protocol';
import { useCallback } from 'react';
import { useView } from '../../desk/hooks';

/**
 * Tells whether a waiting customer is to be grabbed by me: one of a Grab team that I represent. An
 * admin of the team sees it and may accept it, and does not take part in the race (feature R5).
 */
export function useGrabs(): (row: Waiting) => boolean {
  const teams = useView((view) => view.state.teams);
  return useCallback(
    (row) => row.grab === true && teams.get(row.team ?? '')?.role !== 'Admin',
    [teams],
  );
}
