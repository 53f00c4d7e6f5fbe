/**
 * Whether the widget shows itself to this visitor (feature Q8): a pure function of the channel's
 * rules and of what is known of the visit.
 *
 *     holds([{ type: 'TimeOnPage', atLeast: 30 }], facts);   // facts.seconds >= 30
 *
 * All rules must hold; one of a type that is not known here does not. Nothing of it is sent anywhere.
 */
import type { Targeting } from '@usher/protocol/protocol';

/** What the page's own script can know of a visit. */
export interface Facts {
  /** The address that is looked at, and the one that led here. */
  page: string;
  referrer: string;
  /** The visitor's first language, BCP 47. */
  language: string;
  /** Since the address was opened. */
  seconds: number;
  /** Of this site in this visit, this one included. */
  pages: number;
  /** How much of the page was seen, in percent. */
  depth: number;
  /** There was a visit before this one. */
  returning: boolean;
  /** The pointer left the page at its top. */
  leaving: boolean;
  /** What the page says of its visitor, by lower-case name. */
  attributes: Readonly<Record<string, string>>;
  /** 0 <= share < 100; for ever the same for one visitor. */
  share: number;
}

export function holds(rules: readonly Targeting[], facts: Facts): boolean {
  return rules.every((rule) => holdsOne(rule, facts));
}

function holdsOne(rule: Targeting, facts: Facts): boolean {
  const { pattern = '', languages = [], atLeast = Number.NaN, values = [] } = rule;
  switch (rule.type) {
    case 'PagePattern':
      return matches(pattern, addressFor(pattern, facts.page));
    case 'Referrer':
      return matches(pattern, facts.referrer);
    case 'Language':
      return languages.some((one) =>
        `${facts.language}-`.toLowerCase().startsWith(`${one}-`.toLowerCase()),
      );
    case 'TimeOnPage':
      return facts.seconds >= atLeast;
    case 'PagesSeen':
      return facts.pages >= atLeast;
    case 'ScrollDepth':
      return facts.depth >= atLeast;
    case 'ReturningVisitor':
      return facts.returning;
    case 'ExitIntent':
      return facts.leaving;
    case 'Attribute':
      return values.includes(facts.attributes[(rule.attribute ?? '').toLowerCase()] as string);
    case 'VisitorShare':
      return facts.share < atLeast;
    default:
      return false;
  }
}

/** What follows "#" counts only for a pattern that has one; "/cart*" is about any host. */
function addressFor(pattern: string, page: string): string {
  const address = pattern.includes('#') ? page : page.replace(/#.*/, '');
  return pattern[0] === '/' ? address.replace(/^\w+:\/\/[^/?#]*/, '') : address;
}

/** "*" stands for any text. In one pass, so that no pattern takes long. */
export function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const last = parts.pop() ?? '';
  if (parts.length === 0) return text === last;
  let at = 0;
  for (const [i, part] of parts.entries()) {
    const found = text.indexOf(part, at);
    if (found < 0 || (i === 0 && found > 0)) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** A visitor's share: evenly spread, and always the same for the same id. */
export function shareOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  // The low bits of such a sum are poor, so they are mixed once more.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32) * 100;
}
