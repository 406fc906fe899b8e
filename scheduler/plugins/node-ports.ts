import { type Plugin, unschedulable } from '../framework.ts';

/** Two pods cannot have one host port. Upstream: `plugins/nodeports`. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  filter: (_state, { hostPorts }, node) =>
    hostPorts.some((port) => node.portTaken(port))
      ? unschedulable("node(s) didn't have free ports for the requested pod ports")
      : undefined,
  events: [
    { resource: 'AssignedPod', actions: ['Delete'] },
    { resource: 'Node', actions: ['Add'] },
  ],
};
