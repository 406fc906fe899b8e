import type { Plugin } from './plugin.ts';
import type { TemplateMemo } from './template-memo.ts';

/** What a plugin keeps in a cycle state. */
export type StateData = object;

/** Data that the plugin's addPod and removePod change: it knows how to copy itself. */
export interface Cloneable {
  clone(): StateData;
}

const isCloneable = (value: StateData): value is Cloneable => 'clone' in value && typeof value.clone === 'function';

/**
 * What plugins computed for one pod in PreFilter or PreScore, and read again for every node; one per scheduling cycle. Preemption and
 * nominated pods work on clones. Upstream: kube-scheduler `framework.CycleState`.
 */
export class CycleState {
  readonly #entries: Map<string, StateData>;
  /** Plugins that PreFilter or PreScore found to have nothing to say. */
  readonly skipFilter: Set<string>;
  readonly skipScore: Set<string>;
  /** The plugins that each node is shown to. */
  filters: readonly Plugin[];
  /** How many of them, from the first on, have their verdicts in the memo. */
  rememberedFilters = 0;
  /** How often each of them was asked; copies count with the cycle that they are of. */
  filterCounts: number[];
  /** What was said of nodes for pods like this one. */
  memo: TemplateMemo | undefined;
  /** The node that is planned for the pod itself: for it alone, that plan does not count. */
  plannedFor: string | undefined;
  /** Pods to be tried at once when this cycle has gone well, by key: what plugins put in. */
  readonly podsToActivate: Set<string>;

  constructor(from?: CycleState) {
    this.#entries = from ? from.#cloned() : new Map();
    this.skipFilter = from ? from.skipFilter : new Set();
    this.skipScore = from ? from.skipScore : new Set();
    this.filters = from ? from.filters : [];
    this.filterCounts = from ? from.filterCounts : [];
    this.podsToActivate = from ? from.podsToActivate : new Set();
  }

  write(key: string, value: StateData): void {
    this.#entries.set(key, value);
  }

  /** @throws when nothing was written under the key: a plugin without its own PreFilter or PreScore is a mistake in the program. */
  read<T extends StateData>(key: string): T {
    const value = this.#entries.get(key);
    if (value === undefined) throw new Error(`scheduler plugin state ${key} was never written`);
    return value as T;
  }

  find<T extends StateData>(key: string): T | undefined {
    return this.#entries.get(key) as T | undefined;
  }

  clone(): CycleState {
    return new CycleState(this);
  }

  #cloned(): Map<string, StateData> {
    const entries = new Map<string, StateData>();
    for (const [key, value] of this.#entries) entries.set(key, isCloneable(value) ? value.clone() : value);
    return entries;
  }
}
