import { MAX_NODE_SCORE, type Plugin, type Verdict } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { Amounts, PodInfo } from '../pod-info.ts';

/**
 * A pod goes where what it requests is left; scored by LeastAllocated over cpu and memory, weight 1 each.
 * Upstream: `plugins/noderesources/fit.go`, `least_allocated.go`.
 */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  filter: (_state, pod, node) => fits(pod, node),
  score: (_state, { nonZero }, { allocatable, nonZeroRequested }) => {
    const cpu = leastAllocated(nonZeroRequested.milliCpu + nonZero.milliCpu, allocatable.milliCpu);
    const memory = leastAllocated(nonZeroRequested.memory + nonZero.memory, allocatable.memory);
    return Math.trunc((cpu + memory) / 2);
  },
  events: [
    { resource: 'AssignedPod', actions: ['Delete', 'Update'] },
    {
      resource: 'Node',
      actions: ['Add', 'Update'],
      hint: (_pod, event) =>
        event.resource === 'Node' && JSON.stringify(event.node.status.allocatable) !== JSON.stringify(event.old?.status.allocatable),
    },
  ],
};

function leastAllocated(requested: number, capacity: number): number {
  if (capacity === 0 || requested > capacity) return 0;
  return Math.trunc(((capacity - requested) * MAX_NODE_SCORE) / capacity);
}

function fits({ requests }: PodInfo, { pods, allocatable, requested }: NodeInfo): Verdict {
  const reasons: string[] = [];
  let hopeless = false;
  const need = (name: string, amount: number, used: number, total: number) => {
    if (amount === 0 || amount <= total - used) return;
    reasons.push(`Insufficient ${name}`);
    hopeless ||= amount > total;
  };
  if (pods.size + 1 > allocatable.pods) reasons.push('Too many pods');
  need('cpu', requests.milliCpu, requested.milliCpu, allocatable.milliCpu);
  need('memory', requests.memory, requested.memory, allocatable.memory);
  need('ephemeral-storage', requests.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage);
  for (const [name, amount] of requests.scalars) need(name, amount, scalar(requested, name), scalar(allocatable, name));
  if (reasons.length === 0) return undefined;
  return { code: hopeless ? 'UnschedulableAndUnresolvable' : 'Unschedulable', reasons };
}

const scalar = (amounts: Readonly<Pick<Amounts, 'scalars'>>, name: string): number => amounts.scalars.get(name) ?? 0;
