import { coreKinds, type Node } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

/** A new node is not ready until it says so. Upstream: `plugin/pkg/admission/nodetaint`. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit: (_context, { operation, kind, subresource, object }) => {
    if (kind !== coreKinds.nodes || subresource !== '' || operation !== 'CREATE' || !object) return;
    // The object of a nodes request is a node: it was decoded as one.
    const { spec } = object as Node;
    const taints = spec.taints ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
    spec.taints = [...taints, { ...NOT_READY }];
  },
};
