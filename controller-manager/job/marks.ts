// What a job writes on its pods. Upstream: `staging/src/k8s.io/api/batch/v1/types.go`.
import type { Pod } from '../../api/index.ts';

/** Keeps a pod until it is counted. */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
/** Annotation and label with the number of an indexed job's pod. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
/** How often the pods of an index have failed before; those that the failure policy ignores are counted apart. */
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';

const INT32_MAX = 2 ** 31 - 1;

/** Whether the pod is still to be counted. */
export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(TRACKING_FINALIZER) === true;

/** The pod's index; undefined when it says none, or nonsense. */
export function completionIndexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[COMPLETION_INDEX];
  return text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** How often the index had failed before this pod; 0 when it does not say, or says nonsense. */
export const indexFailureCount = (pod: Pod): number => countIn(pod, INDEX_FAILURES);

export const ignoredFailureCount = (pod: Pod): number => countIn(pod, INDEX_IGNORED_FAILURES);

/** Both together. */
export const absoluteFailureCount = (pod: Pod): number => indexFailureCount(pod) + ignoredFailureCount(pod);

function countIn({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? '';
  const count = /^[+-]?\d+$/.test(text) ? Number(text) : 0;
  return count < 0 || count > INT32_MAX ? 0 : count;
}
