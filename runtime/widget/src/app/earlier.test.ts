import { afterEach, describe, expect, it, vi } from 'vitest';
import { fetchMessages } from './earlier.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('earlier messages', () => {
  it('carry the session, and a refusal is an error', async () => {
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
