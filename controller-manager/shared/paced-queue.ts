import { WorkQueue, type WorkQueueOptions } from '../../client/index.ts';
import type { Clock } from '../../runtime/index.ts';

/**
 * A work queue for keys whose news come in floods, such as the status of a thousand pods of one ReplicaSet: the first is looked at at
 * once, further ones together, one pace later. What must not wait is added as to any queue.
 */
export class PacedQueue extends WorkQueue {
  readonly #clock: Clock;
  readonly #paceMs: number;
  readonly #takenAt = new Map<string, number>();

  constructor(options: WorkQueueOptions & { readonly paceMs: number }) {
    super(options);
    this.#clock = options.clock;
    this.#paceMs = options.paceMs;
  }

  /** Adds the key when it was not looked at for a pace, else as soon as that is over. @param paceMs the key's own, if it has one */
  addPaced(key: string, paceMs: number = this.#paceMs): void {
    const takenAt = this.#takenAt.get(key);
    if (takenAt === undefined) this.add(key);
    else this.addAfter(key, takenAt + paceMs - this.#clock.monotonic());
  }

  override async get(): Promise<string | undefined> {
    const key = await super.get();
    if (key !== undefined) this.#takenAt.set(key, this.#clock.monotonic());
    return key;
  }

  /** Forgets a key whose object is gone. */
  drop(key: string): void {
    this.forget(key);
    this.#takenAt.delete(key);
  }
}
