import type { PlacedImage } from './images.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodQuery, SlotCounts } from './pod-counts.ts';
import type { PlacedTerm, TermKind } from './term-index.ts';
import type { TopologyColumn } from './topology.ts';

/** The cluster as one scheduling cycle sees it: it does not change before the pod is assumed or given up. */
export interface Snapshot {
  /** In the order they are looked at: zone by zone in turn. */
  readonly nodes: readonly NodeInfo[];
  get(name: string): NodeInfo | undefined;
  /** The values of a node label, by the nodes' slots. */
  topology(key: string): TopologyColumn;
  /** How many pods on each node answer a query, by the nodes' slots. */
  counts(query: PodQuery): SlotCounts;
  /** The distinct affinity terms of placed pods. */
  terms(kind: TermKind): Iterable<PlacedTerm>;
  /** An image, if a node has it. */
  image(name: string): PlacedImage | undefined;
  /** Whether any pod on any node mounts the claim. */
  isClaimUsed(key: string): boolean;
}
