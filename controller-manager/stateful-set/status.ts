import type { Live, Pod, StatefulSet, StatefulSetStatus } from '../../api/index.ts';
import { isPodAvailable, isPodReady, podAvailableInMs } from '../shared/pods.ts';
import { replicasOf, revisionOf } from './identity.ts';
import type { Observed } from './plan.ts';

/** The status that these pods make (upstream: `computeReplicaStatus`). */
export function countedStatus(observed: Observed, pods: readonly Live<Pod>[]): StatefulSetStatus {
  const { set, current, update, collisionCount, now } = observed;
  const counts = { replicas: 0, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 };
  for (const pod of pods) {
    counts.replicas++;
    if (pod.status.phase === 'Running' && isPodReady(pod)) {
      counts.readyReplicas++;
      if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)) counts.availableReplicas++;
    }
    if (pod.metadata.deletionTimestamp) continue;
    if (revisionOf(pod) === current.metadata.name) counts.currentReplicas++;
    if (revisionOf(pod) === update.metadata.name) counts.updatedReplicas++;
  }
  return {
    ...counts,
    observedGeneration: set.metadata.generation ?? 0,
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount,
  };
}

/** Ends a rolling update once every pod is new and ready: the new revision is the current one (upstream: `completeRollingUpdate`). */
export function completed(set: StatefulSet, status: StatefulSetStatus): StatefulSetStatus {
  const wanted = replicasOf(set);
  const isComplete = [status.updatedReplicas, status.readyReplicas, status.replicas].every((count) => (count ?? 0) === wanted);
  if (set.spec.updateStrategy?.type !== 'RollingUpdate' || !isComplete) return status;
  return { ...status, currentReplicas: status.updatedReplicas, currentRevision: status.updateRevision };
}

const COMPARED = ['replicas', 'currentReplicas', 'readyReplicas', 'updatedReplicas', 'availableReplicas'] as const;

/** Whether the status is to be written (upstream: `inconsistentStatus`). */
export function isNews({ status: stored }: StatefulSet, status: StatefulSetStatus): boolean {
  return (
    (status.observedGeneration ?? 0) > (stored.observedGeneration ?? 0) ||
    COMPARED.some((field) => (status[field] ?? 0) !== (stored[field] ?? 0)) ||
    status.currentRevision !== stored.currentRevision ||
    status.updateRevision !== stored.updateRevision
  );
}

/** In how many milliseconds the next ready pod becomes available. */
export function nextAvailabilityMs({ set, pods, now }: Pick<Observed, 'set' | 'pods' | 'now'>): number | undefined {
  const { minReadySeconds = 0 } = set.spec;
  if (minReadySeconds === 0) return undefined;
  const waits = pods.map((pod) => podAvailableInMs(pod, minReadySeconds, now) ?? 0).filter((ms) => ms > 0);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
