import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/index.ts';
import { HTTP_DURATIONS, HTTP_INFLIGHT, HTTP_REQUESTS } from '../pod/count-families.ts';
import type { Call } from './call.ts';

/** Parts of the API, and methods, that requests are counted by; others are `other`. Upstream: `addMetricsBucketMatcher`, `pkg/kubelet/server`. */
const PATHS: ReadonlySet<string> = new Set([
  ...['healthz', 'pods', 'stats', 'metrics', 'run', 'exec', 'attach', 'portForward', 'containerLogs', 'configz', 'runningpods'],
  ...['checkpoint', 'logs', 'debug', 'metrics/cadvisor', 'metrics/probes', 'metrics/resource'],
]);
const METHODS: ReadonlySet<string> = new Set(['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT']);
const LONG_RUNNING: ReadonlySet<string> = new Set(['exec', 'attach', 'debug']);

/** Counts a request to the kubelet of a node, until it is answered. @param end tells when it is */
export function countRequest({ request, segments, node }: Call, clock: Clock, end: (done: () => void) => void): void {
  if (!node) return;
  const { counts } = node;
  const path = pathOf(segments);
  const method = METHODS.has(request.method ?? '') ? (request.method ?? '') : 'other';
  const labels = [String(LONG_RUNNING.has(path)), method, path, 'readwrite'];
  const begin = clock.monotonic();
  counts.count(HTTP_REQUESTS, ...labels);
  counts.tallies.add(HTTP_INFLIGHT, 1, ...labels);
  end(() => {
    counts.tallies.add(HTTP_INFLIGHT, -1, ...labels);
    counts.tallies.observe(HTTP_DURATIONS, (clock.monotonic() - begin) / 1000, ...labels);
  });
}

/** Of metrics the part after the slash counts too. Upstream: `getURLRootPath`. */
function pathOf([first = '', second = '']: readonly string[]): string {
  const root = first === 'metrics' && second !== '' ? `${first}/${second}` : first;
  return PATHS.has(root) ? root : 'other';
}

/** When an answer is out, or nobody waits for it any more. */
export const whenAnswered =
  (response: ServerResponse) =>
  (done: () => void): void =>
    void response.once('close', done);
