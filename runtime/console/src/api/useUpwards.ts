import { useInfiniteQuery } from '@tanstack/react-query';
import { mergeMessages } from '@usher/protocol/reduce';
import { useMemo } from 'react';

/** A part of what was written; with `before` there is more above it. */
export interface Part<Row> {
  rows: readonly Row[] | null | undefined;
  before?: number | undefined;
}

/**
 * What was written in one place: what came live, and before that its history, fifty at a time,
 * upwards. A page never overwrites what came live: both are merged by sequence. The key names the
 * kind and the place; when only what follows changes, the pages are read anew and the old ones stand
 * until then.
 */
export function useUpwards<Row extends { readonly seq: number }>(
  queryKey: readonly [kind: string, place: string, ...versions: unknown[]],
  read: (before: number, signal: AbortSignal) => Promise<Part<Row>>,
  live: readonly Row[],
) {
  const history = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (page) => page.before || undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (old, query) => (query?.queryKey[1] === queryKey[1] ? old : undefined),
  });
  const rows = useMemo(() => {
    const older = history.data?.pages.flatMap((page) => page.rows ?? []) ?? [];
    return mergeMessages(older, live);
  }, [history.data, live]);
  return {
    rows,
    hasOlder: history.hasNextPage,
    isLoading: history.isPending || history.isFetchingNextPage,
    error: history.error,
    loadOlder: () => {
      if (history.isError) void history.refetch();
      else if (history.hasNextPage && !history.isFetchingNextPage) void history.fetchNextPage();
    },
  };
}
