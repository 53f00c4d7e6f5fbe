import type { Client } from '@usher/protocol/client';
import type { Ack, Command, Presence, Target, WatchView } from '@usher/protocol/protocol';

/**
 * What an agent does with customers and colleagues beyond picking and writing (features R5 to R12).
 * Each is a question to the desk: it may be refused, and nothing is shown before the desk said yes.
 */
export class Acts {
  private readonly client: Client;
  private readonly watching = new Map<WatchView, number>();

  constructor(client: Client) {
    this.client = client;
  }

  /** Takes a customer of a Grab team from the notification; the first has it. */
  grab(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'grab', conversation });
  }

  /** Joins a conversation that others serve, or takes up an invitation. */
  enter(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'enter', conversation });
  }

  /** Refuses an invitation, or a conversation that was handed to this agent. */
  decline(conversation: string): Promise<Ack> {
    return this.client.ask({ type: 'decline', conversation });
  }

  transfer(conversation: string, to: Target, note: string): Promise<Ack> {
    return this.client.ask(withNote({ type: 'transfer', conversation, to }, note));
  }

  invite(conversation: string, to: Target, note: string): Promise<Ack> {
    return this.client.ask(withNote({ type: 'invite', conversation, to }, note));
  }

  uninvite(conversation: string, to: Target): Promise<Ack> {
    return this.client.ask({ type: 'uninvite', conversation, to });
  }

  presence(presence: Exclude<Presence, 'offline'>): Promise<Ack> {
    return this.client.ask({ type: 'presence', presence });
  }

  newKey(): Promise<Ack> {
    return this.client.ask({ type: 'newKey' });
  }

  dropKey(key: string): Promise<Ack> {
    return this.client.ask({ type: 'dropKey', key });
  }

  /** Marks a queue or team as a favourite, or not any more. */
  favour(to: Target, on: boolean): Promise<Ack> {
    return this.client.ask({ type: 'favour', to, on });
  }

  /** The reader has seen a room up to a post. A mark that is lost is set by the next look. */
  read(room: string, seq: number): void {
    this.client.ask({ type: 'read', room, seq }).catch(() => undefined);
  }

  /** Looks at a list until the answer is called; several may look at once. */
  watch(view: WatchView): () => void {
    this.count(view, 1);
    let here = true;
    return () => {
      if (here) this.count(view, -1);
      here = false;
    };
  }

  private count(view: WatchView, by: 1 | -1): void {
    const left = (this.watching.get(view) ?? 0) + by;
    if (left > 0) this.watching.set(view, left);
    else this.watching.delete(view);
    this.client.watch([...this.watching.keys()]);
  }
}

function withNote(command: Command, note: string): Command {
  return note === '' ? command : { ...command, text: note };
}
