/**
 * What a visitor fills in, and what becomes of it: pure functions of the form. The same fields serve
 * a start and a contact form, so that nothing is asked twice when the one turns into the other.
 */
import {
  type Channel,
  type Command,
  maxEmailBytes,
  maxPhoneRunes,
  runeCount,
} from '@usher/protocol/protocol';
import type { Key } from './words.ts';

export interface FormText {
  name: string;
  text: string;
  email: string;
  phone: string;
  /** Id of an issue, "queue/issue". */
  issue: string;
  /** Name of the agent whom the visitor asks for. */
  agent: string;
  /** A session key, as typed. */
  key: string;
}

export const emptyForm: FormText = {
  name: '',
  text: '',
  email: '',
  phone: '',
  issue: '',
  agent: '',
  key: '',
};

/** How a conversation is begun: by the channel's own line, a support link, or a session key. */
export type Way = 'general' | 'link' | 'key';

/** What is wrong, by field, as the key of the words that say so. */
export type Problems = Partial<Record<keyof FormText, Key>>;

/** The digits of a session key, which people write in groups. */
export function keyDigits(text: string): string {
  return text.replace(/[\s.-]/g, '');
}

export function startProblems(form: FormText, way: Way, channel: Channel): Problems {
  const problems: Problems = {};
  // Without a line of the channel's own, only an issue leads anywhere.
  if (way === 'general' && !channel.offered && !choices(form, channel, way).issue) {
    problems.issue = 'issueNeeded';
  }
  if (way === 'key' && !/^\d{7}$/.test(keyDigits(form.key))) problems.key = 'keyNeeded';
  return { ...problems, ...reachProblems(form) };
}

/** A contact form needs a message and a way to answer it. */
export function contactProblems(form: FormText): Problems {
  const problems = reachProblems(form);
  if (!form.email.trim() && !form.phone.trim()) problems.email = 'reachNeeded';
  if (!form.text.trim()) problems.text = 'textNeeded';
  return problems;
}

function reachProblems({ email, phone }: FormText): Problems {
  const problems: Problems = {};
  if (email.trim() && !isEmail(email.trim())) problems.email = 'emailBad';
  if (phone.trim() && !isPhone(phone.trim())) problems.phone = 'phoneBad';
  return problems;
}

/** Whether it has the parts of an address; whether it exists only a mail can tell. */
export function isEmail(text: string): boolean {
  return (
    /^[^\s@<>,;]+@[^\s@<>,;.]+(\.[^\s@<>,;.]+)+$/.test(text) &&
    !/\p{Cc}/u.test(text) &&
    new TextEncoder().encode(text).length <= maxEmailBytes
  );
}

export function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return /^\+?[\d\s()./-]+$/.test(text) && digits >= 5 && runeCount(text) <= maxPhoneRunes;
}

/** What is only there while the channel offers it: a choice that is gone is no choice. */
export function choices(
  form: FormText,
  channel: Channel,
  way: Way,
): Pick<Command, 'issue' | 'agent'> {
  if (way !== 'general') return {};
  const agent = channel.offered && channel.agents?.find(({ name }) => name === form.agent);
  if (agent) return { agent: agent.name };
  const issue = channel.issues?.find(({ id }) => id === form.issue)?.id;
  return issue ? { issue } : {};
}

export function startCommand(
  form: FormText,
  way: Way,
  channel: Channel,
  link: string | undefined,
  page: string,
  secure?: string,
): Command {
  return {
    type: 'join',
    ...person(form),
    ...choices(form, channel, way),
    ...(way === 'key' ? { key: keyDigits(form.key) } : {}),
    ...(way === 'link' && link ? { link } : {}),
    ...(secure ? { secure } : {}),
    page,
  };
}

export function contactCommand(form: FormText, page: string): Command {
  return { type: 'contact', ...person(form), page };
}

/** Fields that were left empty are not sent. */
function person(form: FormText): Pick<Command, 'name' | 'text' | 'email' | 'phone'> {
  const out: Record<string, string> = {};
  for (const field of ['name', 'text', 'email', 'phone'] as const) {
    const value = form[field].trim();
    if (value) out[field] = value;
  }
  return out;
}

/** The address of the page without what the visitor came with: agents need not see it. */
export function pageWithoutWish(href: string): string {
  try {
    const url = new URL(href);
    if (!url.searchParams.has('to') && !url.searchParams.has('key')) return href;
    url.searchParams.delete('to');
    url.searchParams.delete('key');
    return url.href;
  } catch {
    return href;
  }
}
