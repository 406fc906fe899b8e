import type { LabelSelectorQuery } from '../../api/index.ts';
import { type Bucket, LabelBuckets } from './label-buckets.ts';
import type { PodInfo } from './pod-info.ts';
import { NO_VALUE, type TopologyColumn } from './topology.ts';

/** A question about pods, asked again and again. */
export interface PodQuery {
  /** Queries with the same key are one. */
  readonly key: string;
  /** The namespaces whose pods it is about; all unless given. */
  readonly namespaces?: ReadonlySet<string> | undefined;
  /** What pods that count are selected by: with namespaces it says where to look. */
  readonly selector?: LabelSelectorQuery | undefined;
  /** Whether a pod of those namespaces counts; must depend on the pod alone. */
  matches(pod: PodInfo): boolean;
}

/** Queries whose counts are kept; the one not asked for longest goes first. */
const QUERIES_MAX = 2_048;
const CAPACITY = 64;

/** Counts by the value that nodes have of a label. */
interface AreaCounts {
  /** Of the column they were added up by. */
  readonly version: number;
  readonly counts: Int32Array;
}

/** A count for every node, by its slot. */
export class SlotCounts {
  #counts = new Int32Array(CAPACITY);
  readonly #areas = new Map<TopologyColumn, AreaCounts>();

  at(slot: number): number {
    return slot < this.#counts.length ? (this.#counts[slot] ?? 0) : 0;
  }

  add(slot: number, by: number): void {
    if (slot >= this.#counts.length) {
      const counts = new Int32Array(Math.max(slot + 1, 2 * this.#counts.length));
      counts.set(this.#counts);
      this.#counts = counts;
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + by;
    for (const [column, { counts, version }] of this.#areas) {
      const id = column.at(slot);
      if (id !== NO_VALUE && version === column.version) counts[id] = (counts[id] ?? 0) + by;
    }
  }

  /** The counts of all nodes with the same value together, by the value's id. Added up once, and from then on kept up to date. */
  byArea(column: TopologyColumn): Readonly<Int32Array> {
    const known = this.#areas.get(column);
    if (known?.version === column.version) return known.counts;
    const counts = new Int32Array(column.bound);
    for (let slot = 0; slot < this.#counts.length; slot++) {
      const id = column.at(slot);
      if (id !== NO_VALUE) counts[id] = (counts[id] ?? 0) + (this.#counts[slot] ?? 0);
    }
    this.#areas.set(column, { version: column.version, counts });
    return counts;
  }
}

interface Kept {
  readonly query: PodQuery;
  readonly counts: SlotCounts;
  /** Where its pods are; anywhere unless given. */
  readonly places: readonly Bucket<Kept>[] | undefined;
}

/** Where the pods are, for those who count them. */
export interface PlacedPods {
  /** Every pod with the slot of its node. */
  placed(): Iterable<readonly [PodInfo, number]>;
  /** One of them, by its uid. */
  placedPod(uid: string): readonly [PodInfo, number] | undefined;
}

/**
 * How many pods on each node answer a query. Counted once when a query is first asked, and from then on kept up to date pod by pod: a pod
 * that comes or goes is matched against the queries about its namespace and labels, instead of every pod against every new pod's terms. Pods are
 * found by the labels that queries ask for, so that a query costs what it counts, however many pods and other queries there are.
 */
export class PodCounts {
  readonly #pods: PlacedPods;
  readonly #queriesMax: number;
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept>();
  readonly #buckets: LabelBuckets<Kept>;
  /** Those of the kept whose pods may be anywhere. */
  readonly #others = new Set<Kept>();

  /** @param queriesMax how many queries' counts are kept */
  constructor(pods: PlacedPods, queriesMax: number = QUERIES_MAX) {
    this.#pods = pods;
    this.#queriesMax = queriesMax;
    this.#buckets = new LabelBuckets(() => pods.placed());
  }

  of(query: PodQuery): SlotCounts {
    const kept = this.#kept.get(query.key);
    if (kept) {
      this.#kept.delete(query.key);
      this.#kept.set(query.key, kept);
      return kept.counts;
    }
    const made = this.#made(query);
    this.#kept.set(query.key, made);
    if (this.#kept.size > this.#queriesMax) this.#forgetOldest();
    return made.counts;
  }

  /** @param by 1 when the pod came to the node, -1 when it goes. */
  change(pod: PodInfo, slot: number, by: 1 | -1): void {
    for (const kept of this.#others) count(kept, pod, slot, by);
    for (const kept of this.#buckets.change(pod, by)) count(kept, pod, slot, by);
  }

  #made(query: PodQuery): Kept {
    const { namespaces, selector } = query;
    const places = namespaces && selector && this.#buckets.of(namespaces, selector);
    const made: Kept = { query, counts: new SlotCounts(), places };
    if (!places) {
      for (const [pod, slot] of this.#pods.placed()) count(made, pod, slot, 1);
      this.#others.add(made);
      return made;
    }
    for (const { uids, asked } of places) {
      for (const uid of uids) {
        const placed = this.#pods.placedPod(uid);
        if (placed) count(made, ...placed, 1);
      }
      asked.add(made);
    }
    return made;
  }

  #forgetOldest(): void {
    for (const [key, oldest] of this.#kept) {
      this.#kept.delete(key);
      this.#others.delete(oldest);
      if (oldest.places) this.#buckets.release(oldest.places, oldest);
      return;
    }
  }
}

function count({ query, counts }: Kept, pod: PodInfo, slot: number, by: 1 | -1): void {
  if (query.namespaces && !query.namespaces.has(pod.namespace)) return;
  if (query.matches(pod)) counts.add(slot, by);
}
