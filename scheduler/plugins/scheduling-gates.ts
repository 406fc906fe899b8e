import { type Plugin, unresolvable } from '../framework.ts';

/** Keeps a pod with scheduling gates out of the queue. Upstream: `plugins/schedulinggates`. */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  preEnqueue: ({ pod }) => {
    const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name);
    return gates.length === 0 ? undefined : unresolvable(`waiting for scheduling gates: [${gates.join(' ')}]`);
  },
};
