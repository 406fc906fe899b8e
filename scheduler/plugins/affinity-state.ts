import { type AffinityTerm, isAboutAll, type NamespaceLabels, termMatches } from '../state/affinity-term.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodQuery } from '../state/pod-counts.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { NO_VALUE } from '../state/topology.ts';
import { TopologyCounts } from '../state/topology-counts.ts';

/** How terms find the namespaces they mean. */
export interface Namespaces {
  /** The term with its namespaces by name. */
  readonly resolved: (term: AffinityTerm) => AffinityTerm;
  readonly labelsOf: NamespaceLabels;
}

/** Terms that were resolved need no labels. */
const NO_LABELS: NamespaceLabels = () => undefined;

/** The pods that all of these terms mean. */
export const queryOf = (terms: readonly AffinityTerm[]): PodQuery => ({
  key: `affinity ${terms.map(({ key }) => key).join(' ')}`,
  namespaces: terms.length === 1 && terms[0] && !isAboutAll(terms[0]) ? terms[0].namespaces : undefined,
  selector: terms[0]?.selector,
  matches: (pod) => terms.every((term) => termMatches(term, pod, NO_LABELS)),
});

/** Counts over the areas of each label. */
type ByKey = Map<string, TopologyCounts>;

/**
 * What a pod's required terms, and those of placed pods that mean it, come to: pods counted by area. Upstream:
 * `plugins/interpodaffinity/filtering.go`; here counts come from indexes over all placed pods (`state/pod-counts.ts`,
 * `state/term-index.ts`), and copies share them.
 */
export class AffinityState {
  readonly #about: About;
  readonly #required: readonly AffinityTerm[];
  readonly #anti: readonly AffinityTerm[];
  readonly #existing: ByKey;
  readonly #affinity: ByKey;
  readonly #antiAffinity: readonly TopologyCounts[];

  private constructor(about: About, parts: Parts) {
    this.#about = about;
    this.#required = parts.required;
    this.#anti = parts.anti;
    this.#existing = parts.existing;
    this.#affinity = parts.affinity;
    this.#antiAffinity = parts.antiAffinity;
  }

  /** Undefined when nothing is required by anybody. */
  static of(pod: PodInfo, snapshot: Snapshot, { resolved, labelsOf }: Namespaces): AffinityState | undefined {
    const existing = existingAntiAffinity(pod, snapshot, labelsOf);
    const required = pod.affinities.required.map(resolved);
    const anti = pod.affinities.requiredAnti.map(resolved);
    if (existing.size === 0 && required.length === 0 && anti.length === 0) return undefined;
    const affinity: ByKey = new Map(required.map(({ topologyKey }) => [topologyKey, countsOf(required, topologyKey, snapshot)]));
    const antiAffinity = anti.map((term) => countsOf([term], term.topologyKey, snapshot));
    return new AffinityState({ pod, snapshot, labelsOf }, { required, anti, existing, affinity, antiAffinity });
  }

  affinityHolds(node: NodeInfo): boolean {
    let podsExist = true;
    for (const { topologyKey } of this.#required) {
      const counts = this.#affinity.get(topologyKey);
      if (!counts || counts.column.at(node.slot) === NO_VALUE) return false;
      if (counts.at(node) <= 0) podsExist = false;
    }
    if (podsExist) return true;
    // If no placed pod is one the terms mean, the first of a series may go anywhere.
    for (const { total } of this.#affinity.values()) if (total !== 0) return false;
    return this.#required.every((term) => termMatches(term, this.#about.pod, NO_LABELS));
  }

  antiAffinityHolds(node: NodeInfo): boolean {
    for (const counts of this.#antiAffinity) if (counts.at(node) > 0) return false;
    return true;
  }

  existingAntiAffinityHolds(node: NodeInfo): boolean {
    for (const counts of this.#existing.values()) if (counts.at(node) > 0) return false;
    return true;
  }

  /** Another pod is tried out on the node, or away from it. */
  change(other: PodInfo, node: NodeInfo, by: 1 | -1): void {
    const { pod, labelsOf } = this.#about;
    for (const term of other.affinities.requiredAnti) {
      if (termMatches(term, pod, labelsOf)) this.#existingOf(term.topologyKey).change(node, by);
    }
    if (this.#required.length > 0 && this.#required.every((term) => termMatches(term, other, NO_LABELS))) {
      for (const counts of this.#affinity.values()) counts.change(node, by);
    }
    this.#anti.forEach((term, i) => {
      if (termMatches(term, other, NO_LABELS)) this.#antiAffinity[i]?.change(node, by);
    });
  }

  clone(): AffinityState {
    return new AffinityState(this.#about, {
      required: this.#required,
      anti: this.#anti,
      existing: cloned(this.#existing),
      affinity: cloned(this.#affinity),
      antiAffinity: this.#antiAffinity.map((counts) => counts.clone()),
    });
  }

  #existingOf(topologyKey: string): TopologyCounts {
    let counts = this.#existing.get(topologyKey);
    if (!counts) {
      counts = new TopologyCounts(this.#about.snapshot.topology(topologyKey));
      this.#existing.set(topologyKey, counts);
    }
    return counts;
  }
}

interface About {
  readonly pod: PodInfo;
  readonly snapshot: Snapshot;
  readonly labelsOf: NamespaceLabels;
}

interface Parts {
  readonly required: readonly AffinityTerm[];
  readonly anti: readonly AffinityTerm[];
  readonly existing: ByKey;
  readonly affinity: ByKey;
  readonly antiAffinity: readonly TopologyCounts[];
}

const cloned = (counts: ByKey): ByKey => new Map([...counts].map(([key, one]) => [key, one.clone()]));

/** Where pods are that will not have this one near them. */
function existingAntiAffinity(pod: PodInfo, snapshot: Snapshot, labelsOf: NamespaceLabels): ByKey {
  const byKey: ByKey = new Map();
  for (const { term, slots } of snapshot.terms('requiredAnti')) {
    if (!termMatches(term, pod, labelsOf)) continue;
    const counts = byKey.get(term.topologyKey) ?? new TopologyCounts(snapshot.topology(term.topologyKey));
    byKey.set(term.topologyKey, counts);
    for (const [slot, pods] of slots) counts.count(slot, pods);
  }
  return byKey;
}

/** A pod counts when all terms mean it. */
function countsOf(terms: readonly AffinityTerm[], topologyKey: string, snapshot: Snapshot): TopologyCounts {
  const counts = new TopologyCounts(snapshot.topology(topologyKey));
  const pods = snapshot.counts(queryOf(terms));
  for (const { slot } of snapshot.nodes) {
    const count = pods.at(slot);
    if (count !== 0) counts.count(slot, count);
  }
  return counts;
}
