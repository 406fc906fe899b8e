/**
 * All watches of a store. Watches with the same range and filters are an audience: finding the events in the range, and packing them up, is
 * done once for all of them; audiences that a commit does not concern are not looked at.
 */
import type { KeyRange, Revision, StoreWatch, Watcher, WatchOptions } from '../store.ts';
import { type Commit, Portion } from './commit.ts';
import { RangeIndex } from './range-index.ts';
import type { Reader } from './reader.ts';
import type { Committed } from './state.ts';
import { BACKLOG_BYTES_MAX, LogWatch, leavesOut, type WatchedRange } from './watcher.ts';

/** The watches of a range that leave out the same types of events. */
interface Audience {
  readonly wanted: WatchedRange;
  readonly watches: Set<LogWatch>;
  /** Which events of the commit that is being published are in the range. */
  matching: number[];
}

export class WatchHub {
  readonly #reader: Reader;
  readonly #committed: Committed;
  readonly #audiences = new RangeIndex<Audience[]>();

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
    for (const { matching, watches } of this.#concerned(commit)) {
      const portion = new Portion(commit, matching);
      for (const watch of watches) watch.offer(portion);
    }
  }

  /** The audiences that have something to be told. */
  #concerned({ events }: Commit): Audience[] {
    const concerned: Audience[] = [];
    for (const [at, { type, kv }] of events.entries()) {
      this.#audiences.visit(kv.key, (audiences) => {
        for (const audience of audiences) {
          if (leavesOut(audience.wanted, type)) continue;
          if (audience.matching.push(at) === 1) concerned.push(audience);
        }
      });
    }
    return concerned.map((audience) => {
      const { matching } = audience;
      audience.matching = [];
      return { ...audience, matching };
    });
  }

  /** Ends every watch. */
  close(error?: Error): void {
    const audiences = [...this.#audiences.items()].flat();
    for (const { watches } of audiences) for (const watch of [...watches]) watch.end(error);
  }

  #join(watch: LogWatch): void {
    const { wanted } = watch;
    const there = this.#audiences.get(wanted.range);
    const audience = there?.find((each) => isSame(each.wanted, wanted));
    if (audience) audience.watches.add(watch);
    else {
      const fresh: Audience = { wanted, watches: new Set([watch]), matching: [] };
      if (there) there.push(fresh);
      else this.#audiences.add(wanted.range, [fresh]);
    }
  }

  #leave(watch: LogWatch): void {
    const { wanted } = watch;
    const there = this.#audiences.get(wanted.range) ?? [];
    const at = there.findIndex((each) => isSame(each.wanted, wanted));
    const audience = there[at];
    audience?.watches.delete(watch);
    if (audience?.watches.size !== 0) return;
    there.splice(at, 1);
    if (there.length === 0) this.#audiences.delete(wanted.range);
  }
}

/** Of two with the same range. */
const isSame = (a: WatchedRange, b: WatchedRange): boolean => a.noPut === b.noPut && a.noDelete === b.noDelete;
