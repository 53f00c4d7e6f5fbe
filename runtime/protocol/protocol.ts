/**
 * What travels between a desk and its clients: the frames, as in protocol.go; changes.ts and http.ts
 * have the things that they tell of and the bodies of the HTTP API, and all are to be had from here.
 * A Go test reads the three files and fails when an interface lacks a field, has one too many, or
 * differs in what may be absent.
 * docs/reference/socket-protocol.md tells the rules. Times are milliseconds since 1970 UTC.
 */

import type { Change, Presence } from './changes.ts';

export type * from './changes.ts';
export type * from './http.ts';

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
  /** The newest message that a customer's client has of its conversation; absent without one. */
  keeps?: Kept;
  /** The customer's token of an earlier Welcome. */
  session?: string;
  channel?: string;
}

/**
 * Names a message, by its sequence and its time: a desk that was restored to a moment may have
 * another one of that sequence, of another time, or none.
 */
export interface Kept {
  seq: number;
  at: number;
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
  /** Facts that the site sealed about its signed-in customer: join (feature C9). */
  secure?: string;
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
