import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { SignIn } from './SignIn';
import { readToken } from './token';

test('the token is read from the fragment, whatever else stands there', () => {
  expect(readToken('#token=abc.def')).toBe('abc.def');
  expect(readToken('#x=1&token=a%2Bb')).toBe('a+b');
  expect(readToken('')).toBe('');
});

describe('a link', () => {
  let round = 0;
  beforeEach(() => {
    round += 1;
    history.replaceState(null, '', `/sign-in#token=token-${round}`);
  });
  const answer = (status: number, code: string) =>
    vi.fn(async () => new Response(JSON.stringify({ error: { code, message: code } }), { status }));

  test('that works is sent once and leaves the address', async () => {
    const fetch = vi.fn(async (_path: string, _init: RequestInit) => new Response('{}'));
    vi.stubGlobal('fetch', fetch);
    const onSignedIn = vi.fn(async () => {});
    render(<SignIn onSignedIn={onSignedIn} />);
    await waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
    expect(fetch).toHaveBeenCalledOnce();
    expect(fetch.mock.calls[0]?.[0]).toBe('/v1/sign-in');
    expect(fetch.mock.calls[0]?.[1].body).toBe(`{"token":"token-${round}"}`);
    expect(location.href).not.toContain('token');
  });

  test.each([
    ['link_used', 'This link has been used'],
    ['link_expired', 'This link has expired'],
    ['unauthorized', 'This link is not valid'],
  ])('refused with %s says: %s', async (code, words) => {
    vi.stubGlobal('fetch', answer(401, code));
    render(<SignIn onSignedIn={async () => {}} />);
    await screen.findByRole('heading', { level: 1, name: words });
    expect(screen.getByText(/Ask whoever runs the desk/)).toBeDefined();
  });

  test('is not used up when the desk could not be reached, and is tried again', async () => {
    const fetch = vi.fn(async (): Promise<Response> => {
      throw new TypeError('failed');
    });
    vi.stubGlobal('fetch', fetch);
    const onSignedIn = vi.fn(async () => {});
    render(<SignIn onSignedIn={onSignedIn} />);
    await screen.findByText('Your link is not used up.');
    fetch.mockImplementation(async () => new Response('{}'));
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(onSignedIn).toHaveBeenCalledOnce());
  });
});
