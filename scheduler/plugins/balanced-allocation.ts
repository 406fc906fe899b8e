import { fieldError } from '../../api/index.ts';
import { readObject } from '../config/field-reader.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, SKIP } from '../framework/status.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import { argsOf, type ResourceWeight, readResources } from './args.ts';
import { type Usage, usagesOf } from './resource-amounts.ts';

const NAME = 'NodeResourcesBalancedAllocation';

export interface BalancedAllocationArgs {
  readonly resources: readonly ResourceWeight[];
}

/**
 * Prefers nodes on which resources would be used to like degrees. Skipped for pods that request none of them, as upstream does since 1.31.
 * Upstream: `plugins/noderesources/balanced_allocation.go`.
 */
export const balancedAllocation: PluginDefinition<BalancedAllocationArgs> = {
  name: NAME,
  readArgs: (args, path) =>
    argsOf((problems) =>
      readObject(args, path, problems, (reader) => {
        const resources = readResources(reader, 'resources');
        resources.forEach(({ name, weight }, i) => {
          const at = `${reader.pathOf('resources')}[${i}]`;
          if (resources.slice(0, i).some((other) => other.name === name)) reader.note(fieldError.duplicate(`${at}.name`, name));
          if (weight !== 1) reader.note(fieldError.invalid(`${at}.weight`, weight, 'must be 1'));
        });
        return { resources: resources.length === 0 ? ['cpu', 'memory'].map((name) => ({ name, weight: 1 })) : resources };
      }),
    ),
  create: ({ resources }) => {
    const usages = usagesOf(resources, false);
    const isAsking = ({ requests }: PodInfo): boolean =>
      resources.some(({ name }) => {
        if (name === 'cpu') return requests.milliCpu > 0;
        if (name === 'memory') return requests.memory > 0;
        return (name === 'ephemeral-storage' ? requests.ephemeralStorage : (requests.scalars.get(name) ?? 0)) > 0;
      });
    return {
      name: NAME,
      nodeLocal: true,
      preScore: (_state, pod) => (isAsking(pod) ? undefined : SKIP),
      // PreScore may be disabled.
      score: (_state, pod, node) => (isAsking(pod) ? Math.trunc((1 - deviation(usages, pod, node)) * MAX_NODE_SCORE) : 0),
    };
  },
};

/** The standard deviation of the used fractions. */
function deviation(usages: readonly Usage[], pod: PodInfo, node: NodeInfo): number {
  let count = 0;
  let sum = 0;
  let first = 0;
  let last = 0;
  for (const usage of usages) {
    const fraction = fractionOf(usage, pod, node);
    if (fraction === undefined) continue;
    if (count++ === 0) first = fraction;
    sum += fraction;
    last = fraction;
  }
  if (count < 2) return 0;
  // Of two, half their difference: as upstream reckons it, since roundings decide.
  if (count === 2) return Math.abs((first - last) / 2);
  const mean = sum / count;
  let squares = 0;
  for (const usage of usages) squares += ((fractionOf(usage, pod, node) ?? mean) - mean) ** 2;
  return Math.sqrt(squares / count);
}

function fractionOf(usage: Usage, pod: PodInfo, node: NodeInfo): number | undefined {
  const allocatable = usage.allocatable(pod, node);
  return allocatable === 0 ? undefined : Math.min(1, usage.requested(pod, node) / allocatable);
}
