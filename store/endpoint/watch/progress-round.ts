import type { Revision } from '../../store.ts';
import type { StreamWatch } from './stream-watch.ts';

/**
 * The answer to a client that asks how far its stream is: a revision up to which every watch of it has been told everything. Each watch says how far
 * it is when it has sent what it had to send; the least of that is true of all.
 *
 * etcd (server/mvcc/watchable_store.go, `progressIfSync`) answers only when all are up to date, and otherwise never; who asks again, as
 * kube-apiserver does, cannot tell the difference, and who asks once is answered here.
 */
export class ProgressRound {
  readonly #awaited: Set<StreamWatch>;
  readonly #onDone: (revision: Revision) => void;
  #revision: Revision = Number.POSITIVE_INFINITY;

  constructor(watches: Iterable<StreamWatch>, onDone: (revision: Revision) => void) {
    this.#awaited = new Set(watches);
    this.#onDone = onDone;
    for (const watch of this.#awaited) watch.requestProgress();
  }

  /** A watch that is begun meanwhile: what is said is said of it too. */
  add(watch: StreamWatch): void {
    this.#awaited.add(watch);
    watch.requestProgress();
  }

  /** A watch is so far. */
  report(watch: StreamWatch, revision: Revision): void {
    if (!this.#awaited.has(watch)) return;
    this.#revision = Math.min(this.#revision, revision);
    this.leave(watch);
  }

  /** A watch has said what it had to say, or has ended. */
  leave(watch: StreamWatch): void {
    if (this.#awaited.delete(watch) && this.#awaited.size === 0) this.#onDone(this.#revision);
  }
}
