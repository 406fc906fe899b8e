import { MAX_NODE_SCORE } from '../framework/status.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { SlotCounts } from '../state/pod-counts.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { NO_VALUE, type TopologyColumn } from '../state/topology.ts';
import { counts, countsAll, HOSTNAME, type SpreadConstraint } from './spread-constraints.ts';

interface Scored {
  readonly constraint: SpreadConstraint;
  readonly column: TopologyColumn;
  /** Pods of each node. */
  readonly pods: SlotCounts;
  /** Pods of each area that a candidate is in; NOT_WANTED elsewhere. Absent for host names: those are the nodes themselves. */
  readonly areas: Float64Array | undefined;
  /** How much a pod more counts: less where there are few areas. */
  weight: number;
}

const NOT_WANTED = -1;

/** What the preferred constraints of a pod make of the nodes. Upstream: `plugins/podtopologyspread/scoring.go`. */
export class SpreadScores {
  readonly #scored: readonly Scored[];
  /** Nodes that lack a label that the pod names: they get nothing. */
  readonly #ignored = new Set<number>();

  /** @param requireAll whether a node must have all the labels: not for upstream's own default constraints. */
  constructor(pod: PodInfo, constraints: readonly SpreadConstraint[], options: SpreadScoring) {
    const { snapshot, candidates, requireAll } = options;
    this.#scored = constraints.map((constraint) => {
      const column = snapshot.topology(constraint.topologyKey);
      const areas = constraint.topologyKey === HOSTNAME ? undefined : new Float64Array(column.bound).fill(NOT_WANTED);
      return { constraint, column, areas, pods: snapshot.counts(constraint.query), weight: 0 };
    });
    const sizes = this.#enterCandidates(candidates, requireAll);
    this.#scored.forEach((scored, i) => {
      const size = scored.areas ? (sizes[i] ?? 0) : candidates.length - this.#ignored.size;
      scored.weight = Math.log(size + 2);
    });
    this.#countPods(pod, snapshot, requireAll);
  }

  at({ slot }: NodeInfo): number {
    if (this.#ignored.has(slot)) return 0;
    let score = 0;
    for (const { constraint, column, areas, pods, weight } of this.#scored) {
      const id = column.at(slot);
      if (id === NO_VALUE) continue;
      const count = areas ? Math.max(0, areas[id] ?? 0) : pods.at(slot);
      score += count * weight + (constraint.maxSkew - 1);
    }
    return Math.round(score);
  }

  /** The fewer pods the better; the best gets 100. */
  normalize(scores: number[], nodes: readonly NodeInfo[]): void {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < scores.length; i++) {
      if (this.#ignored.has(nodes[i]?.slot ?? NO_VALUE)) continue;
      min = Math.min(min, scores[i] ?? 0);
      max = Math.max(max, scores[i] ?? 0);
    }
    for (let i = 0; i < scores.length; i++) {
      if (this.#ignored.has(nodes[i]?.slot ?? NO_VALUE)) scores[i] = 0;
      else scores[i] = max === 0 ? MAX_NODE_SCORE : Math.trunc((MAX_NODE_SCORE * (max + min - (scores[i] ?? 0))) / max);
    }
  }

  /** @returns how many areas the candidates are in, by constraint. */
  #enterCandidates(candidates: readonly NodeInfo[], requireAll: boolean): number[] {
    const sizes = this.#scored.map(() => 0);
    // Candidates without the label are in one more area, as upstream sees it, which nobody is counted in.
    const lacking = new Set<number>();
    for (const { slot } of candidates) {
      if (requireAll && !this.#hasAllLabels(slot)) {
        this.#ignored.add(slot);
        continue;
      }
      this.#scored.forEach(({ column, areas }, i) => {
        const id = column.at(slot);
        if (id === NO_VALUE) lacking.add(i);
        else if (areas?.[id] === NOT_WANTED) {
          areas[id] = 0;
          sizes[i] = (sizes[i] ?? 0) + 1;
        }
      });
    }
    for (const i of lacking) sizes[i] = (sizes[i] ?? 0) + 1;
    return sizes;
  }

  #countPods(pod: PodInfo, snapshot: Snapshot, requireAll: boolean): void {
    const isWhole =
      !requireAll || this.#scored.length === 1 || this.#scored.every(({ column }) => column.nodeCount === snapshot.nodes.length);
    const areas = this.#scored.filter((scored) => scored.areas !== undefined && !(isWhole && countAreas(scored, pod)));
    if (areas.length === 0) return;
    for (const { slot, node } of snapshot.nodes) {
      if (!node || (requireAll && !this.#hasAllLabels(slot))) continue;
      for (const { constraint, column, areas: wanted, pods } of areas) {
        const id = column.at(slot);
        if (!wanted || id === NO_VALUE || wanted[id] === NOT_WANTED || !counts(constraint, pod, node)) continue;
        wanted[id] = (wanted[id] ?? 0) + pods.at(slot);
      }
    }
  }

  #hasAllLabels(slot: number): boolean {
    for (const { column } of this.#scored) if (column.at(slot) === NO_VALUE) return false;
    return true;
  }
}

/** @returns false when nodes must be looked at one by one. */
function countAreas({ constraint, column, areas: wanted, pods }: Scored, pod: PodInfo): boolean {
  if (!wanted || !countsAll(constraint, pod)) return false;
  const counted = pods.byArea(column);
  for (let id = 0; id < wanted.length; id++) if (wanted[id] !== NOT_WANTED) wanted[id] = counted[id] ?? 0;
  return true;
}

export interface SpreadScoring {
  readonly snapshot: Snapshot;
  readonly candidates: readonly NodeInfo[];
  readonly requireAll: boolean;
}
