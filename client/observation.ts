// What goes on in a process, for its metrics: told over Node's diagnostics channels, so that nothing between here and the process has to
// hand a registry on, and nothing is done when nobody listens.
import { channel } from 'node:diagnostics_channel';
import { exponentialBuckets, type Metrics } from '../runtime/index.ts';
import type { KeyQueue, QueueObserver } from './types.ts';

interface Observed<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
  subscribe(listener: (message: unknown) => void): void;
}

/** A controller that begins to work through its queue. */
export interface ControllerStarted {
  readonly name: string;
  readonly queue: KeyQueue;
}

/** An answer of the API server; the code is `<error>` when there was none. */
export interface RequestAnswered {
  readonly method: string;
  readonly host: string;
  readonly code: string;
  readonly tookMs: number;
  /** Sizes of the bodies; the answer's is undefined where it is not known. */
  readonly sentBytes: number;
  readonly receivedBytes: number | undefined;
}

/** A request that was held back so as not to be too many, or not. */
export interface RequestPaced {
  readonly method: string;
  readonly host: string;
  readonly delayMs: number;
}

/** A request that is sent once more because of an answer. */
export interface RequestRetried {
  readonly method: string;
  readonly host: string;
  readonly code: string;
}

/** A lease that is now held, or no longer. */
export interface LeadershipChanged {
  readonly name: string;
  readonly leads: boolean;
}

export const controllerStarted: Observed<ControllerStarted> = channel('nanokube:controller-started');
export const requestAnswered: Observed<RequestAnswered> = channel('nanokube:request-answered');
export const requestPaced: Observed<RequestPaced> = channel('nanokube:request-paced');
export const requestRetried: Observed<RequestRetried> = channel('nanokube:request-retried');
export const leadershipChanged: Observed<LeadershipChanged> = channel('nanokube:leadership-changed');

/** Of client-go: `rest_client_request_duration_seconds`. */
const REQUEST_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const BODY_BYTES = [64, 256, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];
/** Of component-base: from 10 ns on, ten times as much each. */
const QUEUE_SECONDS = exponentialBuckets(10e-9, 10, 10);

/** What queues are called in metrics, by the names of their controllers; those of others are their own. */
export type QueueNames = Readonly<Record<string, string>>;

/**
 * Counts what goes on in this process from now on, by upstream's names: `workqueue_*`, `rest_client_*`, `leader_election_master_status`.
 * Upstream: `component-base/metrics/prometheus`.
 */
export function countClientMetrics(metrics: Metrics, queueNames: QueueNames = {}): void {
  countQueues(metrics, queueNames);
  countRequests(metrics);
  const leads = metrics.gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process leads: 1 or 0; name is that of the lease.',
    labels: ['name'],
  });
  leadershipChanged.subscribe((message) => {
    const { name, leads: yes } = message as LeadershipChanged;
    leads.set(yes ? 1 : 0, { name });
  });
}

function countRequests(metrics: Metrics): void {
  const total = metrics.counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by code, method and host.',
    labels: ['code', 'host', 'method'],
  });
  const duration = metrics.histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'How long the API server took to answer, by verb and host.',
    labels: ['host', 'verb'],
    buckets: REQUEST_SECONDS,
  });
  const bodies = (name: string, help: string) => metrics.histogram({ name, help, labels: ['host', 'verb'], buckets: BODY_BYTES });
  const sent = bodies('rest_client_request_size_bytes', 'Sizes of the bodies of requests to the API server, by verb and host.');
  const received = bodies('rest_client_response_size_bytes', 'Sizes of the bodies of its answers, by verb and host.');
  requestAnswered.subscribe((message) => {
    const { method, host, code, tookMs, sentBytes, receivedBytes } = message as RequestAnswered;
    total.inc({ code, host, method });
    duration.observe(tookMs / 1000, { host, verb: method });
    sent.observe(sentBytes, { host, verb: method });
    if (receivedBytes !== undefined) received.observe(receivedBytes, { host, verb: method });
  });
  countPacing(metrics);
}

/** What the client's own limit holds back, and what is sent again. */
function countPacing(metrics: Metrics): void {
  const paced = metrics.histogram({
    name: 'rest_client_rate_limiter_duration_seconds',
    help: 'How long requests were held back so as not to be too many, by verb and host.',
    labels: ['host', 'verb'],
    buckets: REQUEST_SECONDS,
  });
  const retries = metrics.counter({
    name: 'rest_client_request_retries_total',
    help: 'Requests that were sent again, by the code of the answer before, verb and host.',
    labels: ['code', 'host', 'verb'],
  });
  requestPaced.subscribe((message) => {
    const { method, host, delayMs } = message as RequestPaced;
    paced.observe(delayMs / 1000, { host, verb: method });
  });
  requestRetried.subscribe((message) => {
    const { method, host, code } = message as RequestRetried;
    retries.inc({ code, host, verb: method });
  });
}

function countQueues(metrics: Metrics, queueNames: QueueNames): void {
  const labels = ['name'];
  const depth = metrics.gauge({ name: 'workqueue_depth', help: 'Keys that wait in the queue.', labels });
  const adds = metrics.counter({ name: 'workqueue_adds_total', help: 'Keys that were added to the queue.', labels });
  const retries = metrics.counter({ name: 'workqueue_retries_total', help: 'Keys that were added again after a failure.', labels });
  const waited = metrics.histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys waited in the queue.',
    labels,
    buckets: QUEUE_SECONDS,
  });
  const worked = metrics.histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long it took to work on a key.',
    labels,
    buckets: QUEUE_SECONDS,
  });
  const unfinished = metrics.gauge({
    name: 'workqueue_unfinished_work_seconds',
    help: 'How long the keys that are worked on have been, all together.',
    labels,
  });
  const longest = metrics.gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How long the key has been worked on that was taken first.',
    labels,
  });
  const queues = new Map<string, KeyQueue>();
  metrics.onRead(() => {
    for (const [name, queue] of queues) {
      const ages = queue.processingMs?.() ?? [];
      unfinished.set(ages.reduce((sum, ms) => sum + ms, 0) / 1000, { name });
      longest.set(Math.max(0, ...ages) / 1000, { name });
    }
  });
  controllerStarted.subscribe((message) => {
    const { name: controller, queue } = message as ControllerStarted;
    const name = queueNames[controller] ?? controller;
    queues.set(name, queue);
    depth.set(queue.length, { name });
    adds.inc({ name }, 0);
    retries.inc({ name }, 0);
    const observer: QueueObserver = {
      onAdd: (length) => {
        adds.inc({ name });
        depth.set(length, { name });
      },
      onGet: (length, waitMs) => {
        depth.set(length, { name });
        waited.observe(waitMs / 1000, { name });
      },
      onDone: (workMs) => worked.observe(workMs / 1000, { name }),
      onRetry: () => retries.inc({ name }),
    };
    queue.observe?.(observer);
  });
}
