import { isTolerated } from '../../api/index.ts';
import { type Plugin, unresolvable } from '../framework.ts';

/** The taint that stands for `spec.unschedulable`; a pod that tolerates it may go there all the same. */
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Keeps pods off cordoned nodes. Upstream: `plugins/nodeunschedulable`. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  filter: (_state, { pod }, { node }) =>
    node?.spec.unschedulable && !isTolerated(TAINT, pod.spec.tolerations) ? unresolvable('node(s) were unschedulable') : undefined,
  events: [
    {
      resource: 'Node',
      actions: ['Add', 'Update'],
      hint: (_pod, event) => event.resource === 'Node' && !event.node.spec.unschedulable,
    },
  ],
};
