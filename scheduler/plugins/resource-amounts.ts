import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { ResourceWeight } from './args.ts';

/** Reads what is asked for of a resource on a node, a new pod included, and what there is. */
export interface Usage {
  readonly weight: number;
  requested(pod: PodInfo, node: NodeInfo): number;
  /** 0 when the resource does not count for this pod. */
  allocatable(pod: PodInfo, node: NodeInfo): number;
}

/**
 * Readers of the usage of some resources. An extended resource counts only for pods that ask for it: otherwise there is none of it.
 * Upstream: `plugins/noderesources/resource_allocation.go`.
 *
 * @param nonZero count what asks for no cpu or memory with the defaults for such containers.
 */
export const usagesOf = (resources: readonly ResourceWeight[], nonZero: boolean): readonly Usage[] =>
  resources.map((resource) => usageOf(resource, nonZero));

function usageOf({ name, weight }: ResourceWeight, nonZero: boolean): Usage {
  switch (name) {
    case 'cpu':
      return {
        weight,
        requested: nonZero
          ? (pod, node) => node.nonZeroMilliCpu + pod.scored.milliCpu
          : (pod, node) => node.usedMilliCpu + pod.requests.milliCpu,
        allocatable: (_pod, node) => node.milliCpu,
      };
    case 'memory':
      return {
        weight,
        requested: nonZero ? (pod, node) => node.nonZeroMemory + pod.scored.memory : (pod, node) => node.usedMemory + pod.requests.memory,
        allocatable: (_pod, node) => node.memory,
      };
    case 'ephemeral-storage':
      return {
        weight,
        requested: (pod, node) => node.usedOf(name) + pod.requests.ephemeralStorage,
        allocatable: (_pod, node) => node.amountOf(name),
      };
    default:
      return {
        weight,
        requested: (pod, node) => node.usedOf(name) + (pod.requests.scalars.get(name) ?? 0),
        allocatable: (pod, node) => ((pod.requests.scalars.get(name) ?? 0) === 0 ? 0 : node.amountOf(name)),
      };
  }
}
