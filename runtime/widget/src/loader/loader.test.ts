import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { channel } from '../app/harness.ts';
import { publish } from './api.ts';
import { fetchConfig, fetchMessages } from './config.ts';
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
    const api = publish({ open, close: vi.fn() });
    expect(open).toHaveBeenCalledTimes(1);
    api.emit('opened', undefined);
    expect(heard).toEqual(['opened']);
  });

  it('opens, closes, tells, and stops telling', () => {
    const actions = { open: vi.fn(), close: vi.fn() };
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

  it('tells ready to who listens too late', () => {
    const api = publish({ open: vi.fn(), close: vi.fn() });
    api.ready(channel());
    const listener = vi.fn();
    page.usher?.('on', 'ready', listener);
    expect(listener).toHaveBeenCalledWith(channel());
  });

  it('goes on when a listener of the page fails, and says when it does not understand', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const api = publish({ open: vi.fn(), close: vi.fn() });
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

  it('that cannot be read, or is no JSON, is unreachable', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('refused');
    });
    expect(await fetchConfig('https://desk.example', 'web')).toEqual({ failed: 'unreachable' });
    vi.stubGlobal('fetch', async () => new Response('<html>'));
    expect(await fetchConfig('https://desk.example', 'web')).toEqual({ failed: 'unreachable' });
  });

  it('earlier messages carry the session, and a refusal is an error', async () => {
    const get = vi.fn(async () => new Response('{"messages":[]}'));
    vi.stubGlobal('fetch', get);
    await fetchMessages('https://desk.example', 'token', 17);
    const [address, options] = get.mock.calls[0] as unknown as [string, RequestInit];
    expect(address).toBe('https://desk.example/v1/customer/messages?before=17');
    expect(options.headers).toEqual({ Authorization: 'Bearer token' });
    vi.stubGlobal('fetch', async () => new Response('', { status: 401 }));
    await expect(fetchMessages('https://desk.example', 'token', 17)).rejects.toThrow('401');
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
