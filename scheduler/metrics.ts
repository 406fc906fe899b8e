import { type Counter, exponentialBuckets, type Histogram, type Metrics } from '../runtime/index.ts';
import { type ExtensionPoint, type ObservedPoint, pointLabel } from './framework/extension-points.ts';
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
    this.#attempts = counter(
      'schedule_attempts_total',
      "[STABLE] Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
      ['result', 'profile'],
    );
    this.#attemptSeconds = histogram(
      'scheduling_attempt_duration_seconds',
      '[STABLE] Scheduling attempt latency in seconds (scheduling algorithm + binding)',
      seconds,
      ['result', 'profile'],
    );
    this.#algorithmSeconds = histogram('scheduling_algorithm_duration_seconds', '[ALPHA] Scheduling algorithm latency in seconds', seconds);
    this.#victims = histogram('preemption_victims', '[STABLE] Number of selected preemption victims', exponentialBuckets(1, 2, 7));
    this.#preemptions = counter('preemption_attempts_total', '[STABLE] Total preemption attempts in the cluster till now');
    this.#preemptionSeconds = histogram(
      'preemption_goroutines_duration_seconds',
      '[ALPHA] Duration in seconds for running goroutines for the preemption.',
      exponentialBuckets(0.01, 2, 20),
      ['result'],
    );
    this.#preemptionRuns = counter('preemption_goroutines_execution_total', '[ALPHA] Number of preemption goroutines executed.', [
      'result',
    ]);
    this.#sliSeconds = histogram(
      'pod_scheduling_sli_duration_seconds',
      '[BETA] E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
      exponentialBuckets(0.01, 2, 20),
      ['attempts'],
    );
    this.#podAttempts = histogram(
      'pod_scheduling_attempts',
      '[STABLE] Number of attempts to successfully schedule a pod.',
      exponentialBuckets(1, 2, 5),
    );
    this.#pointSeconds = histogram(
      'framework_extension_point_duration_seconds',
      '[STABLE] Latency for running all plugins of a specific extension point.',
      exponentialBuckets(0.0001, 2, 12),
      ['extension_point', 'status', 'profile'],
    );
    this.#pluginSeconds = histogram(
      'plugin_execution_duration_seconds',
      '[ALPHA] Duration for running a plugin at a specific extension point.',
      exponentialBuckets(0.00001, 1.5, 20),
      ['plugin', 'extension_point', 'status'],
    );
    this.#incoming = counter('queue_incoming_pods_total', '[STABLE] Number of pods added to scheduling queues by event and queue type.', [
      'queue',
      'event',
    ]);
    this.#permitSeconds = histogram('permit_wait_duration_seconds', '[ALPHA] Duration of waiting on permit.', seconds, ['result']);
    this.#hintSeconds = histogram(
      'queueing_hint_execution_duration_seconds',
      '[ALPHA] Duration for running a queueing hint function of a plugin.',
      exponentialBuckets(0.00001, 1.5, 20),
      ['plugin', 'event', 'hint'],
    );
    this.#eventSeconds = histogram(
      'event_handling_duration_seconds',
      '[ALPHA] Event handling latency in seconds.',
      exponentialBuckets(0.0001, 2, 12),
      ['event'],
    );
  }

  /** Reads the sizes when metrics are read. */
  observeSizes(metrics: Metrics, read: () => SchedulerSizes): void {
    const pending = metrics.gauge({
      name: 'scheduler_pending_pods',
      help: "[STABLE] Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
      labels: ['queue'],
    });
    const cache = metrics.gauge({
      name: 'scheduler_cache_size',
      help: '[ALPHA] Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
      labels: ['type'],
    });
    const events = metrics.gauge({
      name: 'scheduler_inflight_events',
      help: '[ALPHA] Number of events currently tracked in the scheduling queue.',
      labels: ['event'],
    });
    const running = metrics.gauge({
      name: 'scheduler_goroutines',
      help: '[ALPHA] Number of running goroutines split by the work they do such as binding.',
      labels: ['operation'],
    });
    const unschedulable = metrics.gauge({
      name: 'scheduler_unschedulable_pods',
      help: '[ALPHA] The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
      labels: ['plugin', 'profile'],
    });
    const evaluations = metrics.counter({
      name: 'scheduler_plugin_evaluation_total',
      help: '[ALPHA] Number of attempts to schedule pods by each plugin and the extension point (available only in PreFilter, Filter, PreScore, and Score).',
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

  onPoint(point: ObservedPoint, status: string, profile: string, seconds: number): void {
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
