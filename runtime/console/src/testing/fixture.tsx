import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render } from '@testing-library/react';
import { type Env, memoryStore, type SocketLike } from '@usher/protocol/env';
import type {
  Change,
  Command,
  Conversation,
  Message,
  Queue,
  ServerFrame,
  Waiting,
} from '@usher/protocol/protocol';
import { Tab } from '@usher/protocol/tab';
import type { ReactNode } from 'react';
import { Router } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import { Desk } from '../desk/desk';
import { DeskContext } from '../desk/hooks';
import { Announcers } from '../ui/announce';

/** The other end of a socket, for a test to speak as. */
export class FarEnd implements SocketLike {
  readyState = 1;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: Command[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Command);
  }

  close(): void {
    this.readyState = 3;
  }

  /** The connection stands. */
  open(): void {
    act(() => this.onopen?.({} as never));
  }

  /** Says a frame. */
  say(frame: ServerFrame): void {
    act(() => this.onmessage?.({ data: JSON.stringify(frame) }));
  }

  /** The connection breaks. */
  break(code = 1006): void {
    act(() => this.onclose?.({ code, reason: '' }));
  }

  /** Acks the last command of a type. */
  ack(type: Command['type'], conversation?: string): void {
    const command = this.last(type);
    this.say({
      type: 'ack',
      cid: command.cid ?? 0,
      seq: 1,
      ...(conversation ? { conversation } : {}),
    });
  }

  last(type: Command['type']): Command {
    const command = this.sent.findLast((sent) => sent.type === type);
    if (!command) throw new Error(`no ${type} was sent; sent: ${JSON.stringify(this.sent)}`);
    return command;
  }
}

export const NOW = Date.parse('2026-11-18T10:00:00Z');

export const aQueue = (more: Partial<Queue> = {}): Change => ({
  kind: 'queue',
  queue: {
    name: 'support',
    displayName: 'Support',
    state: 'Open',
    cause: 'Schedule',
    since: NOW - 3_600_000,
    waiting: 0,
    inService: 0,
    online: 1,
    available: 1,
    placesLeft: 12,
    places: 12,
    maySwitch: true,
    mode: 'Manual',
    ...more,
  },
});

export const aWaiting = (conversation: string, more: Partial<Waiting> = {}): Change => ({
  kind: 'waiting',
  waiting: {
    conversation,
    queue: 'support',
    name: conversation,
    text: `Question of ${conversation}`,
    channel: 'web',
    arrivedAt: NOW - 60_000,
    online: true,
    ...more,
  },
});

export const aConversation = (id: string, more: Partial<Conversation> = {}): Change => ({
  kind: 'conversation',
  conversation: {
    id,
    state: 'inService',
    queue: 'support',
    queueName: 'Support',
    channel: 'web',
    name: id,
    arrivedAt: NOW - 120_000,
    startedAt: NOW - 60_000,
    online: true,
    ...more,
  },
});

export const aMessage = (
  conversation: string,
  seq: number,
  from: Message['from'],
  text: string,
): Change => ({
  kind: 'message',
  message: {
    conversation,
    seq,
    from,
    text,
    at: NOW - 30_000 + seq,
    ...(from === 'agent' ? { author: 'Ana Silva' } : {}),
  },
});

export interface Shown {
  far: FarEnd;
  desk: Desk;
  /** The address that is shown. */
  path(): string;
  /** Something changes. */
  update(...changes: Change[]): void;
}

/** Shows a part of the console at an address, with a desk that was just told these things. */
export async function show(ui: ReactNode, path: string, changes: Change[]): Promise<Shown> {
  const ends: FarEnd[] = [];
  const env: Env = {
    now: () => NOW,
    random: () => 0,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as number),
    openSocket: () => {
      const end = new FarEnd();
      ends.push(end);
      return end;
    },
    onWake: () => () => {},
    hidden: () => false,
  };
  const store = memoryStore();
  const tab = await Tab.claim({
    store,
    scope: 'test',
    env,
    wire: () => undefined,
    onLeave: () => {},
  });
  const me = {
    name: 'ana',
    displayName: 'Ana Silva',
    desk: 'acme',
    deskName: 'Acme',
    teams: [],
    channels: [
      { name: 'web', displayName: 'Shop', sessionKeys: true },
      { name: 'billing', displayName: 'Billing' },
    ],
    expiresAt: NOW + 1e9,
  };
  const desk = new Desk({ me, env, tab, store, url: 'ws://desk/v1/agent/stream' });
  desk.client.start();
  const far = ends[0];
  if (!far) throw new Error('no socket was opened');
  far.open();
  far.say({
    type: 'welcome',
    v: 1,
    agent: 'ana',
    time: NOW,
    limits: { text: 4000, frame: 32768, pingSeconds: 20 },
  });
  let seq = 100;
  far.say({ type: 'snapshot', seq, changes });

  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <DeskContext value={desk}>
      <QueryClientProvider client={queries}>
        <Router hook={hook} searchHook={searchHook}>
          <main id="main" tabIndex={-1}>
            {ui}
          </main>
          <Announcers />
        </Router>
      </QueryClientProvider>
    </DeskContext>,
  );
  return {
    far,
    desk,
    path: () => history?.at(-1) ?? path,
    update: (...more) => {
      far.say({ type: 'update', prev: seq, seq: seq + 1, changes: more });
      seq += 1;
    },
  };
}
