/** Reads the token of a sign-in link and takes it out of the address, so that nobody else reads it. */
export function takeToken(): string {
  const token = readToken(location.hash);
  if (token) history.replaceState(history.state, '', location.pathname);
  return token;
}

/** The token in an address's fragment; empty when there is none. */
export function readToken(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? '';
}
