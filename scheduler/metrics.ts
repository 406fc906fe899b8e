import { type Counter, exponentialBuckets, type Histogram, type Metrics } from '../runtime/index.ts';
import { type ExtensionPoint, pointLabel } from './framework/extension-points.ts';
import type { PluginMetrics, QueuedPod } from './framework/plugin.ts';
import type { Profile, ProfileObserver } from './framework/profile.ts';
import type { HintTaken, QueueName } from './queue/scheduling-queue.ts';
import { evaluationsOf, growing, lastingGauge, rejectedPods } from './series.ts';

/** How an attempt ended. */
export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

/** Numbers read when somebody asks. */
export interface SchedulerSizes {
  readonly queues: Readonly<Record<QueueName, number>>;
  /** Pods being scheduled, and the events kept for them by name. */
  readonly inFlight: { readonly pods: number; readonly events: ReadonlyMap<string, number> };
  readonly bindings: number;
  readonly nodes: number;
  readonly pods: number;
  readonly assumedPods: number;
  /** Pods that wait. */
  readonly waiting: Iterable<QueuedPod>;
  readonly profiles: Iterable<Profile>;
}

/** What the scheduler counts, by upstream's names. Upstream: `pkg/scheduler/metrics/metrics.go`. */
export class SchedulerMetrics implements ProfileObserver, PluginMetrics {
  readonly #attempts: Counter;
  readonly #attemptSeconds: Histogram;
  readonly #algorithmSeconds: Histogram;
  readonly #victims: Histogram;
  readonly #preemptions: Counter;
  readonly #preemptionSeconds: Histogram;
  readonly #preemptionRuns: Counter;
  readonly #sliSeconds: Histogram;
  readonly #podAttempts: Histogram;
  readonly #pointSeconds: Histogram;
  readonly #pluginSeconds: Histogram;
  readonly #incoming: Counter;
  readonly #permitSeconds: Histogram;
  readonly #hintSeconds: Histogram;
  readonly #eventSeconds: Histogram;

  constructor(metrics: Metrics) {
    const histogram = (name: string, help: string, buckets: readonly number[], labels: readonly string[] = []) =>
      metrics.histogram({ name: `scheduler_${name}`, help, buckets, labels });
    const counter = (name: string, help: string, labels: readonly string[] = []) =>
      metrics.counter({ name: `scheduler_${name}`, help, labels });
    const seconds = exponentialBuckets(0.001, 2, 15);
    this.#attempts = counter('schedule_attempts_total', 'Attempts to schedule a pod, by their result.', ['result', 'profile']);
    this.#attemptSeconds = histogram('scheduling_attempt_duration_seconds', 'Length of an attempt, binding included.', seconds, [
      'result',
      'profile',
    ]);
    this.#algorithmSeconds = histogram('scheduling_algorithm_duration_seconds', 'Time it took to choose a node.', seconds);
    this.#victims = histogram('preemption_victims', 'Pods that had to go in one preemption.', exponentialBuckets(1, 2, 7));
    this.#preemptions = counter('preemption_attempts_total', 'Attempts at preemption.');
    this.#preemptionSeconds = histogram(
      'preemption_goroutines_duration_seconds',
      'Time it took to evict the victims.',
      exponentialBuckets(0.01, 2, 20),
      ['result'],
    );
    this.#preemptionRuns = counter('preemption_goroutines_execution_total', 'Preemptions carried out.', ['result']);
    this.#sliSeconds = histogram(
      'pod_scheduling_sli_duration_seconds',
      'From when a pod could be tried to its binding.',
      exponentialBuckets(0.01, 2, 20),
      ['attempts'],
    );
    this.#podAttempts = histogram('pod_scheduling_attempts', 'Attempts it took to schedule a pod.', exponentialBuckets(1, 2, 5));
    this.#pointSeconds = histogram(
      'framework_extension_point_duration_seconds',
      'Time all plugins of an extension point took.',
      exponentialBuckets(0.0001, 2, 12),
      ['extension_point', 'status', 'profile'],
    );
    this.#pluginSeconds = histogram(
      'plugin_execution_duration_seconds',
      'Time one plugin took, in a sample of the attempts.',
      exponentialBuckets(0.00001, 1.5, 20),
      ['plugin', 'extension_point', 'status'],
    );
    this.#incoming = counter('queue_incoming_pods_total', 'Pods that came into a queue, by what brought them.', ['queue', 'event']);
    this.#permitSeconds = histogram('permit_wait_duration_seconds', 'Time pods waited in Permit.', seconds, ['result']);
    this.#hintSeconds = histogram(
      'queueing_hint_execution_duration_seconds',
      'Time a queueing hint took, in a sample of the events.',
      exponentialBuckets(0.00001, 1.5, 20),
      ['plugin', 'event', 'hint'],
    );
    this.#eventSeconds = histogram(
      'event_handling_duration_seconds',
      'Time it took to take note of a change in the cluster.',
      exponentialBuckets(0.0001, 2, 12),
      ['event'],
    );
  }

  /** Reads the sizes when metrics are read. */
  observeSizes(metrics: Metrics, read: () => SchedulerSizes): void {
    const pending = metrics.gauge({ name: 'scheduler_pending_pods', help: 'Pods that wait, by queue.', labels: ['queue'] });
    const cache = metrics.gauge({ name: 'scheduler_cache_size', help: 'Nodes and pods in the cache.', labels: ['type'] });
    const events = metrics.gauge({ name: 'scheduler_inflight_events', help: 'Events kept for pods being scheduled.', labels: ['event'] });
    const running = metrics.gauge({ name: 'scheduler_goroutines', help: 'Work under way, by kind.', labels: ['operation'] });
    const unschedulable = metrics.gauge({
      name: 'scheduler_unschedulable_pods',
      help: 'Pods that wait because a plugin rejected them.',
      labels: ['plugin', 'profile'],
    });
    const evaluations = metrics.counter({
      name: 'scheduler_plugin_evaluation_total',
      help: 'How often plugins were asked about a pod, or a pod and a node.',
      labels: ['plugin', 'extension_point', 'profile'],
    });
    const [tellEvents, tellRejected] = [lastingGauge(events), lastingGauge(unschedulable)];
    const tellEvaluations = growing(evaluations);
    metrics.onRead(() => {
      const { queues, inFlight, bindings, nodes, pods, assumedPods, waiting, profiles } = read();
      for (const [queue, size] of Object.entries(queues)) pending.set(size, { queue });
      cache.set(nodes, { type: 'nodes' });
      cache.set(pods, { type: 'pods' });
      cache.set(assumedPods, { type: 'assumed_pods' });
      tellEvents([['PodPopped', inFlight.pods] as const, ...inFlight.events].map(([event, value]) => ({ value, labels: { event } })));
      tellRejected(rejectedPods(waiting));
      tellEvaluations(evaluationsOf(profiles));
      running.set(bindings, { operation: 'binding' });
    });
  }

  attempt(result: AttemptResult, profile: string, seconds: number): void {
    this.#attempts.inc({ result, profile });
    this.#attemptSeconds.observe(seconds, { result, profile });
  }

  algorithm(seconds: number): void {
    this.#algorithmSeconds.observe(seconds);
  }

  /** @param seconds since the pod could first be tried. */
  bound(attempts: number, seconds: number): void {
    this.#podAttempts.observe(attempts);
    this.#sliSeconds.observe(seconds, { attempts: attempts >= 15 ? '15+' : String(attempts) });
  }

  permitWaited(result: string, seconds: number): void {
    this.#permitSeconds.observe(seconds, { result });
  }

  incoming(queue: QueueName, event: string): void {
    this.#incoming.inc({ queue, event });
  }

  hinted({ plugin, event, result, seconds }: HintTaken): void {
    this.#hintSeconds.observe(seconds, { plugin, event, hint: result });
  }

  handled(event: string, seconds: number): void {
    this.#eventSeconds.observe(seconds, { event });
  }

  onPoint(point: ExtensionPoint, status: string, profile: string, seconds: number): void {
    this.#pointSeconds.observe(seconds, { extension_point: pointLabel(point), status, profile });
  }

  onPlugin(plugin: string, point: ExtensionPoint, status: string, seconds: number): void {
    this.#pluginSeconds.observe(seconds, { plugin, extension_point: pointLabel(point), status });
  }

  preemptionAttempt(): void {
    this.#preemptions.inc();
  }

  preemptionVictims(count: number): void {
    this.#victims.observe(count);
  }

  preemptionDone(result: 'success' | 'error', seconds: number): void {
    this.#preemptionRuns.inc({ result });
    this.#preemptionSeconds.observe(seconds, { result });
  }
}
