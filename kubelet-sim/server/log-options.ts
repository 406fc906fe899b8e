import { RequestError } from './request-error.ts';

/** How a log is asked for, as query parameters of `/containerLogs`. */
export interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Lines from this time on, in milliseconds since the epoch. */
  readonly since: number | undefined;
}

/** A parameter that cannot be read, or makes no sense: 400 or 422, with upstream's text. */
export class LogOptionsError extends RequestError {
  override readonly name = 'LogOptionsError';

  constructor(kind: 'unreadable' | 'invalid') {
    const [status, text] = kind === 'unreadable' ? ([400, 'Unable to decode query.'] as const) : ([422, 'Invalid request.'] as const);
    super(status, JSON.stringify({ message: text }).replace(':', ': '));
  }
}

const STREAMS: ReadonlySet<string> = new Set(['All', 'Stdout', 'Stderr']);

/** Reads the parameters. Upstream: `getContainerLogs`, `pkg/kubelet/server/server.go`, `ValidatePodLogOptions`. @throws RequestError */
export function parseLogOptions(query: URLSearchParams, now: number): LogOptions {
  const tail = query.get('tail');
  // What it was called before; `all` is no limit.
  const lines = tail ? (tail === 'all' ? undefined : integer(tail)) : integer(query.get('tailLines'));
  const limitBytes = integer(query.get('limitBytes'));
  const sinceSeconds = integer(query.get('sinceSeconds'));
  const sinceTime = timeOf(query.get('sinceTime'));
  const stream = query.get('stream') ?? 'All';
  const isValid =
    (lines ?? 0) >= 0 && (limitBytes ?? 1) >= 1 && (sinceSeconds ?? 1) >= 1 && !(sinceSeconds !== undefined && sinceTime !== undefined);
  if (!isValid || !STREAMS.has(stream) || (stream !== 'All' && lines !== undefined)) throw new LogOptionsError('invalid');
  if (stream !== 'All')
    throw new RequestError(
      400,
      `unable to return the given log stream: "${stream}". Please enable PodLogsQuerySplitStreams feature gate in kubelet`,
    );
  return {
    follow: isOn(query.get('follow')),
    previous: isOn(query.get('previous')),
    timestamps: isOn(query.get('timestamps')),
    tailLines: lines,
    limitBytes,
    since: sinceSeconds === undefined ? sinceTime : now - sinceSeconds * 1000,
  };
}

/** Whatever is said of it means yes, but for these two. Upstream: `Convert_Slice_string_To_bool`. */
const isOn = (text: string | null): boolean => text !== null && text !== 'false' && text !== '0';

function integer(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw new LogOptionsError('unreadable');
  return Number(text);
}

function timeOf(text: string | null): number | undefined {
  if (text === null || text === '' || text === 'null') return undefined;
  const time = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(time)) throw new LogOptionsError('unreadable');
  return time;
}
