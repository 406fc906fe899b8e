import type { Clock, Logger, Timer } from '../../runtime/index.ts';
import { prefixRange, type RangeResult, type Revision, type Store, type StoreWatch, type WatchBatch } from '../../store/index.ts';
import { REGISTRY_PREFIX } from '../registry/keys.ts';
import type { KindCache } from './kind-cache.ts';

/** Keys read at a time when a cache is filled. */
const LOAD_PAGE_KEYS = 5000;
/** What makes of a key the first one that can come after it. */
const NEXT_KEY = '\u0001';
/** How often watchers that take bookmarks get one. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Bytes the store may hold back for this process before it gives up on it; the hub takes batches at once, so this is never near. */
const STORE_BACKLOG_BYTES_MAX = 512 * 1024 * 1024;

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
}

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps the caches of all kinds in step with the store, over one watch of everything.
 *
 *     store ── batches, in revision order ──> hub ── by key prefix ──> KindCache … KindCache
 *
 * 1. {@link revision} is the revision all caches have reached together.
 * 2. A cache never skips a revision: when the watch cannot go on, every cache is filled anew and every watcher sent away.
 */
export class CacheHub {
  readonly #parts: Parts;
  readonly #caches = new Map<string, KindCache>();
  #waiters: Waiter[] = [];
  #revision: Revision = 0;
  #watch: StoreWatch | undefined;
  #bookmarks: Timer | undefined;
  #running = false;
  #synced = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The revision every cache has reached. */
  get revision(): Revision {
    return this.#revision;
  }

  /** Whether the caches are filled and followed. */
  get synced(): boolean {
    return this.#synced;
  }

  add(cache: KindCache): void {
    this.#caches.set(cache.schema.prefix, cache);
  }

  async start(): Promise<void> {
    this.#running = true;
    await this.#fill();
    this.#armBookmarks();
  }

  stop(): void {
    this.#running = false;
    this.#synced = false;
    this.#bookmarks?.cancel();
    this.#watch?.[Symbol.dispose]();
    for (const cache of this.#caches.values()) cache.endWatches();
    this.#release();
  }

  /** Resolves once the caches hold everything committed before the call; undefined when they already do. */
  fresh(): Promise<void> | undefined {
    const { revision } = this.#parts.store;
    return this.#revision >= revision ? undefined : this.reach(revision);
  }

  /** Resolves once the caches have reached a revision (or the hub was stopped). */
  reach(revision: Revision): Promise<void> {
    if (this.#revision >= revision || !this.#running) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ revision, resolve });
      this.#watch?.requestProgress();
    });
  }

  async #fill(): Promise<void> {
    const { store } = this.#parts;
    const { revision } = store;
    for (const cache of this.#caches.values()) {
      const { key, end } = prefixRange(cache.schema.prefix);
      for (let from: string | undefined = key; from !== undefined; ) {
        const page: RangeResult = await store.range({ key: from, end }, { limit: LOAD_PAGE_KEYS, revision });
        cache.load(page.kvs);
        from = page.more ? `${page.kvs.at(-1)?.key ?? ''}${NEXT_KEY}` : undefined;
      }
      cache.begin(revision);
    }
    this.#advance(revision);
    this.#follow(revision);
    this.#synced = true;
  }

  #follow(revision: Revision): void {
    const options = { fromRevision: revision + 1, backlogBytesMax: STORE_BACKLOG_BYTES_MAX };
    this.#watch = this.#parts.store.watch(prefixRange(REGISTRY_PREFIX), options, {
      onBatch: (batch) => this.#take(batch),
      onEnd: (error) => this.#ended(error),
    });
  }

  #take(batch: WatchBatch): void {
    if (batch.type === 'events') {
      for (const event of batch.events) this.#cacheOf(event.kv.key)?.apply(event, event.kv.modRevision);
    }
    this.#advance(batch.revision);
  }

  /** The cache a key belongs to: prefixes are one or two segments long. */
  #cacheOf(key: string): KindCache | undefined {
    const first = key.indexOf('/', REGISTRY_PREFIX.length) + 1;
    return this.#caches.get(key.slice(0, first)) ?? this.#caches.get(key.slice(0, key.indexOf('/', first) + 1));
  }

  #advance(revision: Revision): void {
    if (revision > this.#revision) this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => waiter.revision > this.#revision);
    for (const waiter of waiting) if (waiter.revision <= this.#revision) waiter.resolve();
  }

  #release(): void {
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) waiter.resolve();
  }

  #ended(error: Error | undefined): void {
    if (!this.#running || !error) return;
    this.#parts.logger.error({ err: error }, 'watch of the store ended, filling the caches again');
    this.#synced = false;
    for (const cache of this.#caches.values()) cache.reset();
    this.#fill().catch((cause: unknown) => this.#parts.logger.fatal({ err: cause }, 'the caches cannot be filled'));
  }

  #armBookmarks(): void {
    this.#bookmarks = this.#parts.clock.setTimer(BOOKMARK_INTERVAL_MS, () => {
      for (const cache of this.#caches.values()) cache.bookmark(this.#revision);
      if (this.#running) this.#armBookmarks();
    });
  }
}
