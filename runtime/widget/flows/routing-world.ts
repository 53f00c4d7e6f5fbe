/** A desk with every way in, for the flows of routing. */
import type { Link, NewLink } from '@usher/protocol/protocol';
import type { Desk } from '@usher/testing/desk';
import { closedUntil, type Settings, sample } from '@usher/testing/settings';
import { Site } from '@usher/testing/site';

/** What a flow changes; as runtime/settings reads it. */
export interface RoutingOptions {
  channel?: Record<string, unknown>;
  queue?: Record<string, unknown>;
  /** The queue "support" is closed for three days. */
  closed?: boolean;
}

/**
 * Queues support (team care: ana, jonas, mei) and billing (team money: ben), both with issues; the
 * channel "web" lists the issues of both and the agents who may be chosen.
 */
export function routing(options: RoutingOptions = {}): Settings {
  const base = sample();
  const [care] = base.teams ?? [];
  const [support] = base.queues ?? [];
  const [web] = base.channels ?? [];
  const issue = (name: string, displayName: string) => ({ name, displayName });
  const settings: unknown = {
    ...base,
    schedules: options.closed ? [closedUntil(new Date(), 3, 'Europe/Helsinki')] : [],
    teams: [
      {
        ...care,
        members: care?.members.map((one) => ({ ...one, listing: 'Public' })) ?? [],
      },
      {
        name: 'money',
        generation: 1,
        displayName: 'Billing team',
        members: [{ name: 'ben', displayName: 'Ben Okoro', role: 'Admin' }],
      },
    ],
    queues: [
      {
        ...support,
        issues: [issue('late', 'Late parcel'), issue('broken', 'Broken goods')],
        ...(options.closed ? { schedule: 'hours' } : {}),
        ...options.queue,
      },
      {
        name: 'billing',
        generation: 1,
        displayName: 'Billing',
        teams: ['money'],
        whenBusy: { offer: 'Queue' },
        thresholds: {},
        issues: [issue('refund', 'Refund'), issue('invoice', 'Wrong invoice')],
      },
    ],
    channels: [
      {
        ...web,
        allowedOrigins: ['*'],
        issueQueues: ['billing'],
        agents: 'Online',
        ...options.channel,
      },
    ],
  };
  return settings as Settings;
}

/** A support link that an agent makes. */
export async function makeLink(desk: Desk, agent: string, link: NewLink): Promise<Link> {
  const headers = { 'Content-Type': 'application/json', Origin: desk.url };
  const signIn = await desk.signInLink(agent);
  const token = decodeURIComponent(/#token=(.+)$/.exec(signIn)?.[1] ?? '');
  const signedIn = await fetch(`${desk.url}/v1/sign-in`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ token }),
  });
  const cookies = signedIn.headers.getSetCookie().map((text) => text.split(';')[0]);
  const answer = await fetch(`${desk.url}/v1/links`, {
    method: 'POST',
    headers: { ...headers, Cookie: cookies.join('; ') },
    body: JSON.stringify(link),
  });
  if (!answer.ok) throw new Error(`link of ${agent}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Link;
}

/** A shop that is long enough to be scrolled; `more` stands in its body, `script` in the tag. */
export function longShop(desk: Desk, more = '', script = ''): Promise<Site> {
  const text = '<p>Warm socks, hats and mittens from the far north, knitted by hand.</p>'.repeat(
    80,
  );
  return Site.start((path) =>
    path.endsWith('.ico')
      ? undefined
      : {
          type: 'text/html',
          body: `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Shop</title><link rel="icon" href="data:,"><body><main><h1>Shop</h1>${more}<p><a href="/next">Next</a></p>${text}</main><script src="${desk.url}/widget/loader.js" data-channel="web" ${script}></script></body></html>`,
        },
  );
}
