import type { NodeInfo } from '../../state/node-info.ts';
import type { PodInfo } from '../../state/pod-info.ts';
import { type VictimSearch, type VictimsFound, victimsOn } from './victims.ts';

interface Known {
  readonly generation: number;
  readonly found: VictimsFound;
}

/**
 * Who would have to go from nodes, for the pods of one template. The pods of a Deployment that preempt come one after the other, and between
 * two of them one node has changed: for the others the answer is the same. Kept only where it cannot differ: when no plugin looks at
 * anything but the pod's spec and the node, no pod is planned for the node and no budget counts.
 */
export class VictimMemo {
  readonly #known = new Map<NodeInfo, Known>();
  #for: PodInfo | undefined;

  victimsOn(node: NodeInfo, search: VictimSearch): VictimsFound {
    const { state, pod, budgets } = search;
    if (budgets.length > 0 || search.isPlannedFor(node.name) || !state.filters.every(({ nodeLocal }) => nodeLocal === true)) {
      return victimsOn(node, search);
    }
    if (!this.#for || !areAlike(this.#for, pod)) this.#known.clear();
    this.#for = pod;
    const known = this.#known.get(node);
    if (known?.generation === node.generation) return known.found;
    const found = victimsOn(node, search);
    this.#known.set(node, { generation: node.generation, found });
    return found;
  }
}

/** Whether plugins that look at the spec alone cannot tell two pods apart. Informers make equal parts of a template's pods one part. */
const areAlike = (a: PodInfo, b: PodInfo): boolean =>
  a.priority === b.priority &&
  a.requests === b.requests &&
  a.hostPorts === b.hostPorts &&
  a.pod.spec.nodeName === b.pod.spec.nodeName &&
  a.pod.spec.nodeSelector === b.pod.spec.nodeSelector &&
  a.pod.spec.affinity === b.pod.spec.affinity &&
  a.pod.spec.tolerations === b.pod.spec.tolerations;
