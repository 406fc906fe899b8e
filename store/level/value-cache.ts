import type { KeyState } from './log-codec.ts';

/** Bytes of values that are kept, more or less. */
const BYTES_MAX = 32 * 1024 * 1024;
/** What a value is reckoned at beside its bytes. */
const OVERHEAD_BYTES = 200;

/**
 * The values of states that were written or read lately. It has two generations: when the younger one is full it becomes the older, and what is
 * still in that one is let go; what is found in the older comes into the younger again.
 */
export class ValueCache {
  #young = new Map<KeyState, Buffer>();
  #old = new Map<KeyState, Buffer>();
  #youngBytes = 0;
  readonly #bytesMax: number;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get(state: KeyState): Buffer | undefined {
    const young = this.#young.get(state);
    if (young) return young;
    const old = this.#old.get(state);
    if (old) {
      this.#old.delete(state);
      this.set(state, old);
    }
    return old;
  }

  set(state: KeyState, value: Buffer): void {
    this.#young.set(state, value);
    this.#youngBytes += value.length + OVERHEAD_BYTES;
    if (this.#youngBytes < this.#bytesMax / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  /** Keeps values that were read from the disk, unless they are so many that they would be all there is. */
  keep(states: readonly KeyState[], values: readonly Buffer[]): void {
    let bytes = 0;
    for (const value of values) bytes += value.length + OVERHEAD_BYTES;
    if (bytes >= this.#bytesMax / 2) return;
    for (const [at, value] of values.entries()) {
      const state = states[at];
      if (state) this.set(state, value);
    }
  }

  /** A state that has ended is not asked for again. */
  delete(state: KeyState): void {
    const value = this.#young.get(state);
    if (value === undefined) {
      this.#old.delete(state);
      return;
    }
    this.#young.delete(state);
    this.#youngBytes -= value.length + OVERHEAD_BYTES;
  }
}
