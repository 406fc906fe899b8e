import { type Store, StoreError, type StoreWatch, type Watcher } from '../../store/index.ts';

/** A store behind a network that can be cut: to those that use it, a store that other processes write to as well. */
export interface FaultyStore extends Store {
  /** While it is away every call is refused, and watches end; what hangs never answers. */
  state: 'there' | 'away' | 'hanging';
  /** Ends all watches with an error. */
  breakWatches(error: Error): void;
  /** What watchers are told waits until {@link FaultyStore.deliver}. */
  holdBack(): void;
  deliver(): Promise<void>;
}

const cut = () => new StoreError('Unavailable', 'the store is away');

/** Puts a network before a store: answers take a turn of the event loop, and can fail. */
export function faultyStore(store: Store): FaultyStore {
  const watchers = new Set<{ readonly watcher: Watcher; readonly watch: StoreWatch }>();
  let state: FaultyStore['state'] = 'there';
  let held: (() => void | Promise<void>)[] | undefined;
  const over = async <T>(call: () => T | Promise<T>): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (state === 'away') throw cut();
    if (state === 'hanging') return await new Promise<never>(() => undefined);
    return await call();
  };
  const faulty: FaultyStore = {
    get state() {
      return state;
    },
    set state(next) {
      state = next;
      if (next === 'away') faulty.breakWatches(cut());
    },
    get revision() {
      return store.revision;
    },
    newestRevision: () => over(() => store.newestRevision()),
    range: (range, options) => over(() => store.range(range, options)),
    txn: (transaction) => over(() => store.txn(transaction)),
    watch: (range, options, watcher) => {
      const relay: Watcher = {
        onBatch: (batch) => {
          if (!held) return watcher.onBatch(batch);
          held.push(() => watcher.onBatch(batch));
        },
        onEnd: (error) => watcher.onEnd(error),
      };
      const watch = store.watch(range, options, relay);
      const known = { watcher, watch };
      watchers.add(known);
      return {
        requestProgress: () => watch.requestProgress(),
        [Symbol.dispose]: () => {
          watchers.delete(known);
          watch[Symbol.dispose]();
        },
      };
    },
    compact: (revision) => over(() => store.compact(revision)),
    leases: store.leases,
    snapshot: () => store.snapshot(),
    hash: (revision) => over(() => store.hash(revision)),
    status: () => over(() => store.status()),
    defragment: () => over(() => store.defragment()),
    close: () => store.close(),
    breakWatches: (error) => {
      for (const known of [...watchers]) {
        watchers.delete(known);
        known.watch[Symbol.dispose]();
        known.watcher.onEnd(error);
      }
    },
    holdBack: () => {
      held ??= [];
    },
    deliver: async () => {
      const waiting = held ?? [];
      held = undefined;
      for (const tell of waiting) await tell();
    },
  };
  return faulty;
}
