/**
 * Agents and customers without a browser: the same stream library over a socket of Node.
 *
 *     const ana = await signIn(desk, 'ana');
 *     const ack = await ana.ask({ type: 'pick' });
 *     await until(ana, ({ state }) => state.conversations.size === 1);
 */
import { Client, type View } from '@usher/protocol/client';
import { type Env, memoryStore, type SocketLike } from '@usher/protocol/env';
import { Tab } from '@usher/protocol/tab';
import WebSocket from 'ws';
import type { Desk } from './desk.ts';

function nodeEnv(headers: Record<string, string>): Env {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    openSocket: (url, protocol) =>
      new WebSocket(url, protocol, { headers }) as unknown as SocketLike,
    onWake: () => () => {},
    hidden: () => false,
  };
}

async function connect(
  url: string,
  headers: Record<string, string>,
  hello?: () => { channel: string; session?: string },
  onSession?: (session: string | undefined) => void,
): Promise<Client> {
  const env = nodeEnv(headers);
  const tab = await Tab.claim({
    store: memoryStore(),
    scope: 'test',
    env,
    wire: () => undefined,
    onLeave: () => {},
  });
  const client = new Client({
    url,
    env,
    tab,
    ...(hello ? { hello } : {}),
    onWelcome: (welcome) => onSession?.(welcome.session),
  });
  client.start();
  await until(client, ({ connection }) => connection.phase === 'live');
  return client;
}

/** Signs an agent in by a link and connects. */
export async function signIn(desk: Desk, agent: string): Promise<Client> {
  const link = await desk.signInLink(agent);
  const token = decodeURIComponent(/#token=(.+)$/.exec(link)?.[1] ?? '');
  const answer = await fetch(`${desk.url}/v1/sign-in`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: desk.url },
    body: JSON.stringify({ token }),
  });
  if (!answer.ok) throw new Error(`sign-in of ${agent}: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ');
  const url = `${desk.url.replace(/^http/, 'ws')}/v1/agent/stream`;
  return connect(url, { Cookie: cookie, Origin: desk.url });
}

/** Connects a customer to a channel; it joins nothing yet. */
export function visit(desk: Desk, channel: string): Promise<Client> {
  let session: string | undefined;
  return connect(
    `${desk.url.replace(/^http/, 'ws')}/v1/customer/stream`,
    { Origin: desk.url },
    () => ({ channel, ...(session === undefined ? {} : { session }) }),
    (given) => {
      session = given;
    },
  );
}

/** Waits until what a client sees is as wanted; fails with what it saw last. */
export function until(
  client: Client,
  wanted: (view: View) => boolean,
  limit = 60_000,
): Promise<View> {
  return new Promise((resolve, reject) => {
    let end = () => {};
    const look = () => {
      const view = client.view();
      if (!wanted(view)) return;
      end();
      resolve(view);
    };
    const timer = setTimeout(() => {
      end();
      const { state, connection } = client.view();
      const seen = {
        connection,
        conversations: [...state.conversations.values()],
        waiting: [...state.waiting.values()],
        queues: [...state.queues.values()],
      };
      reject(new Error(`not seen within ${limit} ms; saw ${JSON.stringify(seen)}`));
    }, limit);
    const unsubscribe = client.subscribe(look);
    end = () => {
      clearTimeout(timer);
      unsubscribe();
    };
    look();
  });
}
