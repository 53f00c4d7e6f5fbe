/**
 * Settings of a desk for tests, as `usher runtime --settings` reads them (runtime/settings). A
 * test takes the sample and changes what it is about:
 *
 *     const settings = sample({ queue: { whenBusy: { offer: 'Nothing' } } });
 */

export interface Period {
  start: string;
  end: string;
}

export interface ScheduleSettings {
  name: string;
  timeZone: string;
  weekly?: { days: string[]; periods: Period[] }[];
  exceptions?: { date: string; periods?: Period[] }[];
}

export interface QueueSettings {
  name: string;
  generation: number;
  displayName?: string;
  schedule?: string;
  teams?: string[];
  override?: { state: 'Open' | 'Closed'; until?: string; reason?: string; by?: string };
  whenBusy: { offer?: 'Nothing' | 'Queue'; capacity?: { mode: string; places: number } };
  manualSwitch?: 'Members' | 'Admins';
  offerTimeoutSeconds?: number;
  thresholds: Record<string, number | string>;
  distribution?: { mode?: 'Manual' | 'Automatic'; strategy?: string; requiredSkills?: string[] };
  priority?: number;
  waitingRules?: { afterSeconds: number; action: 'Alert' | 'Move'; queue?: string }[];
  transferTargets?: { queues?: string[]; teams?: string[] };
  issues?: { name: string; displayName?: string; team?: string }[];
  disabled?: string[];
  secureMetadata?: 'Ignore' | 'Optional' | 'Required';
}

export interface ChannelSettings {
  name: string;
  generation: number;
  type: 'Web';
  displayName?: string;
  queue: string;
  allowedOrigins?: string[];
  unavailable: { action?: 'Message' | 'Hide' | 'ContactForm'; message?: string };
  accentColor?: string;
  greeting?: string;
  issueQueues?: string[];
  agents?: 'Hidden' | 'Online';
  sessionKeys?: 'Accepted' | 'Refused';
  targeting?: Record<string, unknown>[];
}

export interface TeamSettings {
  name: string;
  generation: number;
  displayName?: string;
  maxConversations?: number;
  mode?: 'Collaboration' | 'Grab';
  chat?: 'Enabled' | 'Disabled';
  members: {
    name: string;
    displayName?: string;
    role?: 'Representative' | 'Admin';
    skills?: string[];
    listing?: 'Hidden' | 'Public';
  }[];
}

export interface Settings {
  desk: { name: string; displayName?: string; publicURL?: string };
  schedules?: ScheduleSettings[];
  teams?: TeamSettings[];
  queues?: QueueSettings[];
  channels?: ChannelSettings[];
}

export interface SampleOptions {
  /** Changes of the queue "support". */
  queue?: Partial<QueueSettings>;
  /** Changes of the channel "web". */
  channel?: Partial<ChannelSettings>;
  /** Changes of the team "care". */
  team?: Partial<TeamSettings>;
  schedules?: ScheduleSettings[];
  /** Queues and channels beside them. */
  queues?: QueueSettings[];
  channels?: ChannelSettings[];
}

/** A desk with one team of three, one queue that lets customers wait, and one channel. */
export function sample(options: SampleOptions = {}): Settings {
  return {
    desk: { name: 'acme', displayName: 'Acme' },
    schedules: options.schedules ?? [],
    teams: [
      {
        name: 'care',
        generation: 1,
        displayName: 'Customer care',
        maxConversations: 3,
        members: [
          { name: 'ana', displayName: 'Ana Silva', role: 'Admin' },
          { name: 'jonas', displayName: 'Jonas Berg', role: 'Representative' },
          { name: 'mei', displayName: 'Mei Lin', role: 'Representative' },
        ],
        ...options.team,
      },
    ],
    queues: [
      {
        name: 'support',
        generation: 1,
        displayName: 'Support',
        teams: ['care'],
        whenBusy: { offer: 'Queue', capacity: { mode: 'Fixed', places: 50 } },
        thresholds: {},
        ...options.queue,
      },
      ...(options.queues ?? []),
    ],
    channels: [
      {
        name: 'web',
        generation: 1,
        type: 'Web',
        displayName: 'Customer service',
        queue: 'support',
        greeting: 'Hello. Ask us anything about your order.',
        unavailable: { action: 'Message' },
        ...options.channel,
      },
      ...(options.channels ?? []),
    ],
  };
}

/** A schedule that is closed at the given moment and opens `days` later at 08:00 of its zone. */
export function closedUntil(now: Date, days: number, timeZone: string): ScheduleSettings {
  const opens = new Date(now.getTime() + days * 86_400_000);
  const date = new Intl.DateTimeFormat('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    timeZone,
  }).format(opens);
  const periods = [{ start: '08:00', end: '16:00' }];
  return { name: 'hours', timeZone, weekly: [], exceptions: [{ date, periods }] };
}
