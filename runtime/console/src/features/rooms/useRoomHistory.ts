import { useInfiniteQuery } from '@tanstack/react-query';
import type { Post } from '@usher/protocol/protocol';
import { mergeMessages } from '@usher/protocol/reduce';
import { useMemo } from 'react';
import { api } from '../../api/http';
import { useView } from '../../desk/hooks';

const none: readonly Post[] = [];

/**
 * What was written in a room, fifty at a time, upwards, merged with what came live. After a loss the
 * pages are read anew: what was written meanwhile is told by nobody else.
 */
export function useRoomHistory(room: string) {
  const snapshots = useView((view) => view.state.snapshots);
  const live = useView((view) => view.state.posts.get(room)) ?? none;
  const history = useInfiniteQuery({
    queryKey: ['room', room, snapshots],
    queryFn: ({ pageParam, signal }) => api.posts(room, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page) => page.before || undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });
  const posts = useMemo(() => {
    const older = history.data?.pages.flatMap((page) => page.posts ?? []) ?? [];
    return mergeMessages(older, live);
  }, [history.data, live]);
  return {
    posts,
    hasOlder: history.hasNextPage,
    isLoading: history.isPending || history.isFetchingNextPage,
    error: history.error,
    loadOlder: () => {
      if (history.isError) void history.refetch();
      else if (history.hasNextPage && !history.isFetchingNextPage) void history.fetchNextPage();
    },
  };
}
