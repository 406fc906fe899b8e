import type { ClientRequest } from 'node:http';

const CLOSED: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Whether a request failed because the other side had closed the connection that was kept since the last one: then it was not looked at, and is
 * sent again. Node's servers close such connections after five seconds. Go's transport does so too (`shouldRetryRequest`, net/http).
 */
export const wasStale = (request: ClientRequest, error: unknown): boolean =>
  request.reusedSocket && error instanceof Error && 'code' in error && CLOSED.has(error.code);
