import { Histogram } from '../registry/histogram.ts';

/** Upper bounds of the sizes of events: upstream's (apiserver/pkg/endpoints/metrics). */
const BUCKETS_BYTES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/** What the watchers of one kind were sent. */
export class WatchStats {
  readonly sizes = new Histogram(BUCKETS_BYTES);
  /** Watchers dropped because they did not read. */
  terminated = 0;

  /** An event of a size was sent to so many watchers. */
  sent(bytes: number, watchers: number): void {
    if (watchers > 0) this.sizes.observe(bytes, watchers);
  }
}
