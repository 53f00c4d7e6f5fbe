/**
 * What the loader and the app say to each other. The loader is on the page from its start and owns
 * the shadow root, the launcher and window.usher; the app comes with the first opening.
 */
import type { Channel, MessagePage } from '@usher/protocol/protocol';

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
  fetchConfig(): Promise<Config>;
  /** The messages of the session's conversation before a sequence; rejects when it cannot. */
  fetchMessages(session: string, before: number): Promise<MessagePage>;
  emit<K extends EventName>(name: K, detail: Events[K]): void;
}

/** What the app gives back to the loader. */
export interface App {
  open(): void;
  close(): void;
  toggle(): void;
}

/** Where the app's script leaves its start function for the loader. */
export const appSlot = 'usher.app';
export type Start = (host: Host) => App;

/** sessionStorage keys of a channel of a desk. */
export function keysOf(base: string, channel: string) {
  const scope = `${base.replace(/^https?:\/\//, '')}/${channel}`;
  return {
    tab: scope,
    session: `usher.session.${scope}`,
    open: `usher.open.${scope}`,
    draft: `usher.draft.${scope}`,
    form: `usher.form.${scope}`,
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
