import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { unresolvable } from '../framework/status.ts';

/** Keeps a pod with scheduling gates out of the queue. Upstream: `plugins/schedulinggates`. */
export const schedulingGates: PluginDefinition = {
  name: 'SchedulingGates',
  create: () => ({
    name: 'SchedulingGates',
    preEnqueue: ({ pod }) => {
      const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name);
      return gates.length === 0 ? undefined : unresolvable(`waiting for scheduling gates: [${gates.join(' ')}]`);
    },
    events: [on('UnscheduledPod', ['UpdatePodSchedulingGatesEliminated'])],
  }),
};
