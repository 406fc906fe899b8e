import { type KubeObject, keyOf, type Live } from '../../api/index.ts';

/**
 * Knows which cached objects are behind our own writes: acting on one would end in a conflict, or do the same thing twice. Whoever finds
 * an object stale can leave it: the event of the write will bring it back.
 */
export class StaleGuard {
  readonly #replaced = new Map<string, string>();

  /** Notes that `before` was replaced by `after`, which a write of ours returned. */
  wrote(before: Live<KubeObject>, after: Live<KubeObject>): void {
    if (before.metadata.resourceVersion !== after.metadata.resourceVersion)
      this.#replaced.set(keyOf(before), before.metadata.resourceVersion);
  }

  isStale(cached: Live<KubeObject>): boolean {
    return this.#replaced.get(keyOf(cached)) === cached.metadata.resourceVersion;
  }

  forget(key: string): void {
    this.#replaced.delete(key);
  }
}
