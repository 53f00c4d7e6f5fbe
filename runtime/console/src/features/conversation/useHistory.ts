import { useInfiniteQuery } from '@tanstack/react-query';
import type { Message } from '@usher/protocol/protocol';
import { mergeMessages } from '@usher/protocol/reduce';
import { useMemo } from 'react';
import { api } from '../../api/http';

/**
 * A conversation's messages: what the stream told, and before that its history, fifty at a time,
 * upwards. A page never overwrites the stream: both are merged by sequence.
 */
export function useHistory(conversation: string, live: readonly Message[]) {
  const history = useInfiniteQuery({
    queryKey: ['messages', conversation],
    queryFn: ({ pageParam, signal }) => api.messages(conversation, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page) => page.before || undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const messages = useMemo(() => {
    const older = history.data?.pages.flatMap((page) => page.messages ?? []) ?? [];
    return mergeMessages(older, live);
  }, [history.data, live]);
  return {
    messages,
    hasOlder: history.hasNextPage,
    isLoading: history.isPending || history.isFetchingNextPage,
    error: history.error,
    loadOlder: () => {
      if (history.isError) void history.refetch();
      else if (history.hasNextPage && !history.isFetchingNextPage) void history.fetchNextPage();
    },
  };
}
