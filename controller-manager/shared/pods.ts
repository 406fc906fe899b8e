import { type Pod, type PodCondition, toTime } from '../../api/index.ts';
import { conditionPatch } from '../../client/index.ts';

/** Milliseconds of an RFC 3339 time; NaN when there is none. */
export const msOf = (time: string | null | undefined): number => (time ? Date.parse(time) : Number.NaN);

export const podCondition = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status.conditions?.find((condition) => condition.type === type);

/**
 * What a strategic merge patch of a pod's status says to set a condition, behind those that are there; its time is that of the last change of
 * its status. Upstream: `UpdatePodCondition` and `PatchPodStatus`.
 */
export function podConditionPatch(pod: Pod, told: Omit<PodCondition, 'lastTransitionTime'>, now: number): object {
  const before = podCondition(pod, told.type);
  const lastTransitionTime = before?.status === told.status ? before.lastTransitionTime : toTime(now);
  return conditionPatch(pod.status.conditions, { lastTransitionTime, ...told });
}

export const isPodReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True';

/** Succeeded or Failed: it will never run again. */
export const isPodTerminal = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';

/** A pod that counts as a replica: neither finished nor being deleted. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp;

/** When the pod became ready, in milliseconds; NaN when it is not, or does not say. */
export function podReadyMs(pod: Pod): number {
  const condition = podCondition(pod, 'Ready');
  return condition?.status === 'True' ? msOf(condition.lastTransitionTime) : Number.NaN;
}

/**
 * Milliseconds until a ready pod counts as available: 0 when it does, undefined when it is not ready.
 *
 * @param minReadySeconds how long it has to be ready.
 */
export function podAvailableInMs(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = podReadyMs(pod);
  return Number.isNaN(since) ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

/** Whether the pod has been ready for `minReadySeconds`. */
export const isPodAvailable = (pod: Pod, minReadySeconds: number, now: number): boolean =>
  podAvailableInMs(pod, minReadySeconds, now) === 0;
