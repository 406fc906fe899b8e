/** How a log is asked for, as query parameters of `/containerLogs`. */
export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Lines from this time on, in milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly stream: 'All' | 'Stdout' | 'Stderr';
}

/** A parameter that makes no sense; the text is the answer's. */
export class LogOptionsError extends Error {
  override readonly name = 'LogOptionsError';
}

/** Reads the parameters. @throws LogOptionsError */
export function parseLogOptions(query: URLSearchParams, now: number): LogOptions {
  const sinceSeconds = integer(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime) throw new LogOptionsError('at most one of `sinceTime` or `sinceSeconds` may be specified');
  const since = sinceSeconds === undefined ? (sinceTime ? Date.parse(sinceTime) : undefined) : now - sinceSeconds * 1000;
  if (since !== undefined && Number.isNaN(since)) throw new LogOptionsError(`invalid sinceTime "${sinceTime}"`);
  const stream = query.get('stream');
  return {
    follow: isTrue(query, 'follow'),
    previous: isTrue(query, 'previous'),
    timestamps: isTrue(query, 'timestamps'),
    tailLines: integer(query, 'tailLines', 0),
    limitBytes: integer(query, 'limitBytes', 1),
    since,
    stream: stream === 'Stdout' || stream === 'Stderr' ? stream : 'All',
  };
}

const isTrue = (query: URLSearchParams, name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';

function integer(query: URLSearchParams, name: string, min: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min) throw new LogOptionsError(`invalid ${name} "${text}"`);
  return value;
}
