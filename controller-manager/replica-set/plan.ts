import type { Live, Pod, ReplicaSet, ReplicaSetCondition, ReplicaSetStatus, ReplicationController } from '../../api/index.ts';
import { toTime } from '../../api/index.ts';
import { deepEqual } from '../shared/equality.ts';
import { isPodActive, isPodAvailable, isPodReady, podAvailableInMs } from '../shared/pods.ts';
import { compareForDeletion, type RankedPod } from './pod-ranking.ts';

/** Most pods created or deleted in one reconcile. */
export const BURST_REPLICAS = 500;

/** An object that keeps a number of pods. */
export type Replicated = ReplicaSet | ReplicationController;

/** What brings the pods to the number wanted. */
export interface ReplicaPlan {
  /** How many pods to create. */
  readonly create: number;
  /** Which pods to delete, first those that will be missed least. */
  readonly remove: readonly Live<Pod>[];
}

/**
 * Decides how many pods to create, or which to delete.
 *
 * @param pods the active pods of the ReplicaSet.
 * @param relatedPods the pods of all ReplicaSets of the same owner; asked for only when pods are deleted.
 */
export function planReplicas(
  replicaSet: Live<Replicated>,
  pods: readonly Live<Pod>[],
  relatedPods: () => readonly Live<Pod>[],
  now: number,
): ReplicaPlan {
  const surplus = pods.length - (replicaSet.spec.replicas ?? 1);
  if (surplus <= 0) return { create: Math.min(Math.abs(surplus), BURST_REPLICAS), remove: [] };
  return { create: 0, remove: podsToDelete(pods, relatedPods, Math.min(surplus, BURST_REPLICAS), now) };
}

/** The `count` pods that go first: when not all go, ranked by state, cost, crowding of their node and age. */
export function podsToDelete(
  pods: readonly Live<Pod>[],
  relatedPods: () => readonly Live<Pod>[],
  count: number,
  now: number,
): readonly Live<Pod>[] {
  if (count >= pods.length) return pods;
  const perNode = new Map<string, number>();
  for (const pod of relatedPods()) {
    const node = pod.spec.nodeName ?? '';
    if (isPodActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const ranked: RankedPod[] = pods.map((pod) => ({ pod, rank: perNode.get(pod.spec.nodeName ?? '') ?? 0 }));
  ranked.sort((a, b) => compareForDeletion(a, b, now));
  return ranked.slice(0, count).map(({ pod }) => pod);
}

/** What became of the last attempt to create or delete pods. */
export interface ReplicaFailure {
  readonly message: string;
}

/**
 * The status that these pods make.
 *
 * @param pods the active pods of the ReplicaSet.
 * @param failure why creating or deleting pods failed, if it did.
 */
export function replicaSetStatus(
  replicaSet: Live<Replicated>,
  pods: readonly Live<Pod>[],
  failure: ReplicaFailure | undefined,
  now: number,
): ReplicaSetStatus {
  const { template, minReadySeconds = 0 } = replicaSet.spec;
  const labels = Object.entries(template?.metadata?.labels ?? {});
  let fullyLabeled = 0;
  let ready = 0;
  let available = 0;
  for (const pod of pods) {
    if (labels.every(([key, value]) => pod.metadata.labels?.[key] === value)) fullyLabeled++;
    if (isPodReady(pod)) ready++;
    if (isPodAvailable(pod, minReadySeconds, now)) available++;
  }
  const conditions = failureConditions(replicaSet, pods.length, failure, now);
  return {
    replicas: pods.length,
    ...(fullyLabeled ? { fullyLabeledReplicas: fullyLabeled } : {}),
    ...(ready ? { readyReplicas: ready } : {}),
    ...(available ? { availableReplicas: available } : {}),
    ...(replicaSet.metadata.generation ? { observedGeneration: replicaSet.metadata.generation } : {}),
    ...(conditions.length ? { conditions } : {}),
  };
}

function failureConditions(
  replicaSet: Live<Replicated>,
  podCount: number,
  failure: ReplicaFailure | undefined,
  now: number,
): ReplicaSetCondition[] {
  const conditions = replicaSet.status.conditions ?? [];
  const present = conditions.some(({ type }) => type === 'ReplicaFailure');
  if (failure && !present) {
    const missing = podCount < (replicaSet.spec.replicas ?? 1);
    return [
      ...conditions,
      {
        type: 'ReplicaFailure',
        status: 'True',
        lastTransitionTime: toTime(now),
        reason: missing ? 'FailedCreate' : 'FailedDelete',
        message: failure.message,
      },
    ];
  }
  return failure ? conditions : conditions.filter(({ type }) => type !== 'ReplicaFailure');
}

/** Whether a status needs no writing, since it says what the stored one says. */
export const isSameStatus = (replicaSet: Live<Replicated>, status: ReplicaSetStatus): boolean => deepEqual(replicaSet.status, status);

/** In how many milliseconds the next ready pod becomes available; undefined when none will. */
export function nextAvailabilityMs(replicaSet: Live<Replicated>, pods: readonly Live<Pod>[], now: number): number | undefined {
  const { minReadySeconds = 0 } = replicaSet.spec;
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pod of pods) {
    const left = podAvailableInMs(pod, minReadySeconds, now);
    if (left !== undefined && left > 0 && (next === undefined || left < next)) next = left;
  }
  return next;
}
