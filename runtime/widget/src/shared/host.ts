/**
 * What the loader and the app say to each other. The loader is on the page from its start and owns
 * the shadow root, the launcher and window.usher; the app comes with the first opening.
 */
import type { Channel, Targeting } from '@usher/protocol/protocol';

/** bubble: a launcher in the corner of any page. page: the desk's own page, /w/{channel}. */
export type Mode = 'bubble' | 'page';

/** The answer to GET /v1/channels/{channel}, or why there is none. */
export type Config =
  | { channel: Channel; failed?: undefined }
  | { failed: 'refused' | 'missing' | 'unreachable'; channel?: undefined };

export interface Events {
  /** The launcher is on the page. */
  ready: Channel;
  /** The chat is offered now, or no longer. */
  offered: { offered: boolean; availability: string };
  opened: undefined;
  closed: undefined;
  /** The visitor waits. */
  queued: { place: number };
  place: { place: number; waiting: number };
  /** An agent serves the visitor. */
  accepted: { agent: string };
  message: { from: string; unread: number };
  ended: { by: string };
}
export type EventName = keyof Events;

export interface Launcher {
  /** Tells what the launcher shows: whether the panel is open, and how many messages wait. */
  update(open: boolean, unread: number): void;
  focus(): void;
}

/** What the visitor came with: the token of a support link, a session key of 7 digits. */
export interface Wish {
  link?: string;
  key?: string;
}

export interface Host {
  mode: Mode;
  /** Origin of the desk, without a trailing slash. */
  base: string;
  channel: string;
  /** BCP 47, as the page or the browser has it: it decides words and formats. */
  locale: string;
  element: HTMLElement;
  root: ShadowRoot;
  launcher: Launcher | undefined;
  config: Config;
  /** Of the script tag, or of the hosted page's address. */
  wish: Wish;
  /** What the site says of its customer now, sealed; it goes with each start and is kept nowhere. */
  readonly secure: string | undefined;
  /** The channel anew; with a support link, also what that leads to. */
  fetchConfig(link?: string): Promise<Config>;
  /** Loads a script of ours, by its name under /widget/, and gives what it leaves in its slot. */
  load<T>(file: string, slot: string): Promise<T>;
  /** The app has newer knowledge of the channel than the config. */
  follow(channel: Channel): void;
  emit<K extends EventName>(name: K, detail: Events[K]): void;
}

/** What the app gives back to the loader. */
export interface App {
  open(wish?: Wish): void;
  close(): void;
  toggle(): void;
}

/** Where the app's script leaves its start function for the loader. */
export const appSlot = 'usher.app';
export type Start = (host: Host) => App;

/** The emoji's script, which comes with the first press of their button. */
export const emojiSlot = 'usher.emoji';
/** Fills an element with buttons and gives the first the focus. */
export type FillEmoji = (grid: HTMLElement, onPick: (emoji: string) => void) => void;

/** The targeting rules' script, which comes only where a channel has rules. */
export const rulesSlot = 'usher.rules';
export type WatchVisit = (options: VisitOptions) => Visit;

export interface Visit {
  /** Whether the rules hold now. */
  holds(rules: readonly Targeting[]): boolean;
}

export interface VisitOptions {
  /** Distinguishes desks and channels. */
  scope: string;
  /** What the page says of its visitor. */
  attributes(): Record<string, string>;
  /** Called when rules that did not hold may hold now, or the other way. */
  changed(): void;
}

/** Distinguishes desks and channels in what a browser keeps. */
export function scopeOf(base: string, channel: string): string {
  return `${base.replace(/^https?:\/\//, '')}/${channel}`;
}

/** sessionStorage keys of a channel of a desk: what the loader looks at too. */
export function keysOf(scope: string) {
  return {
    session: `usher.session.${scope}`,
    open: `usher.open.${scope}`,
    contact: `usher.contact.${scope}`,
  };
}

/** A value of the tab's storage, or null also where storage is forbidden. */
export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
