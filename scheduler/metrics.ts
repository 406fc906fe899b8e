import { type Counter, exponentialBuckets, type Gauge, type Histogram, type Metrics } from '../runtime/index.ts';
import { type ExtensionPoint, pointLabel } from './framework/extension-points.ts';
import type { PluginMetrics } from './framework/plugin.ts';
import type { ProfileObserver } from './framework/profile.ts';
import type { QueueName } from './queue/scheduling-queue.ts';

/** How an attempt ended. */
export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

/** Numbers read when somebody asks. */
export interface SchedulerSizes {
  readonly queues: Readonly<Record<QueueName, number>>;
  readonly inFlightEvents: number;
  readonly bindings: number;
  readonly nodes: number;
  readonly pods: number;
  readonly assumedPods: number;
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
  readonly #unschedulable: Gauge;
  readonly #rejecting = new Map<string, number>();

  constructor(metrics: Metrics) {
    const histogram = (name: string, help: string, buckets: readonly number[], labels: readonly string[] = []) =>
      metrics.histogram({ name: `scheduler_${name}`, help, buckets, labels });
    const counter = (name: string, help: string, labels: readonly string[] = []) =>
      metrics.counter({ name: `scheduler_${name}`, help, labels });
    const gauge = (name: string, help: string, labels: readonly string[] = []) =>
      metrics.gauge({ name: `scheduler_${name}`, help, labels });
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
    this.#unschedulable = gauge('unschedulable_pods', 'Pods that a plugin keeps from being scheduled.', ['plugin', 'profile']);
  }

  /** Reads the sizes when metrics are read. */
  observeSizes(metrics: Metrics, read: () => SchedulerSizes): void {
    const pending = metrics.gauge({ name: 'scheduler_pending_pods', help: 'Pods that wait, by queue.', labels: ['queue'] });
    const cache = metrics.gauge({ name: 'scheduler_cache_size', help: 'Nodes and pods in the cache.', labels: ['type'] });
    const events = metrics.gauge({ name: 'scheduler_inflight_events', help: 'Events kept for pods being scheduled.', labels: ['event'] });
    const running = metrics.gauge({ name: 'scheduler_goroutines', help: 'Work under way, by kind.', labels: ['operation'] });
    metrics.onRead(() => {
      const { queues, inFlightEvents, bindings, nodes, pods, assumedPods } = read();
      for (const [queue, size] of Object.entries(queues)) pending.set(size, { queue });
      cache.set(nodes, { type: 'nodes' });
      cache.set(pods, { type: 'pods' });
      cache.set(assumedPods, { type: 'assumed_pods' });
      events.set(inFlightEvents, { event: 'All' });
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

  /** @param by 1 when the plugins have rejected a pod, -1 when it is tried again or gone. */
  rejecting(plugins: Iterable<string>, profile: string, by: 1 | -1): void {
    for (const plugin of plugins) {
      const key = `${plugin}/${profile}`;
      const count = Math.max(0, (this.#rejecting.get(key) ?? 0) + by);
      this.#rejecting.set(key, count);
      this.#unschedulable.set(count, { plugin, profile });
    }
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
