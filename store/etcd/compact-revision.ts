import { KV_SERVICE } from '../rpc/index.ts';
import { type Revision, StoreError } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Translator } from './translate.ts';

/** A key that is never there. */
const NO_KEY = '\u0001';
/** An empty store's revision: what is readable since then was never compacted. */
const FIRST_REVISION = 1;

/**
 * The revision that the cluster is compacted at. No call of etcd's tells it, so it is searched for: the oldest revision at which nothing can be read
 * without an error. Mostly it is what it was the last time, and one read says so.
 */
export class CompactRevision {
  readonly #cluster: Pick<Cluster, 'read'>;
  readonly #key: Buffer;
  #known: Revision = FIRST_REVISION;

  constructor(cluster: Pick<Cluster, 'read'>, translator: Translator) {
    this.#cluster = cluster;
    this.#key = translator.keyOf(NO_KEY);
  }

  /** It is at least this one. */
  atLeast(revision: Revision): void {
    this.#known = Math.max(this.#known, revision);
  }

  /** @param newest a revision that is readable. @returns 0 when nothing was ever compacted. */
  async find(newest: Revision): Promise<Revision> {
    let low = this.#known;
    if (await this.#isReadable(low)) return low === FIRST_REVISION ? 0 : low;
    // `low` is compacted away, `high` is readable unless a compaction has just gone further still.
    for (let high = newest; low + 1 < high; ) {
      const middle = low + Math.floor((high - low) / 2);
      if (await this.#isReadable(middle)) high = middle;
      else low = middle;
    }
    this.atLeast(low + 1);
    return this.#known;
  }

  async #isReadable(revision: Revision): Promise<boolean> {
    try {
      await this.#cluster.read(KV_SERVICE.range, { key: this.#key, countOnly: true, revision });
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'Compacted') return false;
      throw error;
    }
  }
}
