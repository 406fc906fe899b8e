import type { ContainerStatus, Live, Pod } from '../../api/index.ts';
import { msOf, podCondition } from '../shared/pods.ts';

/** How long a job waits after its first failure in a row; doubled with each further one. */
const BACKOFF_MS = 10_000;
const BACKOFF_MS_MAX = 600_000;

/** Failures in a row, and when the last of them was. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureMs: number;
}

export const NO_FAILURES: BackoffRecord = { failures: 0, lastFailureMs: 0 };

/** The record once these pods, not counted before, are. Upstream: `pkg/controller/job/backoff_utils.go`. */
export function nextBackoff(before: BackoffRecord, succeeded: readonly Live<Pod>[], failed: readonly Live<Pod>[]): BackoffRecord {
  if (succeeded.length === 0 && failed.length === 0) return before;
  const failures = failed.map(finishedMs);
  if (succeeded.length === 0) return { failures: before.failures + failures.length, lastFailureMs: Math.max(...failures) };
  const lastSuccessMs = Math.max(...succeeded.map(finishedMs));
  const since = failures.filter((at) => at > lastSuccessMs);
  return since.length === 0 ? NO_FAILURES : { failures: since.length, lastFailureMs: Math.max(...since) };
}

/** How long a pod may not be created yet. */
export function backoffLeftMs({ failures, lastFailureMs }: BackoffRecord, now: number): number {
  if (failures === 0) return 0;
  return Math.max(0, Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (failures - 1)) - (now - lastFailureMs));
}

/**
 * When a pod ended: by its containers when all have, else by when it ceased to be ready, was to be gone, or was made. The nodes see to
 * the first two, the collector of orphaned pods to the third: it says that the pod is disrupted as it fails it, and deletes it a moment
 * later. We may look between these two, which upstream's batches of a second keep it from. Upstream: `getFinishedTime`.
 */
export function finishedMs(pod: Live<Pod>): number {
  const byContainers = lastContainerEndMs(pod);
  if (byContainers !== undefined) return byContainers;
  const ready = podCondition(pod, 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime) return msOf(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata;
  if (deletionTimestamp) return msOf(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
  const disrupted = podCondition(pod, 'DisruptionTarget');
  return msOf(disrupted?.status === 'True' && disrupted.lastTransitionTime ? disrupted.lastTransitionTime : creationTimestamp);
}

/** Sidecars end after all others, so they count too. */
function lastContainerEndMs({ spec, status }: Pod): number | undefined {
  const sidecars = new Set((spec.initContainers ?? []).flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? [name] : [])));
  const initStatuses = (status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name));
  const ends = [...(status.containerStatuses ?? []), ...initStatuses].map(endMs);
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends);
}

const endMs = ({ state }: ContainerStatus): number => msOf(state?.terminated?.finishedAt);
