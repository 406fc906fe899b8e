import type { NodeInfo } from './node-info.ts';

/** No value: the node lacks the label, or there is no node. */
export const NO_VALUE = -1;
const CAPACITY = 64;

/** The values of one label over all nodes, as small integers, so that pods are counted per value in an array. */
export class TopologyColumn {
  readonly key: string;
  #values = new Int32Array(CAPACITY).fill(NO_VALUE);
  readonly #ids = new Map<string, number>();
  readonly #names: string[] = [];
  /** Nodes that have a value, by its id. */
  readonly #nodes: number[] = [];
  readonly #free: number[] = [];
  #version = 0;
  #nodeCount = 0;

  constructor(key: string) {
    this.key = key;
  }

  /** Ids are below this. */
  get bound(): number {
    return this.#names.length;
  }

  /** The id of the node's value, or NO_VALUE. */
  at(slot: number): number {
    return slot < this.#values.length ? (this.#values[slot] ?? NO_VALUE) : NO_VALUE;
  }

  /** Another one after every change. */
  get version(): number {
    return this.#version;
  }

  /** How many nodes have a value. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** How many nodes have this value. */
  nodesIn(id: number): number {
    return this.#nodes[id] ?? 0;
  }

  nameOf(id: number): string {
    return this.#names[id] ?? '';
  }

  set(slot: number, value: string | undefined): void {
    const last = this.at(slot);
    if (last === NO_VALUE ? value === undefined : value === this.#names[last]) return;
    this.#version++;
    if (last !== NO_VALUE) this.#leave(last);
    if (slot >= this.#values.length) this.#grow(slot);
    this.#values[slot] = value === undefined ? NO_VALUE : this.#enter(value);
  }

  #enter(value: string): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.#free.pop() ?? this.#names.length;
      this.#ids.set(value, id);
      this.#names[id] = value;
      this.#nodes[id] = 0;
    }
    this.#nodes[id] = (this.#nodes[id] ?? 0) + 1;
    this.#nodeCount++;
    return id;
  }

  #leave(id: number): void {
    const left = (this.#nodes[id] ?? 0) - 1;
    this.#nodes[id] = left;
    this.#nodeCount--;
    if (left > 0) return;
    this.#ids.delete(this.nameOf(id));
    this.#free.push(id);
  }

  #grow(slot: number): void {
    const values = new Int32Array(Math.max(slot + 1, 2 * this.#values.length)).fill(NO_VALUE);
    values.set(this.#values);
    this.#values = values;
  }
}

/** The columns in use, made when first asked for and kept up to date from then on. */
export class Topology {
  readonly #columns = new Map<string, TopologyColumn>();
  readonly #nodes: () => Iterable<NodeInfo>;

  constructor(nodes: () => Iterable<NodeInfo>) {
    this.#nodes = nodes;
  }

  column(key: string): TopologyColumn {
    let column = this.#columns.get(key);
    if (!column) {
      column = new TopologyColumn(key);
      this.#columns.set(key, column);
      for (const { slot, node } of this.#nodes()) column.set(slot, node?.metadata.labels?.[key]);
    }
    return column;
  }

  /** The node appeared, changed or went. */
  update({ slot, node }: NodeInfo): void {
    for (const column of this.#columns.values()) column.set(slot, node?.metadata.labels?.[column.key]);
  }
}
