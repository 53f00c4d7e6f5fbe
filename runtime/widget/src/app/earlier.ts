/** Messages of before what the stream tells, read when the visitor asks for them. */
import { signal } from '@preact/signals';
import type { Message, MessagePage } from '@usher/protocol/protocol';
import { mergeMessages } from '@usher/protocol/reduce';

export interface Earlier {
  readonly id: string;
  readonly list: readonly Message[];
  readonly busy: boolean;
  readonly failed: boolean;
  readonly done: boolean;
}

/** How many messages of a conversation a snapshot has at most. */
const pageSize = 50;

export type Fetch = (base: string, session: string, before: number) => Promise<MessagePage>;

export class EarlierMessages {
  private readonly current = signal<Earlier | undefined>(undefined);
  private readonly base: string;
  private readonly fetch: Fetch;

  constructor(base: string, fetch: Fetch = fetchMessages) {
    this.base = base;
    this.fetch = fetch;
  }

  /** Of a conversation of which the stream has told `have` messages. */
  of(id: string, have: number): Earlier {
    const { value } = this.current;
    if (value?.id === id) return value;
    // A snapshot has the last 50; when it has fewer there are no others.
    return { id, list: [], busy: false, failed: false, done: have < pageSize };
  }

  /** Reads the page before the first message that is shown. */
  async load(have: Earlier, session: string, before: number): Promise<void> {
    if (have.busy) return;
    const { id } = have;
    this.current.value = { ...have, busy: true, failed: false };
    try {
      const page = await this.fetch(this.base, session, before);
      const list = mergeMessages(page.messages, have.list);
      this.current.value = { id, list, busy: false, failed: false, done: !page.before };
    } catch {
      this.current.value = { ...have, busy: false, failed: true };
    }
  }
}

/** Those of the session's conversation before a sequence; rejects when it cannot. */
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
