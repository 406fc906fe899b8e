import { areAlike } from '../../framework/template-memo.ts';
import type { NodeInfo } from '../../state/node-info.ts';
import type { PodInfo } from '../../state/pod-info.ts';
import { type VictimSearch, type VictimsFound, victimsOn } from './victims.ts';

interface Known {
  readonly generation: number;
  readonly found: VictimsFound;
}

/**
 * Who would have to go from nodes, for the pods of one template. The pods of a Deployment that preempt come one after the other, and between
 * two of them one node has changed, or what is planned for it: for the others the answer is the same.
 */
export class VictimMemo {
  #known: Known[] = [];
  #for: PodInfo | undefined;

  /** How to look for victims. What is known is of use only where it cannot differ: when plugins look at the node alone, and no budget counts. */
  searching(search: VictimSearch): (node: NodeInfo) => VictimsFound {
    const { state, pod, budgets } = search;
    if (budgets.length > 0 || !state.filters.every(({ nodeLocal }) => nodeLocal === true)) return (node) => victimsOn(node, search);
    if (!this.#for || !areAlike(this.#for, pod)) this.#known = [];
    this.#for = pod;
    return (node) => (node.name === state.plannedFor ? victimsOn(node, search) : this.#remembered(node, search));
  }

  #remembered(node: NodeInfo, search: VictimSearch): VictimsFound {
    const { slot, generation } = node;
    const known = this.#known[slot];
    if (known?.generation === generation) return known.found;
    const found = victimsOn(node, search);
    this.#known[slot] = { generation, found };
    return found;
  }
}
