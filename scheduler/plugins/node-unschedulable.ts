import { isTolerated } from '../../api/index.ts';
import { on } from '../framework/events.ts';
import type { PluginDefinition } from '../framework/plugin.ts';
import { unresolvable } from '../framework/status.ts';

/** The taint that stands for `spec.unschedulable`; a pod that tolerates it may go there all the same. */
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;
const REJECTION = unresolvable('node(s) were unschedulable');

/** Keeps pods off cordoned nodes. Upstream: `plugins/nodeunschedulable`. */
export const nodeUnschedulable: PluginDefinition = {
  name: 'NodeUnschedulable',
  create: () => ({
    name: 'NodeUnschedulable',
    nodeLocal: true,
    filter: (_state, { pod }, node) => (node.isUnschedulable && !isTolerated(TAINT, pod.spec.tolerations) ? REJECTION : undefined),
    events: [
      on('Node', ['Add', 'UpdateNodeTaint'], (_pod, { now, old }) => !now?.spec.unschedulable && (!old || old.spec.unschedulable === true)),
      on('UnscheduledPod', ['UpdatePodToleration'], (_pod, { now }) => isTolerated(TAINT, now?.spec.tolerations)),
    ],
  }),
};
