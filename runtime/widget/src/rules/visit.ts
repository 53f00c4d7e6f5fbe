/**
 * What the targeting rules look at, while the page is looked at. A script of its own: the loader
 * loads it only where a channel has rules. Without a rule that needs it nothing is stored. What is stored stays in this browser: a random
 * number, how many visits there were, and how many pages this one has seen.
 */
import { rulesSlot, type VisitOptions, type WatchVisit } from '../shared/host.ts';
import { type Facts, holds, shareOf } from './targeting.ts';

/** What survives the page, in localStorage. */
interface Visitor {
  id: string;
  visits: number;
  pages: number;
  /** When a page was seen last. */
  at: number;
}

/** A page that is opened later than this after the last one begins another visit. */
const visitLasts = 30 * 60_000;
const needVisitor = /^(PagesSeen|ReturningVisitor|VisitorShare)$/;

export const watchVisit: WatchVisit = ({ scope, attributes, changed }: VisitOptions) => {
  let address = '';
  /** Without what follows "#". */
  let page = '';
  // The document may be older than this script.
  let openedAt = Date.now() - performance.now();
  let depth = 0;
  let leaving = false;
  let visitor: Visitor | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** A page that changes its address without loading is another page. */
  const look = () => {
    address = location.href;
    const now = address.replace(/#.*/, '');
    if (now !== page) {
      if (page) {
        openedAt = Date.now();
        depth = 0;
        leaving = false;
        visitor &&= nextPage(scope, visitor);
      }
      page = now;
    }
    const root = document.documentElement;
    depth = Math.max(depth, ((scrollY + innerHeight) / Math.max(root.scrollHeight, 1)) * 100);
  };
  const again = () => {
    const before = `${address} ${Math.floor(depth)}`;
    look();
    if (before !== `${address} ${Math.floor(depth)}`) changed();
  };
  for (const name of ['scroll', 'resize', 'popstate', 'hashchange', 'load']) {
    addEventListener(name, again, { passive: true });
  }
  const { navigation } = window as unknown as { navigation?: EventTarget };
  navigation?.addEventListener('currententrychange', again);
  document.addEventListener('mouseout', (event) => {
    if (event.relatedTarget || event.clientY > 0) return;
    leaving = true;
    changed();
  });

  return {
    holds(rules) {
      look();
      if (rules.some(({ type }) => needVisitor.test(type))) visitor ??= nextPage(scope);
      const seconds = (Date.now() - openedAt) / 1_000;
      const facts: Facts = {
        page: address,
        referrer: document.referrer,
        language: navigator.language,
        seconds,
        pages: visitor?.pages ?? 1,
        depth,
        returning: (visitor?.visits ?? 1) > 1,
        leaving,
        attributes: attributes(),
        share: visitor ? shareOf(visitor.id + scope) : 100,
      };
      clearTimeout(timer);
      const wait = Math.min(
        ...rules.map(({ type, atLeast = 0 }) =>
          type === 'TimeOnPage' && atLeast > seconds ? atLeast - seconds : Infinity,
        ),
      );
      if (wait < Infinity) timer = setTimeout(changed, wait * 1_000 + 20);
      return holds(rules, facts);
    },
  };
};

/** Counts a page; `known` is of the page before on the same document. */
function nextPage(scope: string, known?: Visitor): Visitor {
  const key = `usher.visitor.${scope}`;
  const now = Date.now();
  const stores = [() => localStorage, () => sessionStorage];
  let was = known;
  for (const store of stores) {
    try {
      was ??= JSON.parse(store().getItem(key) ?? 'null') ?? undefined;
    } catch {
      // Forbidden, or of somebody else: the next one.
    }
  }
  const same = was && now - was.at < visitLasts;
  const next: Visitor = {
    id: was?.id ?? `${Math.random()}${now}`,
    visits: (Number(was?.visits) || 0) + (same ? 0 : 1),
    pages: (same ? Number(was?.pages) || 0 : 0) + 1,
    at: now,
  };
  for (const store of stores) {
    try {
      store().setItem(key, JSON.stringify(next));
      break;
    } catch {
      // Full or forbidden: the next one, and at last only in memory.
    }
  }
  return next;
}

(window as unknown as Record<string, unknown>)[rulesSlot] = watchVisit;
