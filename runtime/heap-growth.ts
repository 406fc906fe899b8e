import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';
import { every } from './every.ts';

const LOOK_MS = 10_000;
/** A heap of this size is a full process's: most of it are objects of the cluster, which stay. */
const LARGE_BYTES = 512 * 1024 * 1024;
/** By how much a large one grows, in percent, before V8 collects the whole of it again; 0 leaves that to V8, which lets it double and more. */
const GROWTH_OF_LARGE = 25;

/**
 * Keeps a large heap close to what lives in it. Small ones are left alone: collecting them more often costs more than it saves.
 * Node has no option for it that could be given while the process runs but V8's own, `--heap-growing-percent`.
 */
export class HeapGrowth implements Disposable {
  readonly #looking: Disposable;
  #percent = 0;

  constructor(clock: Clock, { setFlags = setFlagsFromString, usedBytes = () => getHeapStatistics().used_heap_size } = {}) {
    this.#looking = every(clock, LOOK_MS, () => {
      const percent = usedBytes() > LARGE_BYTES ? GROWTH_OF_LARGE : 0;
      if (percent !== this.#percent) setFlags(`--heap-growing-percent=${percent}`);
      this.#percent = percent;
    });
  }

  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]();
  }
}
