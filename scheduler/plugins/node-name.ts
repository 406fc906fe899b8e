import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { SKIP, unresolvable } from '../framework/status.ts';

const REJECTION = unresolvable("node(s) didn't match the requested node name");

/** Only the node a pod names will do. Upstream: `plugins/nodename`. */
export const nodeName: PluginDefinition = {
  name: 'NodeName',
  create: () => ({
    name: 'NodeName',
    nodeLocal: true,
    preFilter: (_state, { pod }) => (pod.spec.nodeName ? undefined : SKIP),
    filter: (_state, { pod }, { name }) => (pod.spec.nodeName === name ? undefined : REJECTION),
    events: [on('Node', ['Add'])],
  }),
};
