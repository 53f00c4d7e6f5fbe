/**
 * What travels between a desk and its clients, as in protocol.go, changes.go and http.go. A Go test reads this file
 * and fails when an interface lacks a field, has one too many, or differs in what may be absent.
 * docs/reference/socket-protocol.md tells the rules. Times are milliseconds since 1970 UTC.
 */

/** Version of the socket protocol. */
export const version = 1;
/** The WebSocket subprotocol that both sides must name. */
export const subprotocol = 'usher.v1';

/** Limits that hold before the server has told its own in Welcome. */
export const maxFrameBytes = 32 << 10;
export const maxTextRunes = 4000;
export const maxNameRunes = 100;
export const maxReasonRunes = 256;
export const minClientLen = 8;
export const maxClientLen = 64;
/** Why a conversation is handed on, or somebody is asked into it. */
export const maxNoteRunes = 500;
export const maxEmailBytes = 254;
export const maxPhoneRunes = 32;

/** Close codes beyond those of RFC 6455. */
export const closeCode = {
  pingMissed: 4000,
  gap: 4001,
  signedOut: 4003,
  version: 4004,
  protocol: 4005,
  rateLimited: 4008,
  slow: 4009,
} as const;

export type CommandType =
  | 'join'
  | 'say'
  | 'end'
  | 'pick'
  | 'accept'
  | 'refuse'
  | 'leave'
  | 'grab'
  | 'enter'
  | 'transfer'
  | 'invite'
  | 'uninvite'
  | 'decline'
  | 'presence'
  | 'newKey'
  | 'dropKey'
  | 'favour'
  | 'post'
  | 'read'
  | 'contact'
  | 'open'
  | 'close'
  | 'auto';

/** Frames without a number or an answer: they have no durable effect. */
export type SignType = 'typing' | 'watch';

/** The first frame of a client. */
export interface Hello {
  type: 'hello';
  v: number;
  /** Names this tab for as long as the tab lives; command numbers rise within it. */
  client: string;
  /** The last sequence that was applied; absent on a first connection. */
  seq?: number;
  /** The customer's token of an earlier Welcome. */
  session?: string;
  channel?: string;
}

/** Any frame from a client that has an effect. Which fields count follows from the type. */
export interface Command {
  type: CommandType | SignType;
  cid?: number;
  client?: string;
  conversation?: string;
  queue?: string;
  text?: string;
  name?: string;
  page?: string;
  until?: number;
  reason?: string;
  typing?: boolean;
  /** transfer, invite, uninvite, favour. */
  to?: Target;
  /** presence. */
  presence?: Presence;
  /** favour. */
  on?: boolean;
  /** A session key: dropKey, and join by a customer. */
  key?: string;
  /** The token of a support link; what the customer chose on the page ("queue/issue"), and whom: join. */
  link?: string;
  issue?: string;
  agent?: string;
  /** How to reach the customer: join, contact. */
  email?: string;
  phone?: string;
  /** post, read. */
  room?: string;
  seq?: number;
  /** watch; it replaces what was watched before. */
  views?: WatchView[];
}

/** A list that is sent to those who look at it: what colleagues serve, and what was left behind. */
export type WatchView = 'team' | 'inactive';

/** An agent, a team or a queue. */
export interface Target {
  kind: 'agent' | 'team' | 'queue';
  name: string;
}

/** Answers Hello. */
export interface Welcome {
  type: 'welcome';
  v: number;
  session?: string;
  agent?: string;
  /** The server's clock. */
  time: number;
  limits: Limits;
}

export interface Limits {
  /** Characters of a message. */
  text: number;
  /** Bytes of a frame. */
  frame: number;
  /** The server pings this often. */
  pingSeconds: number;
}

/** Replaces what the client has, except messages with a sequence of at most messagesAfter. */
export interface Snapshot {
  type: 'snapshot';
  seq: number;
  messagesAfter?: number;
  changes: Change[];
  /** The snapshot goes on in the next frame, with the same seq. */
  more?: boolean;
}

/** What changed up to seq; prev is the seq of the frame before it on this socket. */
export interface Update {
  type: 'update';
  seq: number;
  prev: number;
  changes: Change[];
}

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
export type EndedBy =
  | 'customer'
  | 'left'
  | 'agent'
  | 'idle'
  | 'abandoned'
  | 'removed'
  | 'contact';

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
  /** override_refused, taken, returned, offer_expired, handed_back, invitation_gone, removed, alert. */
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

/** A command took effect and is durable. */
export interface Ack {
  type: 'ack';
  cid: number;
  seq: number;
  conversation?: string;
}

/** A command had no effect. */
export interface Refused {
  type: 'refused';
  cid: number;
  error: ProtocolError;
}

/** Tells of a frame that was no command, or closes the socket next. */
export interface ErrorFrame {
  type: 'error';
  error: ProtocolError;
}

/** The body of every HTTP answer of 400 and above. */
export interface ErrorBody {
  error: ProtocolError;
}

/** A typed error: a code for programs, a sentence for people. `Error` in Go. */
export interface ProtocolError {
  code: string;
  message: string;
  by?: string;
  retryAfterMs?: number;
}

export interface Ping {
  type: 'ping';
  time: number;
}

/** Asks the client to connect again after a pause of its own choice up to afterMs. */
export interface GoAway {
  type: 'goaway';
  afterMs: number;
}

/** Lossy, never stored. */
export interface Typing {
  type: 'typing';
  conversation: string;
  from: string;
  author?: string;
}

/** POST /v1/sign-out; an empty body is the same as no force. */
export interface SignOut {
  /** Signs out with conversations open: they go to who shares them, or back to the line. */
  force?: boolean;
}

/** GET /v1/me. */
export interface Me {
  name: string;
  displayName: string;
  teams: MyTeam[];
  desk: string;
  deskName: string;
  expiresAt: number;
}

export interface MyTeam {
  name: string;
  displayName: string;
  role: string;
}

/** GET /v1/queues/{queue}/log: the newest first. */
export interface LogPage {
  entries: LogEntry[];
  before?: number;
}

export interface LogEntry {
  seq: number;
  at: number;
  queue: string;
  type: string;
  by?: string;
  /** Where a conversation went, or who was invited. */
  to?: Target;
  cause?: string;
  reason?: string;
  until?: number;
  conversation?: string;
  name?: string;
  generation?: number;
  waitedMs?: number;
}

/** GET /v1/conversations/{id}/messages: in order, the oldest first. */
export interface MessagePage {
  messages: Message[];
  before?: number;
}

/** POST /v1/links: a support link, for a button or a mail (features R9, R18). */
export interface NewLink {
  channel: string;
  to: Target;
  /** At most a year from now. */
  expires: number;
}

/** The answer to NewLink. */
export interface Link {
  url: string;
  token: string;
  expires: number;
}

/** GET /v1/rooms/{room}/messages: in order, the oldest first. */
export interface PostPage {
  posts: Post[];
  before?: number;
}

/** GET /v1/conversations/{id}/explanation: every decision about a conversation, in order (feature X3). */
export interface Explanation {
  conversation: string;
  steps: Step[];
}

/** One decision about a conversation, or something that led to one. */
export interface Step {
  seq: number;
  at: number;
  /** As in LogEntry, and idle. */
  type: string;
  /** It in one sentence. */
  text: string;
  by?: string;
  /** Whose settings, of which generation, held. */
  queue?: string;
  generation?: number;
  /** Of a choice among agents: how it was made, and the random draw, all its digits. */
  strategy?: string;
  draw?: string;
  /** The chosen one first, then as they ranked; at most 32. */
  candidates?: Candidate[];
  /** How many could be chosen, and how many could not, by reason. */
  free?: number;
  passed?: Record<string, number>;
}

/** An agent who was looked at. */
export interface Candidate {
  agent: string;
  /** At that moment. */
  load: number;
  limit: number;
  /** When the load last changed. */
  since?: number;
  /** How many of those required. */
  skills?: number;
  /** offline, away, finishMine, limit, refused, skills, score; absent for the one who was chosen. */
  passed?: string;
}

/** Every frame that a server may send. */
export type ServerFrame =
  | Welcome
  | Snapshot
  | Update
  | Ack
  | Refused
  | ErrorFrame
  | Ping
  | GoAway
  | Typing;

/** Reads a frame; undefined when it is not a JSON object with a type. */
export function parseFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return typeof (value as { type?: unknown }).type === 'string'
    ? (value as ServerFrame)
    : undefined;
}

/** Length as the server counts it: Unicode code points. */
export function runeCount(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}
