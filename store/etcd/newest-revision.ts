import { KV_SERVICE } from '../rpc/index.ts';
import type { Revision } from '../store.ts';
import type { CallOptions, Cluster } from './cluster.ts';
import type { Translator } from './translate.ts';

/** A key that is never there. */
const NO_KEY = '\u0001';

/**
 * The cluster's newest revision, by a linearizable read of nothing. Those who ask while a question is under way share the next one: what was
 * committed after the question left may be missing from its answer.
 */
export class NewestRevision {
  readonly #cluster: Pick<Cluster, 'read'>;
  readonly #key: Buffer;
  #asking: Promise<Revision> | undefined;
  #next: Promise<Revision> | undefined;

  constructor(cluster: Pick<Cluster, 'read'>, translator: Translator) {
    this.#cluster = cluster;
    this.#key = translator.keyOf(NO_KEY);
  }

  ask(options?: CallOptions): Promise<Revision> {
    if (!this.#asking) return this.#ask(options);
    this.#next ??= this.#asking.then(
      () => this.#askNext(),
      // A cluster that does not answer has not answered those who came later either: they do not wait twice as long.
      (error: unknown) => {
        this.#next = undefined;
        throw error;
      },
    );
    return this.#next;
  }

  #askNext(): Promise<Revision> {
    this.#next = undefined;
    return this.#ask();
  }

  #ask(options?: CallOptions): Promise<Revision> {
    const request = { key: this.#key, countOnly: true };
    const asking = this.#cluster.read(KV_SERVICE.range, request, options).then(({ header }) => header?.revision ?? 0);
    this.#asking = asking;
    const done = () => {
      if (this.#asking === asking) this.#asking = undefined;
    };
    asking.then(done, done);
    return asking;
  }
}
