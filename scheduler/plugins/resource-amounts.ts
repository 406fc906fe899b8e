import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { ResourceWeight } from './args.ts';

/** What is asked for of a resource on a node, the new pod included, and what there is. */
export interface Usage {
  readonly requested: number;
  readonly allocatable: number;
  readonly weight: number;
}

/** How a resource is looked up. */
export type UsageOf = (pod: PodInfo, node: NodeInfo) => Usage;

/**
 * Readers of the usage of some resources. An extended resource counts only for pods that ask for it: otherwise there is none of it.
 * Upstream: `plugins/noderesources/resource_allocation.go`.
 *
 * @param nonZero count what asks for no cpu or memory with the defaults for such containers.
 */
export const usagesOf = (resources: readonly ResourceWeight[], nonZero: boolean): readonly UsageOf[] =>
  resources.map((resource) => usageOf(resource, nonZero));

function usageOf({ name, weight }: ResourceWeight, nonZero: boolean): UsageOf {
  switch (name) {
    case 'cpu':
      return (pod, node) => ({
        requested: nonZero ? node.nonZeroRequested.milliCpu + pod.nonZero.milliCpu : node.requested.milliCpu + pod.requests.milliCpu,
        allocatable: node.allocatable.milliCpu,
        weight,
      });
    case 'memory':
      return (pod, node) => ({
        requested: nonZero ? node.nonZeroRequested.memory + pod.nonZero.memory : node.requested.memory + pod.requests.memory,
        allocatable: node.allocatable.memory,
        weight,
      });
    case 'ephemeral-storage':
      return (pod, node) => ({
        requested: node.requested.ephemeralStorage + pod.requests.ephemeralStorage,
        allocatable: node.allocatable.ephemeralStorage,
        weight,
      });
    default:
      return (pod, node) => {
        const asked = pod.requests.scalars.get(name) ?? 0;
        if (asked === 0) return { requested: 0, allocatable: 0, weight };
        return { requested: (node.requested.scalars.get(name) ?? 0) + asked, allocatable: node.allocatable.scalars.get(name) ?? 0, weight };
      };
  }
}
