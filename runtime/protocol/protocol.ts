/**
 * What travels between a desk and its clients, as in protocol.go. A Go test reads this file and
 * fails when an interface lacks a field, has one too many, or differs in what may be absent.
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
  | 'open'
  | 'close'
  | 'auto';

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
  type: CommandType | 'typing';
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
}

export type ConversationState = 'waiting' | 'offered' | 'inService' | 'ended';
/** left: the customer left the line; customer: the customer ended a conversation in service. */
export type EndedBy = 'customer' | 'left' | 'agent' | 'idle' | 'abandoned' | 'removed';

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
  /** Why it went back to the line: lost, left, refused, expired, removed. */
  returned?: string;
  endedAt?: number;
  endedBy?: EndedBy;
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
  whenUnavailable: 'Message' | 'Hide';
  message?: string;
  time: number;
}

/** Something that one agent should see once. */
export interface Notice {
  /** override_refused, taken, returned, offer_expired. */
  code: string;
  message: string;
  conversation?: string;
  queue?: string;
}

/** Says that something left the client's view. */
export interface Gone {
  kind: ChangeKind;
  id: string;
  /** picked, offered, left, abandoned, ended, removed. */
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
