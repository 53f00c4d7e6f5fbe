import type { Targeting } from '@usher/protocol/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rulesSlot, type Visit, type WatchVisit } from '../shared/host.ts';
import './visit.ts';

const watchVisit = (window as unknown as Record<string, WatchVisit>)[rulesSlot] as WatchVisit;
const scope = 'desk.example/web';
const key = `usher.visitor.${scope}`;
const start = Date.parse('2026-11-20T10:00:00Z');

let stop: AbortController;
beforeEach(() => {
  vi.useFakeTimers({ now: start });
  localStorage.clear();
  sessionStorage.clear();
  stop = new AbortController();
  for (const target of [window, document]) {
    const listen = target.addEventListener.bind(target);
    vi.spyOn(target, 'addEventListener').mockImplementation(((name: string, run: never) =>
      listen(name, run, { signal: stop.signal })) as never);
  }
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  history.replaceState(null, '', '/');
});

/** A page with the script on it, `seconds` after it was opened. */
function page(seconds = 0): Visit & { changed: ReturnType<typeof vi.fn> } {
  vi.spyOn(performance, 'now').mockReturnValue(seconds * 1_000);
  const changed = vi.fn();
  const visit = watchVisit({ scope, attributes: () => ({ plan: 'gold' }), changed });
  return { ...visit, changed };
}
const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1_000);
const stored = () => JSON.parse(localStorage.getItem(key) ?? 'null');

const time: Targeting = { type: 'TimeOnPage', atLeast: 30 };
const pages: Targeting = { type: 'PagesSeen', atLeast: 3 };
const returning: Targeting = { type: 'ReturningVisitor' };
const share: Targeting = { type: 'VisitorShare', atLeast: 100 };

describe('time on a page', () => {
  it('counts from when the page was opened, and tells when it is reached', () => {
    const visit = page(10);
    expect(visit.holds([time])).toBe(false);
    pass(19);
    expect(visit.changed).not.toHaveBeenCalled();
    pass(2);
    expect(visit.changed).toHaveBeenCalledTimes(1);
    expect(visit.holds([time])).toBe(true);
  });

  it('begins anew when the page changes its address without loading', () => {
    const visit = page(60);
    expect(visit.holds([time])).toBe(true);
    history.pushState(null, '', '/another');
    expect(visit.holds([time])).toBe(false);
    history.pushState(null, '', '/another#part');
    pass(31);
    expect(visit.holds([time])).toBe(true);
  });
});

describe('what is stored', () => {
  it('is nothing where no rule asks for it', () => {
    const visit = page();
    visit.holds([time, { type: 'ExitIntent' }, { type: 'ScrollDepth', atLeast: 10 }]);
    expect(localStorage.length + sessionStorage.length).toBe(0);
  });

  it('counts pages of this visit, each once however often the rules are asked', () => {
    expect(page().holds([pages])).toBe(false);
    const second = page();
    expect(second.holds([pages])).toBe(false);
    expect(second.holds([pages])).toBe(false);
    expect(page().holds([pages])).toBe(true);
    expect(stored()).toMatchObject({ visits: 1, pages: 3 });
  });

  it('makes a visitor one that returns after half an hour', () => {
    expect(page().holds([returning])).toBe(false);
    pass(29 * 60);
    expect(page().holds([returning])).toBe(false);
    pass(31 * 60);
    expect(page().holds([returning])).toBe(true);
    expect(stored()).toMatchObject({ visits: 2, pages: 1 });
  });

  it('keeps the visitor’s number for ever', () => {
    page().holds([share]);
    const { id } = stored();
    pass(90 * 86_400);
    page().holds([share]);
    expect(stored().id).toBe(id);
  });

  it('falls back to the tab where the browser forbids more, and to memory where it forbids all', () => {
    const forbidden = {
      getItem: () => {
        throw new DOMException('no', 'SecurityError');
      },
      setItem: () => {
        throw new DOMException('no', 'SecurityError');
      },
    };
    vi.stubGlobal('localStorage', forbidden);
    expect(page().holds([pages])).toBe(false);
    expect(page().holds([pages])).toBe(false);
    expect(page().holds([pages])).toBe(true);
    expect(JSON.parse(sessionStorage.getItem(key) ?? '')).toMatchObject({ pages: 3 });
    vi.stubGlobal('sessionStorage', forbidden);
    const visit = page();
    expect(visit.holds([share])).toBe(true);
    expect(visit.holds([pages])).toBe(false);
  });

  it('that is not ours is replaced', () => {
    for (const odd of ['no json', '5', 'null', '[]', '{"visits":"x"}']) {
      localStorage.setItem(key, odd);
      expect(page().holds([share])).toBe(true);
      expect(typeof stored().id).toBe('string');
    }
  });
});

describe('exit intent', () => {
  it('is the pointer leaving at the top, and nothing else', () => {
    const visit = page();
    const leave = (clientY: number, relatedTarget: Element | null) =>
      document.dispatchEvent(new MouseEvent('mouseout', { clientY, relatedTarget }));
    const rules = [{ type: 'ExitIntent' }];
    leave(300, null);
    leave(-1, document.body);
    expect(visit.holds(rules)).toBe(false);
    leave(-1, null);
    expect(visit.changed).toHaveBeenCalledTimes(1);
    expect(visit.holds(rules)).toBe(true);
  });
});

describe('scroll depth', () => {
  it('is the most that was seen of the page, told in whole percents', () => {
    vi.stubGlobal('innerHeight', 500);
    vi.spyOn(document.documentElement, 'scrollHeight', 'get').mockReturnValue(2_000);
    const visit = page();
    const rules = [{ type: 'ScrollDepth', atLeast: 75 }];
    const scroll = (to: number) => {
      vi.stubGlobal('scrollY', to);
      window.dispatchEvent(new Event('scroll'));
    };
    expect(visit.holds(rules)).toBe(false);
    scroll(400);
    scroll(401);
    expect(visit.changed).toHaveBeenCalledTimes(1);
    scroll(1_000);
    scroll(0);
    expect(visit.holds(rules)).toBe(true);
  });
});

describe('the rest', () => {
  it('comes from page and browser', () => {
    history.replaceState(null, '', '/cart?size=4');
    const visit = page();
    expect(visit.holds([{ type: 'PagePattern', pattern: '/cart*' }])).toBe(true);
    expect(visit.holds([{ type: 'Attribute', attribute: 'plan', values: ['gold'] }])).toBe(true);
    expect(visit.holds([{ type: 'Language', languages: [navigator.language] }])).toBe(true);
  });

  it('an address that changes tells so', () => {
    const visit = page();
    expect(visit.holds([{ type: 'PagePattern', pattern: '/cart*' }])).toBe(false);
    history.replaceState(null, '', '/cart');
    window.dispatchEvent(new Event('popstate'));
    expect(visit.changed).toHaveBeenCalledTimes(1);
    expect(visit.holds([{ type: 'PagePattern', pattern: '/cart*' }])).toBe(true);
  });
});
