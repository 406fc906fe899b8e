import { fieldError } from '../../api/index.ts';
import { readObject } from '../config/field-reader.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { MAX_NODE_SCORE, SKIP } from '../framework/status.ts';
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
    return {
      name: NAME,
      preScore: (_state, { requests }) => {
        const asked = resources.some(({ name }) => {
          if (name === 'cpu') return requests.milliCpu > 0;
          if (name === 'memory') return requests.memory > 0;
          return (name === 'ephemeral-storage' ? requests.ephemeralStorage : (requests.scalars.get(name) ?? 0)) > 0;
        });
        return asked ? undefined : SKIP;
      },
      score: (_state, pod, node) => Math.trunc((1 - deviation(usages.map((usage) => usage(pod, node)))) * MAX_NODE_SCORE),
    };
  },
};

/** The standard deviation of the used fractions. */
function deviation(usages: readonly Usage[]): number {
  const fractions: number[] = [];
  for (const { requested, allocatable } of usages) if (allocatable !== 0) fractions.push(Math.min(1, requested / allocatable));
  const [a = 0, b = 0] = fractions;
  if (fractions.length < 2) return 0;
  if (fractions.length === 2) return Math.abs((a - b) / 2);
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
  return Math.sqrt(fractions.reduce((sum, fraction) => sum + (fraction - mean) ** 2, 0) / fractions.length);
}
