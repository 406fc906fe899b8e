import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import type { Clock } from './clock.ts';
import { every } from './every.ts';

const LOOK_MS = 10_000;
const MEBIBYTE = 1024 * 1024;
/**
 * A heap of such a size is a full process's: most of it are objects of the cluster, which stay. It grows by so many percent before V8 collects the
 * whole of it again (which lets it double and more of its own accord): the larger it is, the less of it changes while it grows so much.
 */
const LARGE = [
  { aboveBytes: 768 * MEBIBYTE, percent: 10 },
  { aboveBytes: 256 * MEBIBYTE, percent: 25 },
] as const;

/**
 * Keeps a large heap close to what lives in it. Small ones are left alone: collecting them more often costs more than it saves.
 * Node has no options for it that could be given while the process runs but V8's own.
 */
export class HeapGrowth implements Disposable {
  readonly #looking: Disposable;
  #percent = 0;

  constructor(clock: Clock, { setFlags = setFlagsFromString, usedBytes = () => getHeapStatistics().used_heap_size } = {}) {
    this.#looking = every(clock, LOOK_MS, () => {
      const used = usedBytes();
      const percent = LARGE.find(({ aboveBytes }) => used > aboveBytes)?.percent ?? 0;
      if (percent === this.#percent) return;
      this.#percent = percent;
      setFlags(`--heap-growing-percent=${percent}`);
      // Pages that are half empty are put together each time: what waves of short-lived objects leave is holes, which V8 keeps.
      setFlags(percent > 0 ? '--optimize-for-size' : '--no-optimize-for-size');
    });
  }

  [Symbol.dispose](): void {
    this.#looking[Symbol.dispose]();
  }
}
