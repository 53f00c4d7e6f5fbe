/** The things that a desk tells of, each as it reads now; changes.go in TypeScript. */
import type { Target } from './protocol.ts';

export type ChangeKind =
  | 'queue'
  | 'waiting'
  | 'conversation'
  | 'message'
  | 'channel'
  | 'notice'
  | 'team'
  | 'agent'
  | 'me'
  | 'invitation'
  | 'open'
  | 'inactive'
  | 'room'
  | 'post'
  | 'gone';

/** One thing as it reads now. Exactly the member named by kind is set. */
export interface Change {
  kind: ChangeKind;
  queue?: Queue;
  waiting?: Waiting;
  conversation?: Conversation;
  message?: Message;
  channel?: Channel;
  notice?: Notice;
  team?: Team;
  agent?: Colleague;
  me?: Standing;
  invitation?: Invitation;
  open?: Open;
  inactive?: Inactive;
  room?: Room;
  post?: Post;
  gone?: Gone;
}

/** A queue as an agent sees it. */
export interface Queue {
  name: string;
  displayName: string;
  state: 'Open' | 'Closed';
  cause: string;
  detail?: string;
  since: number;
  nextTime?: number;
  nextState?: string;
  timeZone?: string;
  waiting: number;
  /** Arrival of the first in line. */
  firstSince?: number;
  inService: number;
  online: number;
  available: number;
  /** -1: no limit. */
  placesLeft: number;
  /** Capacity in force; -1: no limit. */
  places: number;
  /** Whether this agent may open and close it. */
  maySwitch: boolean;
  override?: Override;
  mode: 'Manual' | 'Automatic';
  /** That among this agent's queues, the higher first. */
  priority?: number;
  /** Waiting customers for whom a waiting rule raised an alert. */
  alerted?: number;
  /** What was left behind: contact forms, and customers who wrote and left. */
  inactive?: number;
  /** Whether this agent marked it so (feature C14). */
  favourite?: boolean;
  /** Features that are off (Q13). */
  disabled?: Feature[];
  /** Whom its conversations may be handed to; absent: anybody. */
  targets?: Targets;
}

/** A feature of a queue that can be off. */
export type Feature = 'emoji' | 'typing' | 'preview' | 'transfer' | 'invitations';

/** Bounds of transfers. */
export interface Targets {
  queues: string[];
  teams: string[];
  agents: string[];
}

/** A team of this agent: its queue and its chat. */
export interface Team {
  name: string;
  displayName: string;
  role: 'Representative' | 'Admin';
  mode: 'Collaboration' | 'Grab';
  /** How many wait in the team's queue, and the arrival of the first. */
  waiting: number;
  firstSince?: number;
  online: number;
  favourite?: boolean;
  /** Of its chat; absent when that is off. */
  room?: string;
}

/** finishMine: serves on, gets nothing new offered. */
export type Presence = 'available' | 'finishMine' | 'away' | 'offline';

/** A member of the desk, for transfers, invitations and private rooms. */
export interface Colleague {
  name: string;
  displayName: string;
  presence: Presence;
  load: number;
  limit: number;
  teams: string[];
}

/** This agent's own: presence, load, and session keys. */
export interface Standing {
  presence: Presence;
  load: number;
  limit: number;
  keys: Key[];
}

/** A session key that starts a conversation with the agent who made it, once. */
export interface Key {
  /** 7 digits. */
  key: string;
  expires: number;
}

/** Asks this agent, or a team of this agent, into a conversation that others serve. */
export interface Invitation {
  conversation: string;
  queue: string;
  /** The customer's. */
  name?: string;
  /** Absent: for this agent in person. */
  team?: string;
  by: string;
  byName: string;
  note?: string;
  at: number;
}

/** A conversation that colleagues serve, and that this agent may see and enter. Told to who watches "team". */
export interface Open {
  conversation: string;
  queue: string;
  team?: string;
  name?: string;
  text?: string;
  channel: string;
  /** The owner first. */
  agents: Participant[];
  arrivedAt: number;
  startedAt: number;
  online: boolean;
  /** See Conversation. */
  unansweredSince?: number;
  soonAt?: number;
  overdueAt?: number;
}

/** An agent in a conversation. */
export interface Participant {
  name: string;
  displayName: string;
}

/**
 * A conversation that nobody served before the customer left, or a contact form. A message of the
 * customer revives it. Told to who watches "inactive".
 */
export interface Inactive {
  conversation: string;
  queue: string;
  channel: string;
  name?: string;
  email?: string;
  phone?: string;
  text?: string;
  page?: string;
  arrivedAt: number;
  at: number;
  why: 'contact' | 'abandoned' | 'left' | 'removed';
}

/** Where members write to each other: a team's chat, or two members' own. */
export interface Room {
  /** "t:team" or "p:ana:ben", the two names sorted. */
  id: string;
  kind: 'team' | 'private';
  team?: string;
  /** The other member of a private one. */
  with?: string;
  name: string;
  unread: number;
  /** Up to where this agent has read, the newest post, and its time. */
  readSeq?: number;
  lastSeq?: number;
  lastAt?: number;
}

/** A message in a room. Its sequence is its identity and its order. */
export interface Post {
  seq: number;
  room: string;
  author: string;
  authorName: string;
  text: string;
  at: number;
  /** Told to the sender only, to match the row that it shows already. */
  client?: string;
  cid?: number;
}

/** An open or close by hand. */
export interface Override {
  state: string;
  until?: number;
  reason?: string;
  by?: string;
  /** The resource does not carry it yet; it is in force all the same. */
  pending?: boolean;
}

/** A customer in a line, as an agent of that queue sees it. */
export interface Waiting {
  conversation: string;
  queue: string;
  name?: string;
  /** The first message, shortened to 200 characters. */
  text?: string;
  page?: string;
  channel: string;
  arrivedAt: number;
  online: boolean;
  /** The agent to whom it is offered now; it cannot be picked meanwhile. */
  offeredTo?: string;
  /** It waits in a team's queue, or for this agent in person; queue is that whose settings hold. */
  team?: string;
  agent?: string;
  /** How it came there. */
  via?: Via;
  /** Of a transfer: who handed it on, and what for. */
  from?: string;
  fromName?: string;
  note?: string;
  /** What the customer chose in the form, as shown. */
  issue?: string;
  /** Why it went back to the line: lost, left, refused, expired, removed, signedOut, declined. */
  returned?: string;
  /** A waiting rule raised an alert. */
  alerted?: boolean;
  /** It is to be grabbed: the first member who does has it (feature R5). */
  grab?: boolean;
  /** The customer brought facts that the site vouches for (feature C9). */
  secure?: boolean;
  /** See Conversation. */
  unansweredSince?: number;
  soonAt?: number;
  overdueAt?: number;
}

/** return: whom it was handed to, `from`, declined it. */
export type Via = 'transfer' | 'return' | 'key' | 'link' | 'chosen' | 'issue' | 'rule' | 'lost';

/** inactive: the customer wrote and left before anybody came; writing revives it. */
export type ConversationState = 'waiting' | 'offered' | 'inService' | 'ended' | 'inactive';
/** left: the customer left the line; customer: the customer ended a conversation in service. */
export type EndedBy = 'customer' | 'left' | 'agent' | 'idle' | 'abandoned' | 'removed' | 'contact';

/** A conversation as one of its sides sees it. */
export interface Conversation {
  id: string;
  state: ConversationState;
  queue: string;
  queueName: string;
  channel: string;
  name?: string;
  page?: string;
  arrivedAt: number;
  /** 1-based place in the line, and how many wait; told to a waiting customer. */
  place?: number;
  waiting?: number;
  agent?: string;
  agentName?: string;
  startedAt?: number;
  /** When an offer goes back to the line. */
  offerUntil?: number;
  /** Asks for the notice that the customer comes from the queue (feature Q10). */
  fromQueue?: boolean;
  /** Whether the other side is connected. */
  online: boolean;
  unansweredSince?: number;
  /** Why it went back to the line: lost, left, refused, expired, removed, signedOut, declined. */
  returned?: string;
  endedAt?: number;
  endedBy?: EndedBy;
  /** All who are in it, the owner first. */
  agents?: Participant[];
  /** Tells a customer whom the conversation was handed to, and as shown. */
  handedTo?: Target;
  handedToName?: string;
  /** The team through which it is served. */
  team?: string;
  /** What the customer chose, as shown. */
  issue?: string;
  email?: string;
  phone?: string;
  /** When the unanswered message makes it soon overdue, and overdue (feature V5), by the queue's clock. */
  soonAt?: number;
  overdueAt?: number;
  /** It does not count against the limit now. */
  idle?: boolean;
  /** Whom the agents asked in and who have not come yet. */
  invited?: Target[];
  /** Features of the queue that are off. */
  disabled?: Feature[];
  /** Told to agents: the customer brought facts that the site vouches for (feature C9); see SecureMetadata. */
  secure?: boolean;
}

/** One message. Its sequence is its identity and its order. */
export interface Message {
  seq: number;
  conversation: string;
  from: 'customer' | 'agent' | 'system';
  author?: string;
  text: string;
  at: number;
  /** Told to the sender only, to match the row that it shows already. */
  client?: string;
  cid?: number;
}

export type Availability = 'available' | 'queue' | 'closed' | 'busy' | 'offline' | 'full';

/** What a customer may know of a channel before and while waiting. */
export interface Channel {
  name: string;
  displayName: string;
  greeting?: string;
  accentColor?: string;
  /** Whether a customer may join now; availability says why not. */
  offered: boolean;
  availability: Availability;
  queueState: string;
  /** When a closed queue opens next; timeZone is the schedule's. */
  opensAt?: number;
  timeZone?: string;
  waiting: number;
  /** What the desk does in the present state, and its own words for it. */
  whenUnavailable: 'Message' | 'Hide' | 'ContactForm';
  message?: string;
  time: number;
  /** Issues of open queues, for the submission form. */
  issues?: Issue[];
  /** Agents who are online and may be chosen by name. */
  agents?: Participant[];
  /** Whether the page takes session keys. */
  sessionKeys?: boolean;
  /** Rules that the widget evaluates; all must hold. */
  targeting?: Targeting[];
  /** Features of the queue that are off. */
  disabled?: Feature[];
  /** What the support link of this visit leads to, when it is valid; else why not. */
  link?: LinkInfo;
  linkError?: string;
}

/** An entry of the submission form. */
export interface Issue {
  /** "queue/issue", for join. */
  id: string;
  queue: string;
  queueName: string;
  displayName: string;
}

/**
 * One condition under which the widget shows itself (feature Q8). Exactly the fields of its type
 * count; an unknown type does not hold.
 */
export interface Targeting {
  type: string;
  pattern?: string;
  languages?: string[];
  atLeast?: number;
  attribute?: string;
  values?: string[];
}

/** What a support link leads to. */
export interface LinkInfo {
  to: Target;
  /** As shown. */
  name: string;
  /** Whether a customer may join by it now. */
  offered: boolean;
  expires: number;
}

/** Something that one agent should see once. */
export interface Notice {
  /** override_refused, taken, returned, offer_expired, handed_back, owner, invitation_gone, removed, alert. */
  code: string;
  message: string;
  conversation?: string;
  queue?: string;
}

/** Says that something left the client's view. */
export interface Gone {
  kind: ChangeKind;
  id: string;
  /**
   * picked, grabbed, offered, left, abandoned, ended, removed, moved, transferred, declined,
   * withdrawn, taken, revived.
   */
  why?: string;
  by?: string;
}
