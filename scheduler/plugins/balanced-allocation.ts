import { MAX_NODE_SCORE, type Plugin } from '../framework.ts';

/**
 * Prefers nodes on which cpu and memory would be used to like degrees. Skipped for pods that request neither, as upstream does since 1.31.
 * Upstream: `plugins/noderesources/balanced_allocation.go`.
 */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  preScore: (_state, { requests }) => requests.milliCpu > 0 || requests.memory > 0,
  score: (_state, { requests }, { requested, allocatable }) => {
    const cpu = fraction(requested.milliCpu + requests.milliCpu, allocatable.milliCpu);
    const memory = fraction(requested.memory + requests.memory, allocatable.memory);
    if (cpu === undefined || memory === undefined) return MAX_NODE_SCORE;
    return Math.trunc((1 - Math.abs(cpu - memory) / 2) * MAX_NODE_SCORE);
  },
};

const fraction = (used: number, total: number): number | undefined => (total === 0 ? undefined : Math.min(1, used / total));
