/**
 * The contact form on its way: sent through the outbox, so that it is not lost and arrives once; what
 * was written stays to be read until the visitor puts it away.
 */
import type { ReadonlySignal, Signal } from '@preact/signals';
import { computed } from '@preact/signals';
import type { Client, View } from '@usher/protocol/client';
import type { Store } from '@usher/protocol/env';
import type { Entry } from '@usher/protocol/outbox';
import type { Command } from '@usher/protocol/protocol';
import { kept } from './kept.ts';

export interface SentContact {
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly text: string;
}

export interface ContactState extends SentContact {
  /** sending, and checking when no answer came; waiting without a connection; sent; refused. */
  readonly fate: 'sending' | 'checking' | 'waiting' | 'sent' | 'refused';
  /** Why it was refused. */
  readonly code?: string;
}

const lane = 'contact';

export class Contact {
  readonly state: ReadonlySignal<ContactState | undefined>;
  private readonly sent: Signal<SentContact | undefined>;
  private readonly client: Client;

  constructor(client: Client, view: ReadonlySignal<View>, store: Store, key: string) {
    this.client = client;
    this.sent = kept<SentContact | undefined>(store, key, undefined, (value) => !value);
    this.state = computed(() => {
      const { value } = this.sent;
      if (!value) return undefined;
      return { ...value, ...fateOf(view.value.entries.find(isContact), view.value) };
    });
  }

  /** Whether it has no answer yet. */
  isPending(): boolean {
    const fate = this.state.value?.fate;
    return fate !== undefined && fate !== 'sent' && fate !== 'refused';
  }

  send(command: Command): void {
    const { name, email, phone, text = '' } = command;
    // First, so that it does not look as if it had arrived before it is on its way.
    this.client.deliver(command, lane);
    this.sent.value = {
      text,
      ...(name ? { name } : {}),
      ...(email ? { email } : {}),
      ...(phone ? { phone } : {}),
    };
  }

  /** The client has begun another session: what had no answer goes out in that. */
  afterReset(pending: Command | undefined): void {
    if (pending) this.client.deliver(pending, lane);
  }

  /** What had no answer yet. */
  pending(): Command | undefined {
    const entry = this.client.view().entries.find(isContact);
    if (!entry || entry.state === 'refused') return undefined;
    const { cid: _, ...command } = entry.command;
    return command;
  }

  /** Puts it away: read, or taken back to be written again. */
  clear(): void {
    // First, so that it does not look as if it had arrived when its entry is gone.
    this.sent.value = undefined;
    for (const entry of this.client.view().entries) {
      if (isContact(entry)) this.client.remove(entry.key);
    }
  }
}

function isContact({ command }: Entry): boolean {
  return command.type === 'contact';
}

function fateOf(
  entry: Entry | undefined,
  { connection }: View,
): Pick<ContactState, 'fate' | 'code'> {
  switch (entry?.state) {
    case undefined:
    case 'sent':
      return { fate: 'sent' };
    case 'refused':
      return { fate: 'refused', code: entry.error?.code ?? '' };
    case 'unknown':
      return { fate: 'checking' };
    default:
      return { fate: connection.phase === 'live' ? 'sending' : 'waiting' };
  }
}
