import type { NodeInfo } from '../state/node-info.ts';
import type { SlotCounts } from '../state/pod-counts.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { NO_VALUE, type TopologyColumn } from '../state/topology.ts';
import { counts, countsAll, type SpreadConstraint } from './spread-constraints.ts';

/** What upstream takes for the least count when no area qualifies. */
const NO_DOMAIN_COUNT = 2 ** 31 - 1;

/**
 * The pods that a required constraint counts, by area, and how many areas have which count: so that the least is known at once, whatever pods
 * are tried out. Copies share what was counted first.
 */
class DomainCounts {
  readonly constraint: SpreadConstraint;
  readonly column: TopologyColumn;
  /** NO_DOMAIN for values that no qualifying node has. */
  readonly #base: Int32Array;
  readonly #changes: Map<number, number>;
  readonly #areas: Map<number, number>;
  #domains: number;

  constructor(constraint: SpreadConstraint, column: TopologyColumn, from?: DomainCounts) {
    this.constraint = constraint;
    this.column = column;
    this.#base = from ? from.#base : new Int32Array(column.bound).fill(NO_DOMAIN);
    this.#changes = new Map(from ? from.#changes : []);
    this.#areas = new Map(from ? from.#areas : []);
    this.#domains = from ? from.#domains : 0;
  }

  /** A node that qualifies, with so many pods that count: before there is a copy. */
  enter(id: number, pods: number): void {
    const before = this.#base[id] ?? NO_DOMAIN;
    this.#base[id] = (before === NO_DOMAIN ? 0 : before) + pods;
  }

  /** All nodes that have the label qualify, with so many pods that count by area. */
  enterAll(pods: Readonly<Int32Array>): void {
    for (let id = 0; id < this.#base.length; id++) if (this.column.nodesIn(id) > 0) this.#base[id] = pods[id] ?? 0;
  }

  /** All nodes have been entered. */
  close(): void {
    for (const count of this.#base) {
      if (count === NO_DOMAIN) continue;
      this.#domains++;
      this.#areas.set(count, (this.#areas.get(count) ?? 0) + 1);
    }
  }

  of(id: number): number {
    const base = this.#base[id] ?? NO_DOMAIN;
    return (base === NO_DOMAIN ? 0 : base) + (this.#changes.get(id) ?? 0);
  }

  /** The least count of any area; 0 while there are fewer areas than the constraint wants. */
  get least(): number {
    if (this.#domains < this.constraint.minDomains) return 0;
    let least = NO_DOMAIN_COUNT;
    for (const count of this.#areas.keys()) if (count < least) least = count;
    return least;
  }

  change(id: number, by: 1 | -1): void {
    const before = this.of(id);
    this.#changes.set(id, (this.#changes.get(id) ?? 0) + by);
    if ((this.#base[id] ?? NO_DOMAIN) === NO_DOMAIN) return;
    const left = (this.#areas.get(before) ?? 0) - 1;
    if (left > 0) this.#areas.set(before, left);
    else this.#areas.delete(before);
    this.#areas.set(before + by, (this.#areas.get(before + by) ?? 0) + 1);
  }

  clone(): DomainCounts {
    return new DomainCounts(this.constraint, this.column, this);
  }
}

const NO_DOMAIN = -1;

/** What a node does to the required constraints of a pod. */
export type SpreadVerdict = 'fits' | 'lacks label' | 'skewed';

/** The required constraints of a pod with what they count. Upstream: `plugins/podtopologyspread/filtering.go`. */
export class SpreadState {
  readonly #pod: PodInfo;
  readonly #domains: readonly DomainCounts[];
  /** Whether the pod counts itself, by constraint. */
  readonly #self: readonly (0 | 1)[];

  private constructor(pod: PodInfo, domains: readonly DomainCounts[]) {
    this.#pod = pod;
    this.#domains = domains;
    this.#self = domains.map(({ constraint }) => (constraint.selector.matches(pod.pod.metadata.labels) ? 1 : 0));
  }

  static of(pod: PodInfo, constraints: readonly SpreadConstraint[], snapshot: Snapshot): SpreadState {
    const domains = constraints.map((constraint) => new DomainCounts(constraint, snapshot.topology(constraint.topologyKey)));
    const pods = constraints.map(({ query }) => snapshot.counts(query));
    const state = new SpreadState(pod, domains);
    const isWhole = domains.length === 1 || domains.every(({ column }) => column.nodeCount === snapshot.nodes.length);
    if (isWhole && constraints.every((constraint) => countsAll(constraint, pod))) {
      domains.forEach((domain, i) => {
        const areas = pods[i]?.byArea(domain.column);
        if (areas) domain.enterAll(areas);
      });
    } else state.#enterNodes(snapshot, pods);
    for (const domain of domains) domain.close();
    return state;
  }

  #enterNodes({ nodes }: Snapshot, pods: readonly SlotCounts[]): void {
    for (const info of nodes) {
      if (!this.#hasAllLabels(info)) continue;
      this.#domains.forEach((domain, i) => {
        if (info.node && counts(domain.constraint, this.#pod, info.node)) {
          domain.enter(domain.column.at(info.slot), pods[i]?.at(info.slot) ?? 0);
        }
      });
    }
  }

  verdict({ slot }: NodeInfo): SpreadVerdict {
    for (let i = 0; i < this.#domains.length; i++) {
      const domain = this.#domains[i];
      if (!domain) continue;
      const id = domain.column.at(slot);
      if (id === NO_VALUE) return 'lacks label';
      const skew = domain.of(id) + (this.#self[i] ?? 0) - domain.least;
      if (skew > domain.constraint.maxSkew) return 'skewed';
    }
    return 'fits';
  }

  /** Another pod is tried out on the node, or away from it. */
  change(other: PodInfo, info: NodeInfo, by: 1 | -1): void {
    if (other.namespace !== this.#pod.namespace || !info.node || !this.#hasAllLabels(info)) return;
    for (const domain of this.#domains) {
      const { constraint, column } = domain;
      if (!constraint.selector.matches(other.pod.metadata.labels) || !counts(constraint, this.#pod, info.node)) continue;
      domain.change(column.at(info.slot), by);
    }
  }

  clone(): SpreadState {
    return new SpreadState(
      this.#pod,
      this.#domains.map((domain) => domain.clone()),
    );
  }

  #hasAllLabels({ slot }: NodeInfo): boolean {
    for (const { column } of this.#domains) if (column.at(slot) === NO_VALUE) return false;
    return true;
  }
}
