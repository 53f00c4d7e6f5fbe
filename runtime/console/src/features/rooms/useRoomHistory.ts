import type { Post } from '@usher/protocol/protocol';
import { api } from '../../api/http';
import { useUpwards } from '../../api/useUpwards';
import { useView } from '../../desk/hooks';

const none: readonly Post[] = [];

/**
 * What was written in a room. After a loss the pages are read anew: what was written meanwhile is told
 * by nobody else.
 */
export function useRoomHistory(room: string) {
  const snapshots = useView((view) => view.state.snapshots);
  const live = useView((view) => view.state.posts.get(room)) ?? none;
  return useUpwards(
    ['room', room, snapshots],
    async (before, signal) => {
      const page = await api.posts(room, before, signal);
      return { rows: page.posts, before: page.before };
    },
    live,
  );
}
