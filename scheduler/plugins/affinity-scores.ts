import { type NamespaceLabels, termMatches } from '../state/affinity-term.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import type { TermKind } from '../state/term-index.ts';
import { TopologyCounts } from '../state/topology-counts.ts';
import { type Namespaces, queryOf } from './affinity-state.ts';

export interface AffinityScoring extends Namespaces {
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

/** What each area is worth to a pod, by its preferred terms and those of placed pods. Upstream: `plugins/interpodaffinity/scoring.go`. */
export class AffinityScores {
  readonly #byKey = new Map<string, TopologyCounts>();
  readonly #snapshot: Snapshot;

  private constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** Undefined when nobody has a preference. */
  static of(pod: PodInfo, snapshot: Snapshot, { resolved, labelsOf, ...args }: AffinityScoring): AffinityScores | undefined {
    const { preferred, preferredAnti } = pod.affinities;
    if (args.ignorePreferredTermsOfExistingPods && preferred.length === 0 && preferredAnti.length === 0) return undefined;
    const scores = new AffinityScores(snapshot);
    for (const [terms, sign] of [[preferred, 1] as const, [preferredAnti, -1] as const]) {
      for (const { term, weight } of terms) {
        const pods = snapshot.counts(queryOf([resolved(term)]));
        const counts = () => scores.#of(term.topologyKey);
        for (const { slot } of snapshot.nodes) if (pods.at(slot) !== 0) counts().count(slot, sign * weight * pods.at(slot));
      }
    }
    if (args.hardPodAffinityWeight > 0) scores.#addPlaced(pod, 'required', args.hardPodAffinityWeight, labelsOf);
    scores.#addPlaced(pod, 'preferred', 1, labelsOf);
    scores.#addPlaced(pod, 'preferredAnti', -1, labelsOf);
    return scores.#byKey.size === 0 ? undefined : scores;
  }

  at(node: NodeInfo): number {
    let score = 0;
    for (const counts of this.#byKey.values()) score += counts.at(node);
    return score;
  }

  /** @param factor by which the weight of preferred terms is multiplied; of required terms, the weight itself. */
  #addPlaced(pod: PodInfo, kind: TermKind, factor: number, labelsOf: NamespaceLabels): void {
    for (const { term, weight, slots } of this.#snapshot.terms(kind)) {
      if (!termMatches(term, pod, labelsOf)) continue;
      const counts = this.#of(term.topologyKey);
      const worth = kind === 'required' ? factor : factor * weight;
      for (const [slot, pods] of slots) counts.count(slot, worth * pods);
    }
  }

  #of(topologyKey: string): TopologyCounts {
    let counts = this.#byKey.get(topologyKey);
    if (!counts) {
      counts = new TopologyCounts(this.#snapshot.topology(topologyKey));
      this.#byKey.set(topologyKey, counts);
    }
    return counts;
  }
}
