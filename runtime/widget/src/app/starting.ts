/**
 * Everything before a conversation: what the visitor came with and fills in, and the two ways to
 * send it, a start and a contact form.
 */
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Client, View } from '@usher/protocol/client';
import type { Env, Store } from '@usher/protocol/env';
import { CommandRefused } from '@usher/protocol/outbox';
import type { Channel } from '@usher/protocol/protocol';
import { type Host, keysOf, scopeOf, type Wish } from '../shared/host.ts';
import { Contact } from './contact.ts';
import { kept } from './kept.ts';
import { SupportLink } from './link.ts';
import type { Screen } from './screen.ts';
import {
  contactCommand,
  contactProblems,
  emptyForm,
  type FormText,
  type Problems,
  pageWithoutWish,
  startCommand,
  startProblems,
  type Way,
} from './start.ts';
import type { Words } from './words.ts';

/** While a support link's form is looked at, whether it can be used is asked this often. */
const linkEvery = 20_000;

/** What it needs of the model around it. */
export interface StartingOptions {
  host: Host;
  env: Pick<Env, 'now'>;
  store: Store;
  words: Words;
  client: Client;
  view: ReadonlySignal<View>;
  /** The screen that is shown, the limit of a text, and the channel; all only once it is built. */
  screen(): Screen;
  limit(): number;
  channel(): Channel | undefined;
  page(): string;
  /** Before a contact form goes out. */
  onContact(): void;
}

export class Starting {
  readonly form: Signal<FormText>;
  /** How the visitor wants to begin. */
  readonly way = signal<Way>('general');
  /** A join is under way. */
  readonly joining = signal(false);
  readonly joinError = signal<string | undefined>(undefined);
  /** Why a join that is under way was not taken yet; it goes out again by itself. */
  readonly delay: ReadonlySignal<string | undefined>;
  /** How often a form was sent that is not complete: from then on it says what is missing. */
  readonly tried = signal(0);
  /** What is wrong with the form; nothing before it was sent. */
  readonly problems: ReadonlySignal<Problems>;
  readonly link: SupportLink;
  readonly contact: Contact;
  private readonly options: StartingOptions;
  private linkAt = 0;

  constructor(options: StartingOptions) {
    this.options = options;
    const { host, store, client, view } = options;
    const scope = scopeOf(host.base, host.channel);
    this.form = kept(store, `usher.form.${scope}`, emptyForm, (form) =>
      Object.values(form).every((value) => !value),
    );
    // A form of before may lack fields of today.
    this.form.value = { ...emptyForm, ...this.form.value };
    this.link = new SupportLink(host);
    this.contact = new Contact(client, view, store, keysOf(scope).contact);
    this.delay = computed(() => {
      const entry = view.value.entries.find(({ command }) => command.type === 'join');
      return (
        entry?.passing && options.words.error(entry.passing.code, options.limit(), 'waitsAgain')
      );
    });
    this.problems = computed(() => {
      if (this.tried.value === 0) return {};
      const screen = options.screen();
      return screen.name === 'form'
        ? startProblems(this.form.value, screen.way, screen.channel)
        : contactProblems(this.form.value);
    });
    this.wish(host.wish, host.config.channel);
  }

  /** Takes up what the visitor came with; `channel` is the answer about its link, if it is there. */
  wish({ link, key }: Wish, channel?: Channel): void {
    if (link) {
      this.link.take(link, channel);
      this.linkAt = this.options.env.now();
      this.choose('link');
    } else if (key) {
      this.fill({ key });
      this.choose('key');
    }
  }

  /** Begins in another way than before; what was typed stays. */
  choose(way: Way): void {
    batch(() => {
      this.way.value = way;
      this.tried.value = 0;
      this.joinError.value = undefined;
    });
  }

  fill(fields: Partial<FormText>): void {
    this.form.value = { ...this.form.value, ...fields };
  }

  async join(): Promise<void> {
    const screen = this.options.screen();
    if (this.joining.value || screen.name !== 'form' || !this.isComplete()) return;
    const { channel, way } = screen;
    const link = this.link.state.value?.token;
    const { secure } = this.options.host;
    this.joining.value = true;
    this.joinError.value = undefined;
    try {
      await this.options.client.ask(
        startCommand(this.form.value, way, channel, link, this.page(), secure),
      );
      batch(() => {
        this.fill({ text: '', issue: '', agent: '', key: '' });
        // A key is used up with this; a link leads to the same again.
        if (way === 'key') this.choose('general');
      });
    } catch (error) {
      this.joinError.value = this.reason(error);
      if (way === 'link') void this.link.ask();
    } finally {
      this.joining.value = false;
    }
  }

  /** Leaves a message and an address where the chat is not offered. */
  sendContact(): void {
    if (!this.isComplete()) return;
    this.options.onContact();
    this.contact.clear();
    this.contact.send(contactCommand(this.form.value, this.page()));
  }

  /** Asks again where the link leads: something has changed, or it was not asked for a while. */
  askLink(every = linkEvery): void {
    const now = this.options.env.now();
    if (!this.link.state.value || this.way.value !== 'link' || now - this.linkAt < every) return;
    this.linkAt = now;
    void this.link.ask();
  }

  private isComplete(): boolean {
    this.tried.value += 1;
    if (Object.keys(this.problems.value).length > 0) return false;
    this.tried.value = 0;
    return true;
  }

  private page(): string {
    return pageWithoutWish(this.options.page());
  }

  private reason(error: unknown): string {
    const { words, env } = this.options;
    if (!(error instanceof CommandRefused)) return words.say('error.other');
    const { code, retryAfterMs } = error.error;
    if (code === 'key_locked' && retryAfterMs) {
      return words.say('keyLockedUntil', { time: words.time(env.now() + retryAfterMs) });
    }
    const text = words.error(code, this.options.limit());
    const own = code === 'not_offered' ? this.options.channel()?.message : undefined;
    return own ? `${text} ${own}` : text;
  }
}
