import type { Clock } from '../../runtime/index.ts';
import { type Store, StoreError } from '../../store/index.ts';
import { Histogram } from './histogram.ts';

/** Upper bounds of the buckets, in seconds: upstream's for etcd requests. */
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

type Measured = 'range' | 'txn';

/** What is known of the store's work. */
export interface StoreMetrics {
  /** Prometheus' text format, under the name upstream gives to requests to etcd. */
  text(): string;
}

/** A store under observation. */
export interface MeasuredStore {
  readonly store: Store;
  readonly metrics: StoreMetrics;
  /** The failure of the disk after which the store takes no more writes until it is opened anew; reads go on. */
  failure(): StoreError | undefined;
}

const isDiskFailure = (error: unknown): error is StoreError =>
  error instanceof StoreError && (error.code === 'Io' || error.code === 'NoSpace');

/** A store whose answers are timed, and whose disk is watched. */
export function measureStore(store: Store, clock: Clock): MeasuredStore {
  let failure: StoreError | undefined;
  const histograms: Readonly<Record<Measured, Histogram>> = { range: new Histogram(BUCKETS_SECONDS), txn: new Histogram(BUCKETS_SECONDS) };
  const timed = async <T>(what: Measured, work: Promise<T>): Promise<T> => {
    const start = clock.monotonic();
    try {
      return await work;
    } catch (error) {
      if (isDiskFailure(error)) failure ??= error;
      throw error;
    } finally {
      histograms[what].observe((clock.monotonic() - start) / 1000);
    }
  };
  const measured: Store = {
    get revision() {
      return store.revision;
    },
    newestRevision: () => store.newestRevision(),
    range: (range, options) => timed('range', store.range(range, options)),
    txn: (transaction) => timed('txn', store.txn(transaction)),
    watch: (range, options, watcher) => store.watch(range, options, watcher),
    compact: (revision) => store.compact(revision),
    leases: store.leases,
    snapshot: () => store.snapshot(),
    hash: (revision) => store.hash(revision),
    status: () => store.status(),
    defragment: () => store.defragment(),
    close: () => store.close(),
  };
  const text = () => {
    const name = 'etcd_request_duration_seconds';
    const lines = [`# HELP ${name} How long the store took.`, `# TYPE ${name} histogram`];
    for (const [what, histogram] of Object.entries(histograms)) lines.push(...histogram.lines(name, `operation="${what}",type=""`));
    return `${lines.join('\n')}\n`;
  };
  return { store: measured, metrics: { text }, failure: () => failure };
}
