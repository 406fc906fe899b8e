import type { EndpointSlice, Live } from '../../../api/index.ts';

type Slice = Live<EndpointSlice>;

/** A slice that was deleted, until the cache knows. */
const GONE = -1;

/**
 * Knows, for each owner, which slices there are by our own writes: a cache that is behind them would have us write them again.
 * Upstream: `EndpointSliceTracker`, which goes by generations too, as these rise with every change of a slice's contents.
 */
export class SliceTracker {
  readonly #byOwner = new Map<string, Map<string, number>>();

  /** Notes what a write answered. */
  wrote(owner: string, { metadata }: Slice): void {
    this.#of(owner).set(metadata.uid, metadata.generation ?? 0);
  }

  deleted(owner: string, { metadata }: Slice): void {
    this.#of(owner).set(metadata.uid, GONE);
  }

  /** Whether the cached slices are behind what was written. */
  isStale(owner: string, cached: readonly Slice[]): boolean {
    const known = this.#byOwner.get(owner);
    if (!known) return false;
    const generations = new Map(cached.map(({ metadata }) => [metadata.uid, metadata.generation ?? 0]));
    for (const [uid, generation] of known) {
      const now = generations.get(uid);
      if (generation === GONE ? now !== undefined : now === undefined || now < generation) return true;
    }
    return false;
  }

  /** What the cache was told of a slice. @returns whether it is news to us: somebody else's doing. */
  saw(owner: string, { metadata }: Slice): boolean {
    const known = this.#byOwner.get(owner)?.get(metadata.uid);
    const generation = metadata.generation ?? 0;
    if (known === undefined) return true;
    if (known === GONE || generation <= known) return false;
    this.#of(owner).set(metadata.uid, generation);
    return true;
  }

  /** A slice is gone from the cache. @returns whether it was somebody else who deleted it. */
  sawDeletion(owner: string, { metadata }: Slice): boolean {
    const known = this.#byOwner.get(owner);
    const expected = known?.get(metadata.uid) === GONE;
    known?.delete(metadata.uid);
    return !expected;
  }

  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }

  #of(owner: string): Map<string, number> {
    const known = this.#byOwner.get(owner) ?? new Map<string, number>();
    this.#byOwner.set(owner, known);
    return known;
  }
}
