import type { NodeInfo } from '../state/node-info.ts';
import type { Rejection } from './status.ts';

/** Why each node was rejected. Nodes that are not named share one reason, if there is any. Upstream: `framework.NodeToStatus`. */
export class NodeStatuses {
  readonly #nodes: NodeInfo[] = [];
  readonly #rejections: Rejection[] = [];
  #byName: Map<string, Rejection> | undefined;
  /** Of all nodes that were not looked at one by one. */
  absent: Rejection | undefined;

  constructor(absent?: Rejection) {
    this.absent = absent;
  }

  /** How many nodes were looked at. */
  get size(): number {
    return this.#nodes.length;
  }

  set(node: NodeInfo, rejection: Rejection): void {
    this.#nodes.push(node);
    this.#rejections.push(rejection);
    this.#byName?.set(node.name, rejection);
  }

  /** Of the node that was looked at last. */
  get last(): Rejection | undefined {
    return this.#rejections.at(-1);
  }

  get(name: string): Rejection | undefined {
    this.#byName ??= new Map(this.#nodes.map((node, i) => [node.name, this.#rejections[i] as Rejection]));
    return this.#byName.get(name) ?? this.absent;
  }

  /** The nodes that pods going away could help. */
  unschedulable(all: readonly NodeInfo[]): NodeInfo[] {
    if (this.absent?.code === 'Unschedulable') return all.filter(({ name }) => this.get(name)?.code === 'Unschedulable');
    return this.#nodes.filter((_, i) => this.#rejections[i]?.code === 'Unschedulable');
  }

  /** The nodes looked at, in that order. */
  *entries(): Iterable<readonly [NodeInfo, Rejection]> {
    for (let i = 0; i < this.#nodes.length; i++) {
      const [node, rejection] = [this.#nodes[i], this.#rejections[i]];
      if (node && rejection) yield [node, rejection];
    }
  }

  /** How many nodes were rejected with each rejection; plugins mostly give the same object again and again. */
  counts(): ReadonlyMap<Rejection, number> {
    const counts = new Map<Rejection, number>();
    for (const rejection of this.#rejections) counts.set(rejection, (counts.get(rejection) ?? 0) + 1);
    return counts;
  }
}
