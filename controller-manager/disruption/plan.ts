import { type Condition, IntOrStringError, type Live, type Pod, type PodDisruptionBudget, scaledValue, toTime } from '../../api/index.ts';
import { isPodReady, isPodTerminal, msOf, podCondition } from '../shared/pods.ts';

/** How long an eviction that was granted may take to show. */
const DELETION_TIMEOUT_MS = 120_000;
/** How long a pod may be said to be about to go. */
const STALE_CONDITION_MS = 120_000;

type Budget = Live<PodDisruptionBudget>;
type Status = PodDisruptionBudget['status'];

/** How many pods a budget is about, and how many of them have to be healthy. */
export interface Expected {
  readonly pods: number;
  readonly healthy: number;
}

/** Whether what the budget says is relative to how many pods its pods' controllers want. */
export const needsScale = ({ spec }: Budget): boolean => spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';

/**
 * What the budget asks for. Percentages are rounded up, also of those that may be missing. Upstream: `getExpectedPodCount`.
 *
 * @param scale how many pods the controllers want together; asked for only when {@link needsScale}.
 * @throws IntOrStringError for a text that is no percentage.
 */
export function expectedOf({ spec }: Budget, podCount: number, scale: number): Expected {
  const { maxUnavailable, minAvailable } = spec;
  if (maxUnavailable !== undefined) return { pods: scale, healthy: Math.max(0, scale - scaledValue(maxUnavailable, scale, true)) };
  if (typeof minAvailable === 'string') return { pods: scale, healthy: scaledValue(minAvailable, scale, true) };
  return minAvailable === undefined ? { pods: 0, healthy: 0 } : { pods: podCount, healthy: minAvailable };
}

/** Why the expected pods cannot be worked out, when that is the budget's fault. */
export const isUnreadable = (error: unknown): boolean => error instanceof IntOrStringError;

/** What a budget's status becomes. */
export interface BudgetPlan {
  readonly status: Status;
  /** Pods whose eviction was granted, and that are still there. */
  readonly notDeleted: readonly Live<Pod>[];
  /** When a granted eviction will have taken too long. */
  readonly recheckAfterMs: number | undefined;
}

/** Upstream: `trySync`, `updatePdbStatus`. */
export function planBudget(budget: Budget, pods: readonly Live<Pod>[], expected: Expected, now: number): BudgetPlan {
  const { disruptedPods, notDeleted, recheckAfterMs } = reviewDisrupted(budget, pods, now);
  const healthy = pods.filter((pod) => !pod.metadata.deletionTimestamp && !(pod.metadata.name in disruptedPods) && isPodReady(pod));
  // A budget that matches no pod yet must not let the first ones go.
  const allowed = expected.pods > 0 ? Math.max(0, healthy.length - expected.healthy) : 0;
  const observedGeneration = budget.metadata.generation;
  const reason = allowed > 0 ? 'SufficientPods' : 'InsufficientPods';
  const condition = { status: allowed > 0 ? 'True' : 'False', reason, message: '', observedGeneration };
  const status: Status = {
    observedGeneration,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
    disruptionsAllowed: allowed,
    currentHealthy: healthy.length,
    desiredHealthy: expected.healthy,
    expectedPods: expected.pods,
    conditions: withAllowed(budget.status.conditions, condition, now),
  };
  return { status, notDeleted, recheckAfterMs };
}

/** The status of a budget that could not be worked out: nothing may go. Upstream: `failSafe`. */
export function failSafe({ status }: Budget, message: string, now: number): Status {
  const condition = { status: 'False', reason: 'SyncFailed', message, observedGeneration: status.observedGeneration };
  return { ...status, disruptionsAllowed: 0, conditions: withAllowed(status.conditions, condition, now) };
}

function withAllowed(
  conditions: readonly Condition[] = [],
  wanted: Omit<Condition, 'type' | 'lastTransitionTime'>,
  now: number,
): Condition[] {
  const type = 'DisruptionAllowed';
  const index = conditions.findIndex((condition) => condition.type === type);
  const before = conditions[index];
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : toTime(now);
  const condition = { type, ...wanted, lastTransitionTime };
  return before ? conditions.with(index, condition) : [...conditions, condition];
}

/** Sorts out the granted evictions: those of pods that are gone or going are done, some are still awaited, others were in vain. */
function reviewDisrupted(
  { status }: Budget,
  pods: readonly Live<Pod>[],
  now: number,
): { disruptedPods: Record<string, string>; notDeleted: Live<Pod>[]; recheckAfterMs: number | undefined } {
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Live<Pod>[] = [];
  let recheckAfterMs: number | undefined;
  for (const pod of pods) {
    const at = status.disruptedPods?.[pod.metadata.name];
    if (!at || pod.metadata.deletionTimestamp) continue;
    const left = msOf(at) + DELETION_TIMEOUT_MS - now;
    if (left < 0) {
      notDeleted.push(pod);
      continue;
    }
    disruptedPods[pod.metadata.name] = at;
    // At the very end it is not late yet.
    recheckAfterMs = Math.min(recheckAfterMs ?? Number.POSITIVE_INFINITY, left + 1);
  }
  return { disruptedPods, notDeleted, recheckAfterMs };
}

/**
 * How long until the pod's DisruptionTarget condition is stale, since it was to go and is still there; 0 when it is, undefined when that
 * cannot be. What the kubelet has announced it does, however long that takes.
 */
export function staleInMs(pod: Live<Pod>, now: number): number | undefined {
  const condition = podCondition(pod, 'DisruptionTarget');
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined;
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  return Math.max(0, msOf(condition.lastTransitionTime) + STALE_CONDITION_MS - now);
}
