import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';
import { every } from './every.ts';

const LOOK_MS = 10_000;
/** A heap of this size is a full process's: most of it are objects of the cluster, which stay. */
const LARGE_BYTES = 256 * 1024 * 1024;

/**
 * A large one grows by a quarter before V8 collects the whole of it again (which lets it double and more of its own accord), and pages that are
 * half empty are put together each time: what waves of short-lived objects leave is holes, which V8 keeps.
 */
const OF_LARGE: readonly string[] = ['--heap-growing-percent=25', '--optimize-for-size'];
const OF_SMALL: readonly string[] = ['--heap-growing-percent=0', '--no-optimize-for-size'];

/**
 * Keeps a large heap close to what lives in it. Small ones are left alone: collecting them more often costs more than it saves.
 * Node has no options for it that could be given while the process runs but V8's own.
 */
export class HeapGrowth implements Disposable {
  readonly #looking: Disposable;
  #isLarge = false;

  constructor(clock: Clock, { setFlags = setFlagsFromString, usedBytes = () => getHeapStatistics().used_heap_size } = {}) {
    this.#looking = every(clock, LOOK_MS, () => {
      const isLarge = usedBytes() > LARGE_BYTES;
      if (isLarge === this.#isLarge) return;
      this.#isLarge = isLarge;
      for (const flag of isLarge ? OF_LARGE : OF_SMALL) setFlags(flag);
    });
  }

  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]();
  }
}
