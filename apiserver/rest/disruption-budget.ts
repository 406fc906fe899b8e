// What disruption budgets say to an eviction. Upstream: `pkg/registry/core/pod/storage/eviction.go`.
import {
  type ApiError,
  apiError,
  type Condition,
  fromLabelSelector,
  type KubeObject,
  type LabelSelectorQuery,
  type Live,
  NOTHING,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
  SelectorError,
  toTime,
} from '../../api/index.ts';
import { noAdmission } from '../registry/admission-chain.ts';
import { plainError } from '../registry/store-errors.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { sortedMap } from '../strategies/shared.ts';
import type { Rest } from './rest.ts';

const KIND = policyKinds.poddisruptionbudgets;
/** Evictions that were granted and not seen yet by the budget's controller; with more, there are no others. */
const DISRUPTED_PODS_MAX = 2000;
/** How long to wait for a budget that is not up to date. */
const RETRY_SECONDS = 10;
const VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget.";

/** The budget that guards a pod. @throws ApiError (500) when there are several. */
export function budgetOf(rest: Rest, pod: Pod): Live<PodDisruptionBudget> | undefined {
  const { namespace = '', labels } = pod.metadata;
  const all = rest.objects.list<PodDisruptionBudget>(KIND, namespace);
  const own = all.filter(({ spec }) => queryOf(spec.selector).matches(labels));
  if (own.length > 1) throw plainError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  return own[0];
}

/** A budget whose selector cannot be read guards nothing, as one without. */
function queryOf(selector: PodDisruptionBudget['spec']['selector']): LabelSelectorQuery {
  if (!selector) return NOTHING;
  try {
    return fromLabelSelector(selector);
  } catch (error) {
    if (error instanceof SelectorError) return NOTHING;
    throw error;
  }
}

/** Whether a pod that is not ready may go without being counted, as it is not among the healthy ones. */
export function mayGoUncounted(pod: Pod, { spec, status }: Live<PodDisruptionBudget>): boolean {
  const isReady = pod.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  if (isReady) return false;
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0;
}

/** Takes one disruption from a budget, in the name of a pod. @throws ApiError (429, 403) when it has none to give. */
export async function takeDisruption(
  rest: Rest,
  context: RequestContext,
  { metadata }: Live<PodDisruptionBudget>,
  pod: Pod,
): Promise<void> {
  const endpoint = rest.endpointOf(KIND);
  const strategy = endpoint?.resource.strategy.subresources?.status;
  if (!endpoint || !strategy) throw new Error(`${KIND.resource}/status is not served`);
  const { resource, registry } = endpoint;
  await registry.update({
    context,
    admission: noAdmission,
    name: metadata.name,
    subresource: 'status',
    strategy,
    uidIsPrecondition: false,
    mayCreate: false,
    next: (current, old) => {
      if (!current) throw apiError.notFound(resource.subject, metadata.name);
      // What is kept under this kind's keys is of this kind.
      const budget = current.parse() as KubeObject as PodDisruptionBudget;
      decrement(budget, pod.metadata.name ?? '', context.now);
      resource.fields.track({ manager: 'kube-apiserver', subresource: 'status', now: context.now, live: old, next: budget });
      return budget;
    },
  });
}

function decrement(budget: PodDisruptionBudget, podName: string, now: number): void {
  const { metadata, status } = budget;
  const { name = '' } = metadata;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) throw beingProcessed(name);
  const subject = { group: KIND.group, resource: 'poddisruptionbudget' };
  if (status.disruptionsAllowed < 0) throw apiError.forbidden(subject, name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_PODS_MAX) {
    throw apiError.forbidden(subject, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  }
  if (status.disruptionsAllowed === 0) {
    const { desiredHealthy, currentHealthy } = status;
    throw tooMany(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`, 0);
  }
  status.disruptionsAllowed -= 1;
  if (status.disruptionsAllowed === 0) status.conditions = exhausted(status, now);
  status.disruptedPods = sortedMap({ ...status.disruptedPods, [podName]: toTime(now) });
}

/** A budget that is not up to date, or of which the pod's part has just changed. */
export const beingProcessed = (name: string): ApiError =>
  tooMany(`The disruption budget ${name} is still being processed by the server.`, RETRY_SECONDS);

const tooMany = (message: string, retryAfterSeconds: number): ApiError =>
  apiError.custom({
    code: 429,
    reason: 'TooManyRequests',
    message: VIOLATION,
    details: {
      causes: [{ reason: 'DisruptionBudget', message }],
      ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
    },
    ...(retryAfterSeconds > 0 ? { headers: { 'retry-after': String(retryAfterSeconds) } } : {}),
  });

/** The conditions of a budget that has nothing left. */
function exhausted({ conditions = [], observedGeneration }: PodDisruptionBudget['status'], now: number): Condition[] {
  const type = 'DisruptionAllowed';
  const before = conditions.find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : toTime(now);
  const condition = { type, status: 'False', observedGeneration, lastTransitionTime, reason: 'InsufficientPods', message: '' };
  return before ? conditions.map((other) => (other === before ? condition : other)) : [...conditions, condition];
}
