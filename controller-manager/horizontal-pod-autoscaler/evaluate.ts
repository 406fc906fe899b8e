import {
  fromLabelSelector,
  type HorizontalPodAutoscaler,
  type LabelSelector,
  type Live,
  type MetricSpec,
  type MetricStatus,
  parseQuantity,
  Quantity,
} from '../../api/index.ts';
import { goSelector } from '../shared/go-text.ts';
import type { MetricsClient } from './metrics-client.ts';
import { AMOUNT_MAX, byAverage, byShare, byUtilization, byValue, type PodsObserved, type Proposal } from './replica-calculator.ts';

type Target = NonNullable<MetricSpec['resource']>['target'];
type Value = NonNullable<MetricStatus['resource']>['current'];

/** What one of an autoscaler's metrics asks for. */
export interface Evaluation {
  readonly replicas: number;
  /** What the metric is called in events. */
  readonly metric: string;
  readonly status: MetricStatus;
}

/** A metric that could not be had, or not be used. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  /** Reason of the event and the condition. */
  readonly reason: string;
  /** What they say. */
  readonly detail: string;

  constructor(reason: string, detail: string, message: string) {
    super(message);
    this.reason = reason;
    this.detail = detail;
  }
}

/** All that metrics are evaluated with. */
export interface Inputs {
  readonly autoscaler: Live<HorizontalPodAutoscaler>;
  /** Selector of the target's pods, as text. */
  readonly selector: string;
  readonly statusReplicas: number;
  readonly observed: PodsObserved;
  readonly metrics: MetricsClient;
}

/**
 * Measures one metric, and says how many pods it asks for. Upstream: `computeReplicasForMetric`.
 *
 * @throws MetricError
 */
export function evaluateMetric(spec: MetricSpec, inputs: Inputs): Promise<Evaluation> {
  const { object, pods, resource, containerResource, external } = spec;
  if (spec.type === 'Object' && object)
    return failing('FailedGetObjectMetric', 'failed to get object metric value', () => ofObject(object, inputs));
  if (spec.type === 'Pods' && pods) return failing('FailedGetPodsMetric', 'failed to get pods metric value', () => ofPods(pods, inputs));
  if (spec.type === 'Resource' && resource) {
    const what = `failed to get ${resource.name} resource metric value`;
    return failing('FailedGetResourceMetric', what, async () => {
      const { current, ...rest } = await ofResource(resource, undefined, inputs);
      return { ...rest, status: { type: spec.type, resource: { name: resource.name, current } } };
    });
  }
  if (spec.type === 'ContainerResource' && containerResource) {
    const { name, container } = containerResource;
    return failing('FailedGetContainerResourceMetric', `failed to get ${container} container metric value`, async () => {
      const { current, ...rest } = await ofResource(containerResource, container, inputs);
      return { ...rest, status: { type: spec.type, containerResource: { name, container, current } } };
    });
  }
  if (spec.type === 'External' && external) {
    const what = `failed to get ${external.metric.name} external metric value`;
    return failing('FailedGetExternalMetric', what, () => ofExternal(external, inputs));
  }
  const unknown = `unknown metric source type ${JSON.stringify(spec.type)}`;
  return Promise.reject(new MetricError('InvalidMetricSourceType', unknown, unknown));
}

async function failing(reason: string, what: string, evaluate: () => Promise<Evaluation>): Promise<Evaluation> {
  try {
    return await evaluate();
  } catch (error) {
    const outer = error instanceof OuterError ? error : undefined;
    const detail = outer?.cause instanceof Error ? outer.cause.message : messageOf(error);
    throw new MetricError(reason, detail, `${what}: ${messageOf(error)}`);
  }
}

/** An error that says more to who asked for the evaluation than in events. */
class OuterError extends Error {}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Puts words before an error's message. */
async function explained<T>(
  what: string,
  work: () => Promise<T> | T,
  Kind: new (message: string, options: ErrorOptions) => Error = Error,
  by = ': ',
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Kind(`${what}${by}${messageOf(error)}`, { cause: error });
  }
}

const milli = (value: number): string => Quantity.ofMilli(value >= AMOUNT_MAX ? INT64_MAX : Math.trunc(value)).canonical();
const INT64_MAX = 2n ** 63n - 1n;

/** As metrics-server writes amounts: those of memory in powers of 1024, where they are whole. */
const amountOf = (resource: string, value: number): string =>
  Quantity.ofMilli(Math.trunc(value), resource === 'memory' ? 'BinarySI' : 'DecimalSI').canonical();

const selectorText = (selector: LabelSelector | undefined): string => (selector ? fromLabelSelector(selector).toString() : '');

/** As Go prints a pointer to a selector that may be nil. */
const described = (name: string, selector: LabelSelector | undefined): string =>
  `external metric ${name}(${selector ? goSelector(selector) : 'nil'})`;

async function ofResource(
  { name, target }: { readonly name: string; readonly target: Target },
  container: string | undefined,
  { autoscaler, selector, observed, metrics }: Inputs,
): Promise<{ replicas: number; metric: string; current: Value }> {
  const { namespace = '' } = autoscaler.metadata;
  const measure = () =>
    explained(`unable to get metrics for resource ${name}`, () => metrics.resource(name, namespace, selector, container));
  const { averageValue, averageUtilization } = target;
  if (averageValue !== undefined) {
    const { replicas, usage } = await explained(`failed to get ${name} usage`, async () =>
      byAverage(observed, await measure(), parseQuantity(averageValue).milli(), name),
    );
    return { replicas, metric: `${name} resource`, current: { averageValue: amountOf(name, usage) } };
  }
  if (averageUtilization === undefined) {
    throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  }
  const { replicas, usage, utilization } = await explained(`failed to get ${name} utilization`, async () =>
    byUtilization(observed, await measure(), { resource: name, container, target: averageUtilization }),
  );
  const metric = `${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`;
  return { replicas, metric, current: { averageUtilization: utilization, averageValue: amountOf(name, usage) } };
}

async function ofPods({ metric, target }: NonNullable<MetricSpec['pods']>, inputs: Inputs): Promise<Evaluation> {
  const { autoscaler, selector, observed, metrics } = inputs;
  const wanted = { namespace: autoscaler.metadata.namespace ?? '', name: metric.name, labels: selectorText(metric.selector) };
  const measured = await explained(`unable to get metric ${metric.name}`, () => metrics.pods(wanted, selector));
  const { replicas, usage } = byAverage(observed, measured, parseQuantity(target.averageValue ?? '0').milli(), undefined);
  return {
    replicas,
    metric: `pods metric ${metric.name}`,
    status: { type: 'Pods', pods: { metric, current: { averageValue: milli(usage) } } },
  };
}

async function ofObject({ metric, target, describedObject }: NonNullable<MetricSpec['object']>, inputs: Inputs): Promise<Evaluation> {
  const { autoscaler, observed, metrics, statusReplicas } = inputs;
  const { namespace = '' } = autoscaler.metadata;
  const wanted = { namespace, name: metric.name, labels: selectorText(metric.selector) };
  // Upstream gives its format the error last, which has it in the middle.
  const of = `unable to get metric ${metric.name}: ${describedObject.kind} on ${namespace} ${describedObject.name}`;
  const measure = () => explained(of, () => metrics.object(wanted, describedObject), Error, '/');
  const statusOf = (current: Value): MetricStatus => ({ type: 'Object', object: { metric, current, describedObject } });
  if (target.type === 'Value' && target.value !== undefined) {
    const { replicas, usage } = byValue(observed, await measure(), parseQuantity(target.value).milli());
    return { replicas, metric: `${describedObject.kind} metric ${metric.name}`, status: statusOf({ value: milli(usage) }) };
  }
  if (target.type !== 'AverageValue' || target.averageValue === undefined) {
    throw new Error('invalid object metric source: neither a value target nor an average value target was set');
  }
  const measured = await explained(`failed to get ${metric.name} object metric`, measure, OuterError);
  const { replicas, usage } = byShare(measured, parseQuantity(target.averageValue).milli(), statusReplicas, observed.tolerances);
  return { replicas, metric: described(metric.name, metric.selector), status: statusOf({ averageValue: milli(usage) }) };
}

async function ofExternal({ metric, target }: NonNullable<MetricSpec['external']>, inputs: Inputs): Promise<Evaluation> {
  const { autoscaler, observed, metrics, statusReplicas } = inputs;
  const { namespace = '' } = autoscaler.metadata;
  const { name, selector } = metric;
  const of = `unable to get external metric ${namespace}/${name}/${selector ? goSelector(selector) : 'nil'}`;
  const measure = async (): Promise<number> => {
    const values = await explained(of, () => metrics.external(name, namespace, selectorText(selector)));
    return values.reduce((sum, value) => sum + value, 0);
  };
  // Upstream takes a sum below zero for one that has overflown.
  const measureShared = async (): Promise<number> => {
    const sum = await measure();
    return sum < 0 ? AMOUNT_MAX : sum;
  };
  const evaluationOf = ({ replicas }: Proposal, current: Value): Evaluation => ({
    replicas,
    metric: described(name, selector),
    status: { type: 'External', external: { metric, current } },
  });
  if (target.averageValue !== undefined) {
    const measured = await explained(`failed to get ${name} external metric`, measureShared, OuterError);
    const proposal = byShare(measured, parseQuantity(target.averageValue).milli(), statusReplicas, observed.tolerances);
    return evaluationOf(proposal, { averageValue: milli(proposal.usage) });
  }
  if (target.value === undefined) {
    throw new Error('invalid external metric source: neither a value target nor an average value target was set');
  }
  const wanted = parseQuantity(target.value).milli();
  const proposal = await explained(
    `failed to get external metric ${name}`,
    async () => byValue(observed, await measure(), wanted),
    OuterError,
  );
  return evaluationOf(proposal, { value: milli(proposal.usage) });
}
