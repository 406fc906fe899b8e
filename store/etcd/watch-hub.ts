/** All watches of a store on etcd, on as few feeds as can be: one that is live, and one for each that reads the past. */
import { onAbort } from '../../runtime/index.ts';
import type { KeyRange, StoreWatch, Watcher, WatchOptions } from '../store.ts';
import { Feed, type FeedParts } from './feed.ts';
import { BACKLOG_BYTES_MAX, EtcdWatch } from './watch.ts';

export class WatchHub {
  readonly #parts: FeedParts;
  readonly #feeds = new Set<Feed>();
  readonly #suspects: Disposable;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#suspects = parts.cluster.onSuspect((endpoint) => {
      for (const feed of this.#feeds) feed.avoid(endpoint);
    });
  }

  watch(range: KeyRange, options: WatchOptions, watcher: Watcher): StoreWatch {
    const { signal, fromRevision } = options;
    let aborted: Disposable | undefined;
    const request = {
      range,
      from: fromRevision ?? this.#parts.newest() + 1,
      exact: fromRevision !== undefined,
      prevKv: options.prevKv ?? false,
      noPut: options.noPut ?? false,
      noDelete: options.noDelete ?? false,
      backlogBytesMax: options.backlogBytesMax ?? BACKLOG_BYTES_MAX,
      watcher: {
        onBatch: (batch) => watcher.onBatch(batch),
        onEnd: (error) => {
          aborted?.[Symbol.dispose]();
          watcher.onEnd(error);
        },
      } satisfies Watcher,
    };
    const watch = new EtcdWatch(request);
    if (signal?.aborted) queueMicrotask(() => watch.end());
    else if (signal) aborted = onAbort(signal, () => watch.end());
    this.#place(watch);
    return watch;
  }

  /** On a feed that has not passed its first revision yet, or on a new one. */
  #place(watch: EtcdWatch): void {
    const { prevKv } = watch.request;
    for (const feed of this.#feeds) {
      if (feed.prevKv === prevKv && feed.live && feed.position < watch.next) {
        feed.join(watch);
        return;
      }
    }
    const from = Math.min(watch.next, this.#parts.newest() + 1);
    const onCaughtUp = (each: Feed) => this.#merge(each);
    const feed = new Feed(
      { from, prevKv, range: watch.request.range, onCaughtUp, onEmpty: (each) => this.#feeds.delete(each) },
      this.#parts,
    );
    this.#feeds.add(feed);
    feed.join(watch);
    feed.run().catch((error: unknown) => feed.end(error instanceof Error ? error : new Error(String(error))));
  }

  /** A feed has caught up: one that is live already takes its watches, or is what it is to catch up with. */
  #merge(feed: Feed): boolean {
    for (const other of this.#feeds) {
      if (other === feed || other.prevKv !== feed.prevKv || !other.live) continue;
      if (!other.takeOver(feed)) feed.pursue(other.position);
      return true;
    }
    return false;
  }

  /** Ends every watch. */
  close(): void {
    this.#suspects[Symbol.dispose]();
    for (const feed of [...this.#feeds]) feed.end();
  }
}
