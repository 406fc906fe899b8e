import type { AffinityTerm } from './affinity-term.ts';
import type { PodInfo } from './pod-info.ts';

/** Affinity terms that placed pods have: what of them a new pod must or should respect. */
export type TermKind = 'required' | 'requiredAnti' | 'preferred' | 'preferredAnti';

/** A term, and on which nodes how many pods have it. */
export interface PlacedTerm {
  readonly term: AffinityTerm;
  /** Of a preferred term; 0 of a required one. */
  readonly weight: number;
  /** Pods by the slot of their node. */
  readonly slots: ReadonlyMap<number, number>;
}

type Kept = PlacedTerm & { readonly slots: Map<number, number> };

const KINDS: readonly TermKind[] = ['required', 'requiredAnti', 'preferred', 'preferredAnti'];

/**
 * The distinct affinity terms of all placed pods. The pods of one template share their terms, so that a new pod is matched once per term
 * and not once per pod.
 */
export class TermIndex {
  readonly #terms: Readonly<Record<TermKind, Map<string, Kept>>> = {
    required: new Map(),
    requiredAnti: new Map(),
    preferred: new Map(),
    preferredAnti: new Map(),
  };

  of(kind: TermKind): Iterable<PlacedTerm> {
    return this.#terms[kind].values();
  }

  sizeOf(kind: TermKind): number {
    return this.#terms[kind].size;
  }

  change({ affinities }: PodInfo, slot: number, by: 1 | -1): void {
    for (const kind of KINDS) {
      const terms = this.#terms[kind];
      for (const one of affinities[kind]) {
        const { term, weight } = 'term' in one ? one : { term: one, weight: 0 };
        changeOne(terms, one.key, { term, weight, slot, by });
      }
    }
  }
}

interface TermChange {
  readonly term: AffinityTerm;
  readonly weight: number;
  readonly slot: number;
  readonly by: 1 | -1;
}

function changeOne(terms: Map<string, Kept>, key: string, { term, weight, slot, by }: TermChange): void {
  let kept = terms.get(key);
  if (!kept) {
    kept = { term, weight, slots: new Map() };
    terms.set(key, kept);
  }
  const count = (kept.slots.get(slot) ?? 0) + by;
  if (count > 0) kept.slots.set(slot, count);
  else kept.slots.delete(slot);
  if (kept.slots.size === 0) terms.delete(key);
}
