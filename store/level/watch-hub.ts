/**
 * All watches of a store. Watches with the same range and filters share the work of finding the events in it.
 */
import type { KeyRange, Revision, StoreWatch, Watcher, WatchOptions } from '../store.ts';
import type { Commit } from './commit.ts';
import type { Reader } from './reader.ts';
import type { Committed } from './state.ts';
import { BACKLOG_BYTES_MAX, isWatched, LogWatch, type WatchedRange } from './watcher.ts';

interface Audience {
  readonly wanted: WatchedRange;
  readonly watches: Set<LogWatch>;
}

export class WatchHub {
  readonly #reader: Reader;
  readonly #committed: Committed;
  readonly #audiences = new Map<string, Audience>();

  constructor(reader: Reader, committed: Committed) {
    this.#reader = reader;
    this.#committed = committed;
  }

  watch(range: KeyRange, options: WatchOptions, watcher: Watcher): StoreWatch {
    const { signal } = options;
    const from: Revision = options.fromRevision ?? this.#committed.revision + 1;
    const request = {
      wanted: { range, noPut: options.noPut ?? false, noDelete: options.noDelete ?? false },
      from,
      prevKv: options.prevKv ?? false,
      backlogBytesMax: options.backlogBytesMax ?? BACKLOG_BYTES_MAX,
      watcher,
    };
    const onAbort = () => watch.end();
    const watch = new LogWatch(request, this.#reader, this.#committed, () => {
      signal?.removeEventListener('abort', onAbort);
      this.#leave(watch);
    });
    if (signal?.aborted) queueMicrotask(onAbort);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#join(watch);
    watch.start();
    return watch;
  }

  /** Tells the live watches of a commit, in the turn in which the committed revision has moved to it. */
  publish(commit: Commit): void {
    for (const { wanted, watches } of this.#audiences.values()) {
      const matching: number[] = [];
      for (const [at, { type, kv }] of commit.events.entries()) if (isWatched(wanted, type, kv.key)) matching.push(at);
      for (const watch of watches) watch.offer(commit, matching);
    }
  }

  /** Ends every watch. */
  close(error?: Error): void {
    for (const { watches } of [...this.#audiences.values()]) for (const watch of [...watches]) watch.end(error);
  }

  #join(watch: LogWatch): void {
    const name = nameOf(watch.wanted);
    const audience = this.#audiences.get(name) ?? { wanted: watch.wanted, watches: new Set() };
    audience.watches.add(watch);
    this.#audiences.set(name, audience);
  }

  #leave(watch: LogWatch): void {
    const name = nameOf(watch.wanted);
    const audience = this.#audiences.get(name);
    audience?.watches.delete(watch);
    if (audience?.watches.size === 0) this.#audiences.delete(name);
  }
}

/** Keys hold no NUL. */
function nameOf({ range: { key, end }, noPut, noDelete }: WatchedRange): string {
  const filters = `${noPut ? 'd' : ''}${noDelete ? 'p' : ''}`;
  return `${filters}\0${end === undefined ? key : `${key}\0${end}`}`;
}
