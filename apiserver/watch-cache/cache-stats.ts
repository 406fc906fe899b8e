import { Histogram } from '../registry/histogram.ts';

/** How long reads wait for a revision: upstream's (apiserver, `pkg/storage/cacher/metrics`). */
const WAIT_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3];
/** How long lists by watch take: upstream's (apiserver, `pkg/endpoints/metrics`). */
const WATCH_LIST_SECONDS = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60];

/** What lists cost: how many there were, how many objects were looked at, and how many of them answered. */
export interface ListCosts {
  lists: number;
  fetched: number;
  evaluated: number;
  returned: number;
}

const noCosts = (): ListCosts => ({ lists: 0, fetched: 0, evaluated: 0, returned: 0 });

/** What was read of one kind, and what its cache was told. Plain numbers: they are added to by every list and every change. */
export class CacheStats {
  /** Lists that were answered from memory, by the index that found the objects; the empty one is none. */
  readonly lists = new Map<string, ListCosts>();
  /** Lists that were answered from the store. */
  readonly storage: ListCosts = noCosts();
  /** Lists of the newest state. */
  readonly consistentReads = { done: 0, failed: 0 };
  /** How often the cache was filled. */
  fills = 0;
  /** Changes it was told. */
  events = 0;
  /** What watchers were told of before what changed from then on. */
  initEvents = 0;
  /** Objects that could not be read. */
  unreadable = 0;
  readonly #watchLists = new Map<string, Histogram>();
  #waits: Histogram | undefined;

  listed(index: string, fetched: number, returned: number): void {
    let costs = this.lists.get(index);
    if (!costs) {
      costs = noCosts();
      this.lists.set(index, costs);
    }
    costs.lists++;
    costs.fetched += fetched;
    costs.returned += returned;
  }

  /** A read has waited until the cache was as new as it asked for. */
  waited(ms: number): void {
    this.#waits ??= new Histogram(WAIT_SECONDS);
    this.#waits.observe(ms / 1000);
  }

  get waits(): Histogram | undefined {
    return this.#waits;
  }

  /** A watch has told everything there was. @param scope of the request, as metrics name it. */
  watchListed(scope: string, ms: number): void {
    let histogram = this.#watchLists.get(scope);
    if (!histogram) {
      histogram = new Histogram(WATCH_LIST_SECONDS);
      this.#watchLists.set(scope, histogram);
    }
    histogram.observe(ms / 1000);
  }

  get watchLists(): ReadonlyMap<string, Histogram> {
    return this.#watchLists;
  }
}
