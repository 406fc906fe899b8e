import { type KubeObject, keyOf, type Live } from '../../api/index.ts';

/**
 * Knows which cached objects are behind our own writes: acting on one would end in a conflict, or do the same thing twice. Whoever finds
 * an object stale can leave it: the event of the write will bring it back.
 */
export class StaleGuard {
  /** By key, the versions that were replaced since the cache last had a newer one. */
  readonly #replaced = new Map<string, Set<string>>();

  /** Notes that `before` was replaced by `after`, which a write of ours returned. */
  wrote(before: Live<KubeObject>, after: Live<KubeObject>): void {
    const { resourceVersion } = before.metadata;
    if (resourceVersion === after.metadata.resourceVersion) return;
    const key = keyOf(before);
    const replaced = this.#replaced.get(key);
    if (replaced) replaced.add(resourceVersion);
    else this.#replaced.set(key, new Set([resourceVersion]));
  }

  isStale(cached: Live<KubeObject>): boolean {
    const key = keyOf(cached);
    if (this.#replaced.get(key)?.has(cached.metadata.resourceVersion)) return true;
    this.#replaced.delete(key);
    return false;
  }

  forget(key: string): void {
    this.#replaced.delete(key);
  }
}
