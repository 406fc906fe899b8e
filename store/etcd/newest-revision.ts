import { KV_SERVICE } from '../rpc/index.ts';
import type { Revision } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Translator } from './translate.ts';

/** A key that is never there. */
const NO_KEY = '\u0001';

/**
 * The cluster's newest revision, by a linearizable read of nothing. Those who ask while a question is under way share the next one: what was
 * committed after the question left may be missing from its answer.
 */
export class NewestRevision {
  readonly #cluster: Cluster;
  readonly #key: Buffer;
  #asking: Promise<Revision> | undefined;
  #next: Promise<Revision> | undefined;

  constructor(cluster: Cluster, translator: Translator) {
    this.#cluster = cluster;
    this.#key = translator.keyOf(NO_KEY);
  }

  ask(): Promise<Revision> {
    if (!this.#asking) return this.#ask();
    this.#next ??= this.#asking.then(
      () => this.#askNext(),
      () => this.#askNext(),
    );
    return this.#next;
  }

  #askNext(): Promise<Revision> {
    this.#next = undefined;
    return this.#ask();
  }

  #ask(): Promise<Revision> {
    const asking = this.#cluster.read(KV_SERVICE.range, { key: this.#key, countOnly: true }).then(({ header }) => header?.revision ?? 0);
    this.#asking = asking;
    const done = () => {
      if (this.#asking === asking) this.#asking = undefined;
    };
    asking.then(done, done);
    return asking;
  }
}
