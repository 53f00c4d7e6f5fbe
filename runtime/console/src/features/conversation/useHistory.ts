import type { Message } from '@usher/protocol/protocol';
import { api } from '../../api/http';
import { useUpwards } from '../../api/useUpwards';

/** A conversation's messages: what the stream told, and before that its history. */
export function useHistory(conversation: string, live: readonly Message[]) {
  return useUpwards(
    ['messages', conversation],
    async (before, signal) => {
      const page = await api.messages(conversation, before, signal);
      return { rows: page.messages, before: page.before };
    },
    live,
  );
}
