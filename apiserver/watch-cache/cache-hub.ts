import type { KindInfo } from '../../api/index.ts';
import { Backoff, type Clock, type Logger, type Random, type Timer } from '../../runtime/index.ts';
import {
  type KeyValue,
  keyAfter,
  prefixRange,
  type RangeResult,
  type Revision,
  type Store,
  StoreError,
  type StoreEvent,
  type StoreWatch,
  type WatchBatch,
} from '../../store/index.ts';
import { REGISTRY_ROOT } from '../registry/keys.ts';
import { tooLarge } from '../registry/store-errors.ts';
import type { KindCache } from './kind-cache.ts';

/** Keys read at a time when a cache is filled. */
const LOAD_PAGE_KEYS = 5000;
/** How often watchers that take bookmarks get one. */
const BOOKMARK_INTERVAL_MS = 60_000;
/** Bytes the store may hold back for this process before it gives up on it; the hub takes batches at once, so this is never near. */
const STORE_BACKLOG_BYTES_MAX = 512 * 1024 * 1024;
/** How long a read waits for a revision: upstream's `blockTimeout` (apiserver/pkg/storage/cacher/watch_cache.go). */
const REACH_MS_MAX = 3000;
/** How often the store is asked how far it is while somebody waits: upstream's `progressRequestPeriod` (cacher/watch_progress.go). */
const PROGRESS_INTERVAL_MS = 100;
/** Between two tries to take up the watch of the store again. */
const RETRY_MS = 50;
const RETRY_MS_MAX = 2000;

interface Waiter {
  readonly revision: Revision;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What the keys of all kinds begin with, without the last slash; `/registry` unless given. */
  readonly root?: string | undefined;
}

/** A whole cache's worth of what has changed. */
interface Refill {
  readonly changed: readonly KeyValue[];
  readonly present: ReadonlySet<string>;
}

/**
 * Keeps the caches of all kinds in step with the store, over one watch of everything.
 *
 *     store ── batches, in revision order ──> hub ── by key prefix ──> KindCache … KindCache
 *
 * 1. {@link revision} is the revision all caches have reached together.
 * 2. A cache never skips a revision. A watch that breaks is taken up again behind that revision; only when the store has forgotten what
 *    came next is every cache filled anew, all at one revision and in one turn, and every watcher sent away to list again.
 * 3. Nobody waits without a bound: who waits for a revision is refused after {@link REACH_MS_MAX}.
 */
export class CacheHub {
  readonly #parts: Parts;
  readonly #root: string;
  /** By the prefix of their keys; versions of a resource share one, the stored version first. */
  readonly #caches = new Map<string, readonly KindCache[]>();
  /** What has changed for caches that are being filled while the others are followed already. */
  readonly #filling = new Map<KindCache, StoreEvent[]>();
  readonly #backoff: Backoff;
  readonly #stopped = new AbortController();
  #waiters: Waiter[] = [];
  #revision: Revision = 0;
  #watch: StoreWatch | undefined;
  #bookmarks: Timer | undefined;
  #progress: Timer | undefined;
  #running = false;
  #following = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#root = `${parts.root ?? REGISTRY_ROOT}/`;
    this.#backoff = new Backoff({ random: parts.random, delayMs: RETRY_MS, delayMsMax: RETRY_MS_MAX });
  }

  /** The revision every cache has reached. */
  get revision(): Revision {
    return this.#revision;
  }

  /** Whether the caches are filled and followed. */
  get synced(): boolean {
    return this.#following;
  }

  /** Adds a cache that {@link start} fills. */
  add(cache: KindCache): void {
    const { prefix } = cache.schema;
    const caches = [...(this.#caches.get(prefix) ?? []), cache].sort((a, b) => Number(a.isView) - Number(b.isView));
    this.#caches.set(prefix, caches);
    const [stored] = caches;
    if (stored && !stored.isView) for (const view of caches) if (view.isView) view.readFrom(stored);
  }

  /**
   * Adds a cache to a hub that is running. Resolves once it is exactly where all others are; nobody waits for it meanwhile.
   *
   *     changes  ──1──2──3──4──5──▶
   *                 ▲     ▲
   *                 │     └ state read at 3 and loaded; 4 and 5, which came meanwhile, are taken in after it
   *                 └ changes are kept from here on
   */
  async join(cache: KindCache): Promise<void> {
    try {
      while (this.#running && !(await this.#tryJoin(cache))) cache.clear();
    } finally {
      this.#filling.delete(cache);
    }
  }

  /** Whether the cache has joined: after a refill meanwhile, what was kept may have a gap. */
  async #tryJoin(cache: KindCache): Promise<boolean> {
    const changes: StoreEvent[] = [];
    this.#filling.set(cache, changes);
    const revision = await this.#parts.store.newestRevision();
    cache.stats.storage.lists++;
    for await (const kvs of this.#pages(cache.schema.prefix, revision)) cache.load(kvs);
    await cache.opened();
    await this.reach(revision);
    if (this.#filling.get(cache) !== changes) return false;
    cache.begin(revision);
    for (const event of changes) if (event.kv.modRevision > revision) cache.apply(event, event.kv.modRevision);
    this.add(cache);
    return true;
  }

  /** Lets a cache go; its watchers are sent away. */
  remove(cache: KindCache): void {
    this.#filling.delete(cache);
    const { prefix } = cache.schema;
    const left = (this.#caches.get(prefix) ?? []).filter((other) => other !== cache);
    if (left.length > 0) this.#caches.set(prefix, left);
    else this.#caches.delete(prefix);
    cache.endWatches();
  }

  /** Whose key this is; undefined when it is no cached object's, or the prefix of them. */
  kindOf(key: string): Pick<KindInfo, 'group' | 'resource'> | undefined {
    return this.#cachesOf(key)[0]?.schema.info;
  }

  /** Fills the caches; waits for a store that is away. */
  async start(): Promise<void> {
    this.#running = true;
    await this.#untilDone(() => this.#fill());
    if (this.#running) this.#armBookmarks();
  }

  stop(): void {
    this.#running = false;
    this.#following = false;
    this.#stopped.abort();
    this.#bookmarks?.cancel();
    this.#progress?.cancel();
    this.#watch?.[Symbol.dispose]();
    for (const cache of this.#all()) cache.endWatches();
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) waiter.resolve();
  }

  /**
   * Resolves once the caches hold everything that anybody had committed before the call; undefined when they already do. Rejects as
   * {@link reach}, and with the store's error when it cannot be asked.
   */
  fresh(): Promise<void> | undefined {
    const newest = this.#parts.store.newestRevision();
    if (newest instanceof Promise) return newest.then((revision) => this.reach(revision));
    return this.#revision >= newest ? undefined : this.reach(newest);
  }

  /**
   * Resolves once the caches have reached a revision (or the hub was stopped).
   *
   * Rejects after three seconds: with `Unavailable` when the store cannot be followed, else as a revision that is too large.
   */
  reach(revision: Revision): Promise<void> {
    if (this.#revision >= revision || !this.#running) return Promise.resolve();
    const deadline = this.#parts.clock.monotonic() + REACH_MS_MAX;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ revision, deadline, resolve, reject });
      this.#watch?.requestProgress();
      this.#armProgress();
    });
  }

  async #fill(): Promise<void> {
    const revision = await this.#parts.store.newestRevision();
    for (const [prefix, caches] of [...this.#caches]) {
      if (caches[0]) caches[0].stats.storage.lists++;
      for await (const kvs of this.#pages(prefix, revision)) for (const cache of caches) cache.load(kvs);
      for (const cache of caches) {
        await cache.opened();
        cache.begin(revision);
      }
    }
    this.#advance(revision);
    this.#follow(revision);
  }

  /** All caches become the state at one revision, in one turn. */
  async #refill(revision: Revision): Promise<void> {
    const refills = new Map<KindCache, Refill>();
    // Caches may join meanwhile: they are in the turn as well.
    for (let left = [...this.#all()]; left.length > 0; left = [...this.#all()].filter((cache) => !refills.has(cache))) {
      for (const cache of left) refills.set(cache, await this.#differences(cache, revision));
    }
    for (const [cache, { changed, present }] of refills) cache.replace(changed, present, revision);
    this.#filling.clear();
    this.#revision = revision;
    this.#advance(revision);
    this.#follow(revision);
  }

  async #differences(cache: KindCache, revision: Revision): Promise<Refill> {
    const present = new Set<string>();
    const changed: KeyValue[] = [];
    for await (const kvs of this.#pages(cache.schema.prefix, revision)) {
      for (const kv of kvs) {
        present.add(kv.key);
        if (cache.revisionOf(kv.key) !== kv.modRevision) changed.push(kv);
      }
    }
    return { changed, present };
  }

  async *#pages(prefix: string, revision: Revision): AsyncGenerator<readonly KeyValue[], void> {
    const { key, end } = prefixRange(prefix);
    const read = (from: string) => this.#parts.store.range({ key: from, end }, { limit: LOAD_PAGE_KEYS, revision });
    for (let next: Promise<RangeResult> | undefined = read(key); next; ) {
      const page: RangeResult = await next;
      // The disk reads on while this page is taken in; who takes no more of them does not hear why the next one cannot be read.
      next = page.more ? read(keyAfter(page.kvs.at(-1)?.key ?? '')) : undefined;
      next?.catch(() => undefined);
      yield page.kvs;
    }
  }

  #follow(revision: Revision): void {
    const options = { fromRevision: revision + 1, backlogBytesMax: STORE_BACKLOG_BYTES_MAX };
    this.#following = true;
    this.#watch = this.#parts.store.watch(prefixRange(this.#root), options, {
      onBatch: (batch) => this.#take(batch),
      onEnd: (error) => this.#ended(error),
    });
  }

  #take(batch: WatchBatch): void {
    if (batch.type === 'events') {
      for (const event of batch.events) {
        for (const cache of this.#cachesOf(event.kv.key)) cache.apply(event, event.kv.modRevision);
        for (const [cache, changes] of this.#filling) if (event.kv.key.startsWith(cache.schema.prefix)) changes.push(event);
      }
    }
    this.#advance(batch.revision);
    this.#backoff.reset();
  }

  /** The caches a key belongs to: prefixes are one or two segments long. */
  #cachesOf(key: string): readonly KindCache[] {
    const first = key.indexOf('/', this.#root.length) + 1;
    return this.#caches.get(key.slice(0, first)) ?? this.#caches.get(key.slice(0, key.indexOf('/', first) + 1)) ?? NONE;
  }

  #all(): KindCache[] {
    return [...this.#caches.values()].flat();
  }

  #advance(revision: Revision): void {
    if (revision > this.#revision) this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => waiter.revision > this.#revision);
    for (const waiter of waiting) if (waiter.revision <= this.#revision) waiter.resolve();
  }

  #armProgress(): void {
    this.#progress ??= this.#parts.clock.setTimer(PROGRESS_INTERVAL_MS, () => {
      this.#progress = undefined;
      this.#refuseLate();
      if (this.#waiters.length === 0) return;
      if (this.#following) this.#watch?.requestProgress();
      this.#armProgress();
    });
  }

  /** All waiters wait equally long: those that are late stand first. */
  #refuseLate(): void {
    const now = this.#parts.clock.monotonic();
    const late = this.#waiters.findIndex(({ deadline }) => deadline > now);
    const refused = this.#waiters.splice(0, late < 0 ? this.#waiters.length : late);
    for (const { revision, reject } of refused) {
      reject(this.#following ? tooLarge(revision, this.#revision) : new StoreError('Unavailable', NOT_FOLLOWED));
    }
  }

  #ended(error: Error | undefined): void {
    if (!this.#running || !error) return;
    this.#following = false;
    this.#parts.logger.warn({ err: error, revision: this.#revision }, 'watch of the store ended, taking it up again');
    let forgotten = isForgotten(error);
    const again = async () => {
      const newest = await this.#parts.store.newestRevision();
      // A store that is behind what it once told has lost it: nothing that is cached can be relied upon.
      if (newest < this.#revision) forgotten = true;
      if (!forgotten) return this.#follow(this.#revision);
      this.#parts.logger.error({ revision: this.#revision, newest }, 'the store cannot tell what has changed, filling the caches again');
      await this.#refill(newest);
    };
    this.#untilDone(again, this.#backoff.next()).catch((cause: unknown) => {
      this.#parts.logger.fatal({ err: cause }, 'the store cannot be followed any more');
    });
  }

  /** Does something that takes a working store; again, at growing distances, while that is away. */
  async #untilDone(work: () => Promise<void>, delayMs = 0): Promise<void> {
    const { clock, logger } = this.#parts;
    for (let waitMs = delayMs; this.#running; waitMs = this.#backoff.next()) {
      try {
        if (waitMs > 0) await clock.sleep(waitMs, this.#stopped.signal);
        await work();
        return;
      } catch (error) {
        if (!this.#running) return;
        if (!isPassing(error)) throw error;
        logger.warn({ err: error, tries: this.#backoff.tries }, 'the caches cannot be filled yet, trying again');
      }
    }
  }

  #armBookmarks(): void {
    this.#bookmarks = this.#parts.clock.setTimer(BOOKMARK_INTERVAL_MS, () => {
      for (const cache of this.#all()) cache.bookmark(this.#revision);
      if (this.#running) this.#armBookmarks();
    });
  }
}

const NONE: readonly KindCache[] = [];
const NOT_FOLLOWED = 'the store cannot be followed at the moment, please try again';

const isForgotten = (error: unknown): boolean => error instanceof StoreError && error.code === 'Compacted';

/** What another try can overcome: a store that is away, and one that compacted while it was read. */
const isPassing = (error: unknown): boolean =>
  error instanceof StoreError && (error.code === 'Unavailable' || error.code === 'Compacted' || error.code === 'FutureRevision');
