import type { Live, Pod, Volume } from '../../api/index.ts';
import { isSidecar } from './container-names.ts';
import { SLI_STARTS, TOTAL_STARTS } from './count-families.ts';
import type { NodeServices } from './node-services.ts';
import { endedPhase } from './pod-phase.ts';

/** Volumes that are made with their pod: one of another kind makes it a stateful one. Upstream: `isStatefulPod`. */
const isStateless = ({ secret, configMap, downwardAPI, emptyDir, projected }: Volume): boolean =>
  Boolean(secret || configMap || downwardAPI || emptyDir || projected);

/**
 * Counts how long a pod took to start, once the API tells that all its containers run. Answers whether there is nothing more to look for.
 * Upstream: `ObservedPodOnWatch`, `pkg/kubelet/util/pod_startup_latency_tracker.go`.
 */
export function tellStart(pod: Live<Pod>, { clock, counts, images }: Pick<NodeServices, 'clock' | 'counts' | 'images'>): boolean {
  const { containerStatuses = [], phase } = pod.status;
  if (phase === 'Pending') return false;
  if (endedPhase(pod.status)) return true;
  if (containerStatuses.length === 0 || !containerStatuses.every(({ state }) => state?.running)) return false;
  const total = (clock.now() - Date.parse(pod.metadata.creationTimestamp)) / 1000;
  counts.tallies.observe(TOTAL_STARTS, total);
  if (!(pod.spec.volumes ?? []).every(isStateless)) return true;
  const sli = total - images.pulledMs(pod) / 1000 - initSeconds(pod);
  counts.tallies.observe(SLI_STARTS, sli);
  if (!pod.spec.hostNetwork) counts.firstNetworkStart ??= sli;
  return true;
}

/** How long its init containers ran, but for sidecars. */
function initSeconds({ spec, status }: Live<Pod>): number {
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  return (status.initContainerStatuses ?? []).reduce((sum, { name, state }) => {
    const { startedAt, finishedAt } = state?.terminated ?? {};
    if (sidecars.has(name) || !startedAt || !finishedAt) return sum;
    return sum + Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  }, 0);
}
