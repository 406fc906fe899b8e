import { apiError } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { onPods } from './pods.ts';

const HOSTNAME = 'kubernetes.io/hostname';

/**
 * Pods may demand not to be on one node with others, but not to be in one zone: that could keep everybody else out of it. Upstream:
 * `plugin/pkg/admission/antiaffinity`.
 */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate: onPods(['CREATE', 'UPDATE'], (_context, { kind, name, pod }) => {
    const terms = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME);
    if (!other) return;
    const why = `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey} but only key ${HOSTNAME} is allowed`;
    throw apiError.forbidden(kind, name, why);
  }),
};
