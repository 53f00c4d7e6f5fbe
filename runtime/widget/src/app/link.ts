/** Where the support link of this visit leads, asked of the desk and kept up to date. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Channel, LinkInfo } from '@usher/protocol/protocol';
import type { Host } from '../shared/host.ts';

export interface LinkState {
  readonly token: string;
  /** Set once the desk has answered that the link is good. */
  readonly info?: LinkInfo;
  /** link_invalid, link_expired; unchecked when the desk could not be asked. */
  readonly error?: string;
}

export class SupportLink {
  readonly state: ReadonlySignal<LinkState | undefined>;
  private readonly current = signal<LinkState | undefined>(undefined);
  private readonly host: Pick<Host, 'fetchConfig'>;
  private asking = false;
  private again = false;

  constructor(host: Pick<Host, 'fetchConfig'>) {
    this.host = host;
    this.state = this.current;
  }

  /** Takes up a link; `channel` is the answer to it when there is one already. */
  take(token: string, channel?: Channel): void {
    this.current.value = { token };
    if (channel && (channel.link || channel.linkError)) this.current.value = read(token, channel);
    else void this.ask();
  }

  /** Whether it can be used changes as agents come and go. */
  async ask(): Promise<void> {
    // What is asked while an answer is on the way is about something newer.
    this.again = true;
    if (this.asking) return;
    this.asking = true;
    while (this.again && this.current.value) {
      this.again = false;
      const { token } = this.current.value;
      const { channel } = await this.host.fetchConfig(token);
      const now = this.current.value;
      // Another link was taken meanwhile: what came is not about it, and it is asked about next.
      if (now.token !== token) continue;
      if (channel) this.current.value = read(token, channel);
      else if (!now.info) this.current.value = { token, error: 'unchecked' };
    }
    this.asking = false;
  }
}

function read(token: string, { link, linkError }: Channel): LinkState {
  if (link) return { token, info: link };
  return { token, error: linkError || 'link_invalid' };
}
