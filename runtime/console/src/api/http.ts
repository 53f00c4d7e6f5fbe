import type {
  ErrorBody,
  Explanation,
  Link,
  LogPage,
  Me,
  MessagePage,
  NewLink,
  PostPage,
  ProtocolError,
  SecureMetadata,
} from '@usher/protocol/protocol';

/** An answer of 400 and above, with the desk's typed error. */
export class ApiError extends Error {
  readonly status: number;
  readonly error: ProtocolError;
  constructor(status: number, error: ProtocolError) {
    super(error.message);
    this.name = 'ApiError';
    this.status = status;
    this.error = error;
  }
}

/** The desk could not be reached at all. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('the desk cannot be reached', { cause });
    this.name = 'UnreachableError';
  }
}

async function call<T>(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ?? null,
      credentials: 'same-origin',
      headers: method === 'POST' ? { 'Content-Type': 'application/json' } : {},
      ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new UnreachableError(error);
  }
  const text = await response.text();
  const value = parse(text);
  if (response.ok) return value as T;
  const told = (value as Partial<ErrorBody> | undefined)?.error;
  throw new ApiError(
    response.status,
    told?.code ? told : { code: `http_${response.status}`, message: response.statusText },
  );
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The desk's HTTP API, as far as the console needs it; the rest goes over the socket. */
export const api = {
  me: (signal?: AbortSignal) => call<Me>('GET', '/v1/me', undefined, signal),
  signIn: (token: string) => call<Me>('POST', '/v1/sign-in', { token }),
  /** Refused with open_conversations while there are some, unless forced. */
  signOut: (force: boolean) => call<void>('POST', '/v1/sign-out', force ? { force } : {}),
  log: (queue: string, before: number, signal?: AbortSignal) =>
    call<LogPage>(
      'GET',
      `/v1/queues/${encodeURIComponent(queue)}/log${before ? `?before=${before}` : ''}`,
      undefined,
      signal,
    ),
  messages: (conversation: string, before: number, signal?: AbortSignal) =>
    call<MessagePage>(
      'GET',
      `/v1/conversations/${encodeURIComponent(conversation)}/messages${before ? `?before=${before}` : ''}`,
      undefined,
      signal,
    ),
  posts: (room: string, before: number, signal?: AbortSignal) =>
    call<PostPage>(
      'GET',
      `/v1/rooms/${encodeURIComponent(room)}/messages${before ? `?before=${before}` : ''}`,
      undefined,
      signal,
    ),
  explanation: (conversation: string, signal?: AbortSignal) =>
    call<Explanation>(
      'GET',
      `/v1/conversations/${encodeURIComponent(conversation)}/explanation`,
      undefined,
      signal,
    ),
  /** Opened for this agent; key_gone when the key that it was sealed with is no longer there. */
  secureMetadata: (conversation: string, signal?: AbortSignal) =>
    call<SecureMetadata>(
      'GET',
      `/v1/conversations/${encodeURIComponent(conversation)}/secure-metadata`,
      undefined,
      signal,
    ),
  makeLink: (link: NewLink) => call<Link>('POST', '/v1/links', link),
};
