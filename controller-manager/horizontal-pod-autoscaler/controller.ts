import {
  autoscalingKinds,
  type HorizontalPodAutoscaler,
  keyOf,
  type LabelSelectorQuery,
  type Live,
  type MetricStatus,
  type Pod,
  parseLabelSelector,
  parseQuantity,
  toTime,
} from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { countTimed } from '../shared/controller-metrics.ts';
import { deepEqual } from '../shared/equality.ts';
import { groupOf, type LiveScale, Scales } from '../shared/scales.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { type Evaluation, evaluateMetric, MetricError } from './evaluate.ts';
import { ScaleHistory } from './history.ts';
import { MetricsClient } from './metrics-client.ts';
import { longestPeriodMs, normalize } from './normalize.ts';
import type { Tolerances } from './replica-calculator.ts';
import { rescale, type Target } from './rescale.ts';

const KIND = autoscalingKinds.horizontalpodautoscalers;

type Autoscaler = Live<HorizontalPodAutoscaler>;
type Status = HorizontalPodAutoscaler['status'];
type ConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';

export const horizontalPodAutoscalerController: ControllerDescriptor = {
  name: 'horizontal-pod-autoscaler-controller',
  alias: 'horizontalpodautoscaling',
  create: (context) => new HorizontalPodAutoscalerController(context),
};

/** How metrics call what went wrong. */
type ErrorLabel = 'none' | 'internal';
type Action = 'scale_up' | 'scale_down' | 'none';

const actionOf = (current: number, wanted: number): Action => (wanted > current ? 'scale_up' : wanted < current ? 'scale_down' : 'none');

/** What is to be done about the target, and what is known by then. */
interface Wanted {
  readonly replicas: number;
  readonly reason: string;
  readonly metrics: MetricStatus[] | undefined;
  /** Some metrics could not be had, though others could. */
  readonly error?: unknown;
}

/** It ends with what is known: nothing is done about the target. */
class GiveUp extends Error {
  readonly metrics: MetricStatus[] | undefined;

  constructor(message: string, metrics?: MetricStatus[]) {
    super(message);
    this.metrics = metrics;
  }
}

/** Scales targets of any kind to what their metrics ask for, each once a period. */
class HorizontalPodAutoscalerController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #pods: Informer<Pod>;
  readonly #scales: Scales;
  readonly #metrics: MetricsClient;
  readonly #histories = new Map<string, ScaleHistory>();
  /** The selectors of targets, to find pods that have two masters. */
  readonly #selectors = new Map<string, LabelSelectorQuery>();
  readonly #stale = new StaleGuard();
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    const { client, clock, informers, settings } = context;
    this.#context = context;
    this.#queue = new WorkQueue({ clock });
    this.#autoscalers = informers.horizontalPodAutoscalers();
    this.#pods = informers.pods();
    this.#scales = new Scales(client);
    this.#metrics = new MetricsClient(client, this.#scales);
    this.#recorder = context.recorder('horizontal-pod-autoscaler');
    const enqueue = (autoscaler: Autoscaler) => this.#queue.addAfter(keyOf(autoscaler), settings.autoscalerSyncPeriodMs);
    this.#autoscalers.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: (autoscaler) => this.#queue.add(keyOf(autoscaler)) });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: horizontalPodAutoscalerController.name,
      queue: this.#queue,
      workers: settings.concurrentAutoscalerSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  /** What fails is tried again a period later, as if it had not: metrics come and go. */
  async #reconcile(key: string): Promise<{ requeueAfterMs: number } | undefined> {
    const autoscaler = this.#autoscalers.getByKey(key);
    if (!autoscaler) {
      this.#histories.delete(key);
      this.#selectors.delete(key);
      this.#stale.forget(key);
      return undefined;
    }
    if (!this.#stale.isStale(autoscaler)) {
      const { clock, metrics } = this.#context;
      const { reconciliations: total, reconciliationSeconds: seconds } = metrics.autoscaler;
      const begin = clock.monotonic();
      const run = new Run(autoscaler, this.#recorder, clock.now());
      const count = (error: ErrorLabel) => countTimed({ total, seconds }, { action: run.action, error }, clock.monotonic() - begin);
      try {
        await this.#scale(key, run);
        count('none');
      } catch (error) {
        count('internal');
        this.#context.logger.info({ autoscaler: key, err: error }, 'autoscaler could not do all it should, will retry');
      }
    }
    return { requeueAfterMs: this.#context.settings.autoscalerSyncPeriodMs };
  }

  async #scale(key: string, run: Run): Promise<void> {
    try {
      const target = await this.#target(run);
      run.status.currentReplicas = target.scale.spec.replicas || undefined;
      run.status.currentMetrics = undefined;
      const wanted = await this.#wanted(key, run, target.scale);
      run.status.currentMetrics = wanted.metrics;
      await this.#apply(key, run, target, wanted);
      await this.#writeStatus(run);
      if (wanted.error !== undefined) throw wanted.error;
    } catch (error) {
      if (!(error instanceof GiveUp)) throw error;
      if (error.metrics) run.status.currentMetrics = error.metrics;
      await this.#writeStatus(run);
      throw error;
    }
  }

  async #target(run: Run): Promise<Target> {
    const { metadata, spec } = run.autoscaler;
    const { apiVersion = '', kind, name } = spec.scaleTargetRef;
    try {
      const info = await this.#scales.kindOf(groupOf(apiVersion), kind);
      if (!info) throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(groupOf(apiVersion))}`);
      const scale = await this.#scales.get(info, metadata.namespace ?? '', name);
      run.condition('AbleToScale', true, 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
      return {
        scale,
        read: () => this.#scales.get(info, metadata.namespace ?? '', name),
        update: (changed) => this.#scales.update(info, changed),
      };
    } catch (error) {
      const why = messageOf(error);
      run.warn('FailedGetScale', why);
      run.condition('AbleToScale', false, 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${why}`);
      throw new GiveUp(why);
    }
  }

  /** How many pods there should be, and why. */
  async #wanted(key: string, run: Run, scale: LiveScale): Promise<Wanted> {
    const { minReplicas = 1, maxReplicas } = run.autoscaler.spec;
    const current = scale.spec.replicas ?? 0;
    this.#historyOf(key).begin(current, run.now);
    if (current === 0 && minReplicas !== 0) {
      run.condition('ScalingActive', false, 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
      return { replicas: 0, reason: '', metrics: undefined };
    }
    const outside = (replicas: number, reason: string): Wanted => ({ replicas, reason, metrics: undefined });
    if (current > maxReplicas) return outside(maxReplicas, 'Current number of replicas above Spec.MaxReplicas');
    if (current < minReplicas) return outside(minReplicas, 'Current number of replicas below Spec.MinReplicas');
    const measured = await this.#measure(key, run, scale);
    return { ...measured, replicas: this.#decide(key, run, current, measured.replicas) };
  }

  /** What metrics ask for. */
  async #measure(key: string, run: Run, scale: LiveScale): Promise<Wanted> {
    const current = scale.spec.replicas ?? 0;
    const selector = this.#selectorOf(key, run, scale);
    const { metrics = [] } = run.autoscaler.spec;
    const { namespace } = run.autoscaler.metadata;
    const { settings } = this.#context;
    const observed = {
      pods: this.#pods.list(namespace).filter((pod) => selector.matches(pod.metadata.labels)),
      currentReplicas: current,
      tolerances: tolerancesOf(run.autoscaler, settings.autoscalerTolerance),
      cpuInitializationMs: settings.autoscalerCpuInitializationMs,
      initialReadinessDelayMs: settings.autoscalerInitialReadinessDelayMs,
      now: run.now,
    };
    const inputs = {
      autoscaler: run.autoscaler,
      selector: scale.status.selector ?? '',
      statusReplicas: scale.status.replicas ?? 0,
      observed,
      metrics: this.#metrics,
    };
    const outcomes: (Evaluation | MetricError)[] = [];
    const { clock, metrics: counted } = this.#context;
    const { computations: total, computationSeconds: seconds } = counted.autoscaler;
    for (const spec of metrics) {
      const begin = clock.monotonic();
      const outcome = await evaluateMetric(spec, inputs).catch(metricErrorOf);
      const isError = outcome instanceof MetricError;
      const labels = { action: isError ? 'none' : actionOf(current, outcome.replicas), error: isError ? 'internal' : 'none' };
      countTimed({ total, seconds }, { ...labels, metric_type: spec.type }, clock.monotonic() - begin);
      outcomes.push(outcome);
    }
    return judge(run, current, outcomes);
  }

  /** The target's selector, which has to be there, and to share no pod with that of another autoscaler. */
  #selectorOf(key: string, run: Run, { status }: LiveScale): LabelSelectorQuery {
    const fail = (reason: string, message: string, condition: string): never => {
      run.warn(reason, message);
      run.condition('ScalingActive', false, reason === 'SelectorRequired' ? 'InvalidSelector' : reason, condition);
      run.warn('FailedComputeMetricsReplicas', message);
      throw new GiveUp(message);
    };
    const text = status.selector ?? '';
    if (text === '') return fail('SelectorRequired', 'selector is required', "the HPA target's scale is missing a selector");
    const selector = parseLabelSelector(text);
    this.#selectors.set(key, selector);
    const { namespace = '' } = run.autoscaler.metadata;
    const masters = this.#mastersOf(namespace, selector);
    if (masters.length < 2) return selector;
    const names = masters.map((name) => `${namespace}/${name}`).join(' ');
    const message = `pods by selector ${text} are controlled by multiple HPAs: [${names}]`;
    return fail('AmbiguousSelector', message, message);
  }

  /** Names of the autoscalers of a namespace that scale pods of a selector. */
  #mastersOf(namespace: string, selector: LabelSelectorQuery): string[] {
    const pods = this.#pods.list(namespace).filter(({ metadata }) => selector.matches(metadata.labels));
    const prefix = `${namespace}/`;
    return [...this.#selectors]
      .filter(([key, other]) => key.startsWith(prefix) && pods.some(({ metadata }) => other.matches(metadata.labels)))
      .map(([key]) => key.slice(prefix.length))
      .sort();
  }

  /** What is done about what metrics ask for. */
  #decide(key: string, run: Run, current: number, desired: number): number {
    const { minReplicas = 1, maxReplicas, behavior } = run.autoscaler.spec;
    const { replicas, able, limited } = normalize({
      desired,
      current,
      min: minReplicas,
      max: maxReplicas,
      behavior,
      history: this.#historyOf(key),
      downscaleStabilizationMs: this.#context.settings.autoscalerDownscaleStabilizationMs,
      now: run.now,
    });
    run.condition('AbleToScale', true, able.reason, able.message);
    run.condition('ScalingLimited', limited.status, limited.reason, limited.message);
    return replicas;
  }

  async #apply(key: string, run: Run, target: Target, { replicas, reason, metrics }: Wanted): Promise<void> {
    const current = target.scale.spec.replicas ?? 0;
    if (replicas === current) {
      run.status.desiredReplicas = current;
      return;
    }
    try {
      await rescale(target, replicas, this.#context.clock);
    } catch (error) {
      const why = messageOf(error);
      run.warn('FailedRescale', `New size: ${replicas}; reason: ${reason}; error: ${why}`);
      run.condition('AbleToScale', false, 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${why}`);
      throw new GiveUp(why, metrics);
    }
    run.condition('AbleToScale', true, 'SucceededRescale', `the HPA controller was able to update the target scale to ${replicas}`);
    run.normal('SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`);
    run.action = actionOf(current, replicas);
    const { behavior } = run.autoscaler.spec;
    const change = replicas - current;
    if (behavior) this.#historyOf(key).scaled(change, run.now, longestPeriodMs(behavior, change));
    run.status.desiredReplicas = replicas;
    run.status.lastScaleTime = toTime(run.now);
  }

  async #writeStatus({ autoscaler, status, warn }: Run): Promise<void> {
    const before = { ...autoscaler.status, currentMetrics: autoscaler.status.currentMetrics ?? undefined };
    if (deepEqual(before, status)) return;
    try {
      const written = await this.#context.client.resource<HorizontalPodAutoscaler>(KIND).updateStatus({ ...autoscaler, status });
      this.#stale.wrote(autoscaler, written);
    } catch (error) {
      warn('FailedUpdateStatus', messageOf(error));
      throw error;
    }
  }

  #historyOf(key: string): ScaleHistory {
    const history = this.#histories.get(key) ?? new ScaleHistory();
    this.#histories.set(key, history);
    return history;
  }
}

/** One look at an autoscaler: its status as it comes to be, and its events. */
class Run {
  readonly autoscaler: Autoscaler;
  readonly now: number;
  readonly status: Status;
  /** What was done to the target. */
  action: Action = 'none';
  readonly #recorder: EventRecorder;

  constructor(autoscaler: Autoscaler, recorder: EventRecorder, now: number) {
    this.autoscaler = autoscaler;
    this.now = now;
    this.#recorder = recorder;
    const { lastScaleTime, conditions, desiredReplicas, currentReplicas, currentMetrics } = autoscaler.status;
    const measured = { currentMetrics: currentMetrics ?? undefined };
    this.status = { lastScaleTime, conditions, desiredReplicas: desiredReplicas ?? 0, currentReplicas, ...measured };
  }

  readonly warn = (reason: string, message: string): void =>
    this.#recorder.event(subjectOf(KIND, this.autoscaler), 'Warning', reason, message);

  normal(reason: string, message: string): void {
    this.#recorder.event(subjectOf(KIND, this.autoscaler), 'Normal', reason, message);
  }

  condition(type: ConditionType, is: boolean, reason: string, message: string): void {
    const conditions = this.status.conditions ?? [];
    const index = conditions.findIndex((condition) => condition.type === type);
    const before = conditions[index];
    const status = is ? 'True' : 'False';
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : toTime(this.now);
    const condition = { type, status, lastTransitionTime, reason, message };
    this.status.conditions = before ? conditions.with(index, condition) : [...conditions, condition];
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function metricErrorOf(error: unknown): MetricError {
  if (error instanceof MetricError) return error;
  throw error;
}

/** How far use may be from its target; the behaviour may say otherwise for either direction. */
function tolerancesOf({ spec }: Autoscaler, fallback: number): Tolerances {
  const toleranceOf = (text: string | undefined) => (text === undefined ? fallback : parseQuantity(text).approximate());
  return { up: toleranceOf(spec.behavior?.scaleUp?.tolerance), down: toleranceOf(spec.behavior?.scaleDown?.tolerance) };
}

/** The metric that asks for most pods wins; one that cannot be had keeps the others from scaling down. Upstream: `computeReplicasForMetrics`. */
function judge(run: Run, current: number, outcomes: readonly (Evaluation | MetricError)[]): Wanted {
  const metrics = outcomes.map((outcome) => (outcome instanceof MetricError ? { type: '' } : outcome.status));
  const errors = outcomes.filter((outcome) => outcome instanceof MetricError);
  for (const { reason, detail } of errors) run.warn(reason, detail);
  const [first] = errors;
  const error =
    first && new Error(`invalid metrics (${errors.length} invalid out of ${outcomes.length}), first error is: ${first.message}`);
  const best = highest(outcomes);
  if (!best || (first && best.replicas < current)) throw noCount(run, first, error, metrics);
  const { replicas, metric } = best;
  run.condition('ScalingActive', true, 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${metric}`);
  const reason = replicas > current ? `${metric} above target` : replicas < current ? 'All metrics below target' : '';
  return { replicas, reason, metrics, error };
}

function highest(outcomes: readonly (Evaluation | MetricError)[]): Evaluation | undefined {
  let best: Evaluation | undefined;
  for (const outcome of outcomes) {
    if (outcome instanceof MetricError) continue;
    if (!best || best.replicas === 0 || outcome.replicas > best.replicas) best = outcome;
  }
  return best;
}

function noCount(run: Run, first: MetricError | undefined, error: Error | undefined, metrics: MetricStatus[]): GiveUp {
  if (first) run.condition('ScalingActive', false, first.reason, `the HPA was unable to compute the replica count: ${first.detail}`);
  const message = error?.message ?? 'there are no metrics';
  run.warn('FailedComputeMetricsReplicas', message);
  return new GiveUp(message, metrics);
}
