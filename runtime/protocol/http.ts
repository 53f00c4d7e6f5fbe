/** Bodies of the HTTP API under /v1; http.go in TypeScript. */
import type { Message, Post } from './changes.ts';
import type { Target } from './protocol.ts';

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
  /** Channels of the desk that have a page; sorted. */
  channels: MyChannel[];
}

/** A channel of the desk, for links to its page. */
export interface MyChannel {
  name: string;
  displayName: string;
  /** Whether its page takes session keys. */
  sessionKeys?: boolean;
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

/** GET /v1/conversations/{id}/secure-metadata: what the site sealed about the customer (feature C9). */
export interface SecureMetadata {
  metadata: Record<string, string | number | boolean>;
  /** The key that sealed it, and until when it could be brought. */
  keyId: string;
  sealedUntil: number;
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
