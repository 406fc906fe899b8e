import type { Store } from '../store.ts';

/**
 * The most that the store may take on the disk. What was put since the size was last measured is reckoned in full; only when that seems too much is
 * the size measured again, so that a put usually costs an addition.
 */
export class Quota {
  readonly #store: Store;
  readonly #bytesMax: number | undefined;
  #measured: number | undefined;
  #added = 0;
  #measuring: Promise<void> | undefined;

  /** @param bytesMax undefined for no limit. */
  constructor(store: Store, bytesMax: number | undefined) {
    this.#store = store;
    this.#bytesMax = bytesMax;
  }

  get bytesMax(): number | undefined {
    return this.#bytesMax;
  }

  /**
   * Whether there is room for so many more bytes, which are then reckoned as taken. Nothing (a cost of 0) is always possible.
   *
   * etcd: server/etcdserver/quota.go, `backendQuota`.
   */
  take(bytes: number): boolean | Promise<boolean> {
    if (bytes === 0 || this.#bytesMax === undefined || this.#takeNow(bytes)) return true;
    return this.#takeMeasured(bytes);
  }

  #takeNow(bytes: number): boolean {
    if (this.#measured === undefined || this.#measured + this.#added + bytes >= (this.#bytesMax ?? 0)) return false;
    this.#added += bytes;
    return true;
  }

  async #takeMeasured(bytes: number): Promise<boolean> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined;
    });
    await this.#measuring;
    return this.#takeNow(bytes);
  }

  async #measure(): Promise<void> {
    const before = this.#added;
    const { sizeBytes } = await this.#store.status();
    this.#measured = sizeBytes;
    // What was added while it was measured may or may not be in the figure: it is reckoned on top.
    this.#added -= before;
  }
}
