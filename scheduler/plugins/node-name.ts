import { type Plugin, unresolvable } from '../framework.ts';

/** Only the node a pod names will do. Upstream: `plugins/nodename`. */
export const nodeName: Plugin = {
  name: 'NodeName',
  filter: (_state, { pod }, { name }) =>
    pod.spec.nodeName && pod.spec.nodeName !== name ? unresolvable("node(s) didn't match the requested node name") : undefined,
  events: [{ resource: 'Node', actions: ['Add'] }],
};
