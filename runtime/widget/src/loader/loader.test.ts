import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { channel } from '../app/harness.ts';
import { publish } from './api.ts';
import { attributesOf, watchButtons } from './buttons.ts';
import { fetchConfig } from './config.ts';
import { makeLauncher } from './launcher.ts';

interface Page {
  usher?: ((...args: unknown[]) => unknown) & { q?: unknown[] };
}
const page = window as unknown as Page;

beforeEach(() => {
  Reflect.deleteProperty(page, 'usher');
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('window.usher', () => {
  it('does what was asked before the loader was there, in order', () => {
    const early = Object.assign(
      (...args: unknown[]) => {
        early.q.push(args);
      },
      { q: [] as unknown[] },
    );
    page.usher = early;
    const heard: unknown[] = [];
    page.usher('on', 'opened', () => heard.push('opened'));
    page.usher('open');
    const open = vi.fn();
    const api = publish({ open, close: vi.fn(), set: vi.fn(), secure: vi.fn() });
    expect(open).toHaveBeenCalledTimes(1);
    api.emit('opened', undefined);
    expect(heard).toEqual(['opened']);
  });

  it('opens, closes, tells, and stops telling', () => {
    const actions = { open: vi.fn(), close: vi.fn(), set: vi.fn(), secure: vi.fn() };
    const api = publish(actions);
    page.usher?.('open');
    page.usher?.('close');
    expect(actions.open).toHaveBeenCalled();
    expect(actions.close).toHaveBeenCalled();
    const listener = vi.fn();
    const stop = page.usher?.('on', 'place', listener) as () => void;
    api.emit('place', { place: 2, waiting: 3 });
    stop();
    api.emit('place', { place: 1, waiting: 3 });
    expect(listener.mock.calls).toEqual([[{ place: 2, waiting: 3 }]]);
  });

  it('takes a support link, a key, and what the page says of its visitor', () => {
    const actions = { open: vi.fn(), close: vi.fn(), set: vi.fn(), secure: vi.fn() };
    publish(actions);
    page.usher?.('open', { to: 'token' });
    page.usher?.('open', { key: 1234567 });
    page.usher?.('set', { plan: 'gold' });
    expect(actions.open.mock.calls).toEqual([[{ link: 'token' }], [{ key: '1234567' }]]);
    expect(actions.set).toHaveBeenCalledWith({ plan: 'gold' });
  });

  it('takes what the site sealed of its customer, the last one, and takes it back', () => {
    const early = Object.assign(() => {}, { q: [['secure', 'eyJ.early']] as unknown[] });
    page.usher = early;
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const secure = vi.fn();
    publish({ open: vi.fn(), close: vi.fn(), set: vi.fn(), secure });
    page.usher?.('secure', 'eyJ.later');
    page.usher?.('secure', '');
    page.usher?.('secure', null);
    page.usher?.('secure', undefined);
    const taken = secure.mock.calls.map(([sealed]: unknown[]) => sealed);
    expect(taken).toEqual(['eyJ.early', 'eyJ.later', undefined, undefined, undefined]);
    expect(warn).not.toHaveBeenCalled();
    page.usher?.('secure', { customer: 1 });
    expect(secure).toHaveBeenCalledTimes(5);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('tells ready to who listens too late', () => {
    const api = publish({ open: vi.fn(), close: vi.fn(), set: vi.fn(), secure: vi.fn() });
    api.ready(channel());
    const listener = vi.fn();
    page.usher?.('on', 'ready', listener);
    expect(listener).toHaveBeenCalledWith(channel());
  });

  it('goes on when a listener of the page fails, and says when it does not understand', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const api = publish({ open: vi.fn(), close: vi.fn(), set: vi.fn(), secure: vi.fn() });
    const second = vi.fn();
    page.usher?.('on', 'opened', () => {
      throw new Error('the page’s own fault');
    });
    page.usher?.('on', 'opened', second);
    api.emit('opened', undefined);
    expect(second).toHaveBeenCalled();
    page.usher?.('on', 'opened');
    page.usher?.('dance');
    expect(warn).toHaveBeenCalledTimes(2);
  });
});

describe('the config', () => {
  it.each([
    [200, { channel: channel() }],
    [403, { failed: 'refused' }],
    [404, { failed: 'missing' }],
    [503, { failed: 'unreachable' }],
  ])('of an answer %i', async (status, expected) => {
    const get = vi.fn(async () => new Response(JSON.stringify(channel()), { status }));
    vi.stubGlobal('fetch', get);
    expect(await fetchConfig('https://desk.example', 'a b')).toEqual(expected);
    const [address, options] = get.mock.calls[0] as unknown as [string, RequestInit];
    expect(address).toBe('https://desk.example/v1/channels/a%20b');
    expect(options.credentials).toBe('omit');
  });

  it('is asked where a support link leads', async () => {
    const get = vi.fn(async (_: string) => new Response(JSON.stringify(channel())));
    vi.stubGlobal('fetch', get);
    await fetchConfig('https://desk.example', 'web', 'a+b=');
    expect(get.mock.calls[0]?.[0]).toBe('https://desk.example/v1/channels/web?link=a%2Bb%3D');
  });

  it('that cannot be read, or is no JSON, is unreachable', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('refused');
    });
    expect(await fetchConfig('https://desk.example', 'web')).toEqual({ failed: 'unreachable' });
    vi.stubGlobal('fetch', async () => new Response('<html>'));
    expect(await fetchConfig('https://desk.example', 'web')).toEqual({ failed: 'unreachable' });
  });
});

describe('the launcher', () => {
  it('says what it does, how many wait, and whether the chat is open', () => {
    const root = document.createElement('div').attachShadow({ mode: 'open' });
    const press = vi.fn();
    const launcher = makeLauncher(root, 'fi-FI', press);
    expect(root.querySelector('button')).toBeNull();
    launcher.show(true);
    const button = root.querySelector('button') as HTMLButtonElement;
    expect(button.getAttribute('aria-label')).toBe('Avaa chat');
    expect(button.getAttribute('aria-expanded')).toBe('false');
    button.click();
    expect(press).toHaveBeenCalled();
    launcher.update(true, 0);
    expect(button.getAttribute('aria-label')).toBe('Pienennä chat');
    expect(button.getAttribute('aria-expanded')).toBe('true');
    launcher.update(false, 100);
    expect(button.getAttribute('aria-label')).toBe('Avaa chat, 100 lukematonta viestiä');
    expect(button.querySelector('b')?.textContent).toBe('99+');
    launcher.show(false);
    expect(root.querySelector('button')).toBeNull();
  });

  it('speaks English where it knows no better', () => {
    const root = document.createElement('div').attachShadow({ mode: 'open' });
    const launcher = makeLauncher(root, 'xx', () => {});
    launcher.show(true);
    expect(root.querySelector('button')?.getAttribute('aria-label')).toBe('Open chat');
  });
});

describe('support buttons', () => {
  const buttons = (html: string) => {
    document.body.innerHTML = html;
    const open = vi.fn(() => true);
    const stop = new AbortController();
    const listen = document.addEventListener.bind(document);
    vi.spyOn(document, 'addEventListener').mockImplementation(((name: string, run: never) =>
      listen(name, run, { signal: stop.signal })) as never);
    watchButtons('web', open);
    return { open, stop: () => stop.abort() };
  };
  const click = (id: string, init: MouseEventInit = {}) => {
    const event = new MouseEvent('click', {
      bubbles: true,
      cancelable: true,
      composed: true,
      ...init,
    });
    document.getElementById(id)?.dispatchEvent(event);
    return event.defaultPrevented;
  };

  it('open the chat, also by what stands in them, with the link or key that they name', () => {
    const { open, stop } = buttons(`
      <button data-usher-open><b id="plain">Ask</b></button>
      <a href="/w/web?to=T" data-usher-open data-usher-to="T" id="link">Ask Ana</a>
      <button data-usher-open="web" data-usher-key="1234567" id="key">Go on</button>`);
    expect(click('plain')).toBe(true);
    expect(click('link')).toBe(true);
    expect(click('key')).toBe(true);
    expect(open.mock.calls.map(([wish]: unknown[]) => wish)).toEqual([
      {},
      { link: 'T' },
      { key: '1234567' },
    ]);
    stop();
  });

  it('of another channel, or in another tab, are left alone', () => {
    const { open, stop } = buttons(`
      <a href="/w/other" data-usher-open="other" id="other">Other</a>
      <a href="/w/web" data-usher-open id="tab">Tab</a><p id="none">Text</p>`);
    expect(click('other')).toBe(false);
    expect(click('tab', { ctrlKey: true })).toBe(false);
    expect(click('none')).toBe(false);
    expect(open).not.toHaveBeenCalled();
    stop();
  });
});

describe('what the page says of its visitor', () => {
  it('is what was set last, by whatever way, without regard to case', () => {
    const script = document.createElement('script');
    script.setAttribute('data-attribute-plan', 'silver');
    script.setAttribute('data-attribute-Country', 'FI');
    vi.stubGlobal('usherAttributes', { Plan: 'none', cart: 120 });
    expect(attributesOf(script, { PLAN: 'gold', known: true })).toEqual({
      plan: 'gold',
      country: 'FI',
      cart: '120',
      known: 'true',
    });
  });
});
