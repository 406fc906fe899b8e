import type { Revision } from '../../store/index.ts';
import type { CacheEvent, FrameWriter } from './cache-event.ts';
import type { Selection } from './selection.ts';
import { SharedFrames, type WatchClient } from './watch-client.ts';
import type { WatchStats } from './watch-stats.ts';

/** What the watchers of a cohort have in common. */
export interface CohortTraits {
  readonly selection: Selection;
  readonly writer: FrameWriter;
  /** Whether they take bookmarks. */
  readonly bookmarks: boolean;
  /** Changes up to this revision are not theirs (they asked for a revision that is yet to come). */
  readonly after: Revision;
}

/** Equal for traits whose watchers can share everything. */
export const cohortId = ({ selection, writer, bookmarks, after }: CohortTraits): string =>
  `${selection.id} ${writer.id} ${bookmarks} ${after}`;

/**
 * Watchers that see the same: each change is judged, encoded and joined with others into one write once for all of them.
 * A newcomer joins between two writes, so what it is sent begins exactly where its initial state ended.
 */
export class Cohort {
  readonly traits: CohortTraits;
  readonly #stats: WatchStats;
  readonly #members = new Set<WatchClient>();
  #frames: Buffer[] = [];
  #bytes = 0;

  constructor(traits: CohortTraits, stats: WatchStats) {
    this.traits = traits;
    this.#stats = stats;
  }

  get size(): number {
    return this.#members.size;
  }

  join(client: WatchClient): void {
    this.flush();
    this.#members.add(client);
  }

  leave(client: WatchClient): void {
    this.#members.delete(client);
  }

  /** Takes a change; answers whether there is now something to flush where there was nothing. */
  offer(event: CacheEvent): boolean {
    if (event.revision <= this.traits.after) return false;
    const type = event.typeFor(this.traits.selection);
    return type === undefined ? false : this.#push(event.frame(type, this.traits.writer));
  }

  /** Sends a bookmark; answers as {@link offer}. */
  bookmark(revision: Revision): boolean {
    if (!this.traits.bookmarks || revision <= this.traits.after) return false;
    return this.#push(this.traits.writer.bookmark(revision, false));
  }

  /** Writes what has gathered to every member. */
  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = new SharedFrames(this.#frames, this.#bytes);
    this.#frames = [];
    this.#bytes = 0;
    for (const client of this.#members) {
      if (client.ended) this.#members.delete(client);
      else client.write(frames);
    }
  }

  /** Ends every member's watch. */
  end(): void {
    this.flush();
    for (const client of this.#members) client.end();
    this.#members.clear();
  }

  #push(frame: Buffer): boolean {
    this.#stats.sent(frame.length, this.#members.size);
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return this.#frames.length === 1;
  }
}
