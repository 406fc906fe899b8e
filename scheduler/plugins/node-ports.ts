import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { SKIP, unschedulable } from '../framework/status.ts';
import { portsConflict } from '../state/node-info.ts';
import { podInfoOf } from '../state/pod-info.ts';

const REJECTION = unschedulable("node(s) didn't have free ports for the requested pod ports");

/** Two pods cannot have one host port. Upstream: `plugins/nodeports`. */
export const nodePorts: PluginDefinition = {
  name: 'NodePorts',
  create: () => ({
    name: 'NodePorts',
    nodeLocal: true,
    preFilter: (_state, { hostPorts }) => (hostPorts.length === 0 ? SKIP : undefined),
    filter: (_state, { hostPorts }, node) => (hostPorts.some((port) => node.portTaken(port)) ? REJECTION : undefined),
    events: [
      on('AssignedPod', ['Delete'], ({ hostPorts }, { old }) => {
        const freed = old ? podInfoOf(old).hostPorts : [];
        return hostPorts.some((port) => freed.some((other) => portsConflict(port, other)));
      }),
      on('Node', ['Add']),
    ],
  }),
};
