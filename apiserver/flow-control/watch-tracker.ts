import { parseFieldSelector } from '../../api/index.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';

/**
 * Counts watches by what they are of, to know how many are told of a write. Selectors are not looked at, but for those by which a resource's
 * watchers are found: who watches with such a selector is told of few changes only. Upstream: apiserver/pkg/util/flowcontrol/watch_tracker.go.
 */
export class WatchTracker {
  readonly #counts = new Map<string, number>();
  readonly #indexOf: (info: RequestInfo) => string | undefined;

  /** @param indexOf the field that watchers of a resource are found by. */
  constructor(indexOf: (info: RequestInfo) => string | undefined) {
    this.#indexOf = indexOf;
  }

  /** Counts a watch. @returns what ends it; once. */
  register(info: RequestInfo): () => void {
    if (this.#isIndexed(info)) return () => undefined;
    const key = keyOf(info, info.namespace, info.name);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#counts.get(key) ?? 0) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }

  /** The watches that a write may be of interest to. */
  interestedIn(info: RequestInfo): number {
    if (this.#counts.size === 0) return 0;
    const { namespace, name } = info;
    let count = this.#counts.get(keyOf(info, '', '')) ?? 0;
    if (namespace !== '') count += this.#counts.get(keyOf(info, namespace, '')) ?? 0;
    if (name !== '') count += this.#counts.get(keyOf(info, namespace, name)) ?? 0;
    return count;
  }

  #isIndexed(info: RequestInfo): boolean {
    const { fieldSelector } = info;
    if (!fieldSelector) return false;
    const field = this.#indexOf(info);
    if (field === undefined || !fieldSelector.includes(field)) return false;
    try {
      return parseFieldSelector(fieldSelector).some((each) => each.field === field && each.operator === '=' && each.value !== '');
    } catch {
      return false; // the selector is refused later, where its error is answered
    }
  }
}

const keyOf = ({ group, resource }: RequestInfo, namespace: string, name: string): string => `${group}/${resource}/${namespace}/${name}`;
