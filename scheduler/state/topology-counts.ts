import type { NodeInfo } from './node-info.ts';
import { NO_VALUE, type TopologyColumn } from './topology.ts';

/**
 * Pods counted by the value that their node has of a label. What is counted once for a pod is shared by all copies; what a copy then adds and
 * takes away is its own.
 */
export class TopologyCounts {
  readonly column: TopologyColumn;
  readonly #base: Float64Array;
  #changes: Map<number, number> | undefined;
  #total = 0;

  constructor(column: TopologyColumn, from?: TopologyCounts) {
    this.column = column;
    this.#base = from ? from.#base : new Float64Array(column.bound);
    this.#total = from ? from.#total : 0;
    const changes = from ? from.#changes : undefined;
    if (changes) this.#changes = new Map(changes);
  }

  /** Of all values. */
  get total(): number {
    return this.#total;
  }

  /** Of the node's value; 0 when it has none. */
  at({ slot }: NodeInfo): number {
    const id = this.column.at(slot);
    return id === NO_VALUE ? 0 : this.of(id);
  }

  of(id: number): number {
    return (this.#base[id] ?? 0) + (this.#changes?.get(id) ?? 0);
  }

  /** Counts for everybody: before there is a copy. */
  count(slot: number, by: number): void {
    const id = this.column.at(slot);
    if (id === NO_VALUE) return;
    this.#base[id] = (this.#base[id] ?? 0) + by;
    this.#total += by;
  }

  /** Counts for this copy alone. @returns the value's count before, or undefined when the node has no value. */
  change({ slot }: NodeInfo, by: number): number | undefined {
    const id = this.column.at(slot);
    if (id === NO_VALUE) return undefined;
    const before = this.of(id);
    this.#changes ??= new Map();
    this.#changes.set(id, (this.#changes.get(id) ?? 0) + by);
    this.#total += by;
    return before;
  }

  clone(): TopologyCounts {
    return new TopologyCounts(this.column, this);
  }
}
