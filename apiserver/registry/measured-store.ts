import type { KindInfo } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { type KeyRange, type Operation, type Store, StoreError, type Transaction } from '../../store/index.ts';
import { Histogram } from './histogram.ts';

/** Upper bounds of the buckets, in seconds: upstream's for etcd requests. */
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** What is known of the store's work. */
export interface StoreMetrics {
  /** Prometheus' text format, under the names that upstream gives to requests to etcd (apiserver/pkg/storage/etcd3/metrics). */
  text(): string;
}

export interface MeasureOptions {
  readonly clock: Clock;
  /** Whose key this is; undefined when it is no object's. */
  kindOf(key: string): Pick<KindInfo, 'group' | 'resource'> | undefined;
}

/** What is known of one sort of request. */
interface Sort {
  readonly durations: Histogram;
  errors: number;
}

const isDiskFailure = (error: unknown): error is StoreError =>
  error instanceof StoreError && (error.code === 'Io' || error.code === 'NoSpace');

/** Times the answers of stores, and watches their disks. */
export class StoreMeter implements StoreMetrics {
  readonly #options: MeasureOptions;
  readonly #sorts = new Map<string, Sort>();
  #failure: StoreError | undefined;

  constructor(options: MeasureOptions) {
    this.#options = options;
  }

  /** The failure of a disk after which its store takes no more writes until it is opened anew; reads go on. */
  get failure(): StoreError | undefined {
    return this.#failure;
  }

  text(): string {
    return textOf(this.#sorts);
  }

  /** The store under observation. */
  measure(store: Store): Store {
    const timed = <T>(operation: string, key: string, work: Promise<T>) => this.#timed(operation, key, work);
    return {
      get revision() {
        return store.revision;
      },
      newestRevision: () => store.newestRevision(),
      range: (range, options) => timed(range.end === undefined ? 'get' : 'list', range.key, store.range(range, options)),
      txn: (transaction) => timed(operationOf(transaction), keyOf(transaction), store.txn(transaction)),
      watch: (range, options, watcher) => store.watch(range, options, watcher),
      compact: (revision) => store.compact(revision),
      leases: store.leases,
      snapshot: () => store.snapshot(),
      hash: (revision) => store.hash(revision),
      status: () => store.status(),
      defragment: () => store.defragment(),
      close: () => store.close(),
    };
  }

  async #timed<T>(operation: string, key: string, work: Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const sort = this.#sortOf(operation, key);
    const start = clock.monotonic();
    try {
      return await work;
    } catch (error) {
      if (isDiskFailure(error)) this.#failure ??= error;
      sort.errors++;
      throw error;
    } finally {
      sort.durations.observe((clock.monotonic() - start) / 1000);
    }
  }

  #sortOf(operation: string, key: string): Sort {
    const { group, resource } = this.#options.kindOf(key) ?? { group: '', resource: '' };
    const labels = `operation="${operation}",group="${group}",resource="${resource}"`;
    const known = this.#sorts.get(labels);
    if (known) return known;
    const sort: Sort = { durations: new Histogram(BUCKETS_SECONDS), errors: 0 };
    this.#sorts.set(labels, sort);
    return sort;
  }
}

/** A transaction by what it does first, in upstream's words. */
function operationOf({ success, compare }: Transaction): string {
  const [first] = success;
  if (first?.op === 'delete') return 'delete';
  const [condition] = compare;
  return condition?.target === 'version' && condition.than === 0 ? 'create' : 'update';
}

function keyOf({ success }: Transaction): string {
  const [first] = success;
  return first ? (rangeOf(first)?.key ?? '') : '';
}

function rangeOf(operation: Operation): Pick<KeyRange, 'key'> | undefined {
  if (operation.op === 'put') return operation;
  return operation.op === 'txn' ? undefined : operation.range;
}

function textOf(sorts: ReadonlyMap<string, Sort>): string {
  const family = (name: string, type: string, help: string) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  const each = (line: (labels: string, sort: Sort) => string[]) => [...sorts].flatMap(([labels, sort]) => line(labels, sort));
  return [
    ...family('etcd_request_duration_seconds', 'histogram', 'How long the store took.'),
    ...each((labels, { durations }) => durations.lines('etcd_request_duration_seconds', labels)),
    ...family('etcd_requests_total', 'counter', 'Requests to the store.'),
    ...each((labels, { durations }) => [`etcd_requests_total{${labels}} ${durations.count}`]),
    ...family('etcd_request_errors_total', 'counter', 'Requests to the store that failed.'),
    ...each((labels, { errors }) => (errors > 0 ? [`etcd_request_errors_total{${labels}} ${errors}`] : [])),
    '',
  ].join('\n');
}
