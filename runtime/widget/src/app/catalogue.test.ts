import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchCatalogue } from './catalogue.ts';

const files = { fi: 'assets/words-fi-1.json' };
const host = (locale: string) => ({ base: 'https://desk.example', locale });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the words of a language', () => {
  it('are read from their file, without cookies', async () => {
    const get = vi.fn(async () => new Response('{"chat":"Keskustelu"}'));
    vi.stubGlobal('fetch', get);
    expect(await fetchCatalogue(host('fi-FI'), files)).toEqual({ chat: 'Keskustelu' });
    const [address, options] = get.mock.calls[0] as unknown as [string, RequestInit];
    expect(address).toBe('https://desk.example/widget/assets/words-fi-1.json');
    expect(options.credentials).toBe('omit');
  });

  it('need no request where there are none', async () => {
    const get = vi.fn();
    vi.stubGlobal('fetch', get);
    expect(await fetchCatalogue(host('en-GB'), files)).toBeUndefined();
    expect(await fetchCatalogue(host('de-DE'), files)).toBeUndefined();
    expect(get).not.toHaveBeenCalled();
  });

  it('are English when they cannot be had', async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
    expect(await fetchCatalogue(host('fi'), files)).toBeUndefined();
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('refused');
    });
    expect(await fetchCatalogue(host('fi'), files)).toBeUndefined();
    vi.stubGlobal('fetch', async () => new Response('<html>'));
    expect(await fetchCatalogue(host('fi'), files)).toBeUndefined();
  });
});
