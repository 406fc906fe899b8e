/**
 * Compaction: forgets what ended before a revision, beside the writer and never in its way.
 *
 * Order, so that a crash at any point is taken up again at the next opening:
 * 1. the compaction record {revision, not finished} is written, durably, and from that turn on older revisions are refused;
 * 2. what LevelDB holds in memory goes to a file: deletions in the same file as what they delete would never meet it again;
 * 3. past states that ended before the revision are deleted with their log records, a slice at a time (repeating it does no harm);
 * 4. the record is marked finished;
 * 5. the space is given back.
 */
import { type Revision, StoreError } from '../store.ts';
import { type Disk, DURABLE, diskError, REPEATABLE, scan } from './disk.ts';
import { allOf, COMPACTION_KEY, decodePast, encodeCompaction, logKey, logStart, pastUntil } from './log-codec.ts';
import type { Committed } from './state.ts';

/** Past states looked at in one slice. */
const SLICE_ENTRIES_MAX = 500;
/** Bytes of log that are rewritten in one step when space is given back; between two steps the store can be closed. */
const RECLAIM_BYTES = 32 * 1024 * 1024;

export class Compactor {
  readonly #disk: Disk;
  readonly #committed: Committed;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(disk: Disk, committed: Committed) {
    this.#disk = disk;
    this.#committed = committed;
  }

  /** Compacts at `revision`; one after the other. */
  async compact(revision: Revision): Promise<void> {
    this.#check(revision);
    await this.#next(async () => {
      this.#check(revision);
      await this.#mark(revision, false);
      this.#committed.compactRevision = revision;
      this.#disk.acknowledge(this.#committed);
      await this.#forget(revision);
    });
  }

  /** Takes up a compaction that a crash has cut off. */
  resume(): Promise<void> {
    return this.#next(() => this.#forget(this.#committed.compactRevision));
  }

  /** Stops at the end of the present slice. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  #next(job: () => Promise<void>): Promise<void> {
    const done = this.#running.then(job).catch((error: unknown) => {
      throw diskError(error, 'compacting');
    });
    this.#running = done.catch(() => undefined);
    return done;
  }

  #check(revision: Revision): void {
    const { revision: newest, compactRevision } = this.#committed;
    if (this.#stopping) throw new StoreError('Closed', 'the store is closed');
    if (revision > newest) throw new StoreError('FutureRevision', `revision ${revision} is in the future: the store is at ${newest}`);
    if (revision <= compactRevision) {
      throw new StoreError('Compacted', `revision ${revision} has been compacted: the oldest is ${compactRevision}`);
    }
  }

  async #mark(revision: Revision, finished: boolean): Promise<void> {
    const batch = this.#disk.db.batch();
    batch.put(COMPACTION_KEY, encodeCompaction({ revision, finished }));
    await batch.write(finished ? REPEATABLE : DURABLE);
  }

  async #forget(revision: Revision): Promise<void> {
    const { db } = this.#disk;
    await this.#disk.flush();
    for await (const entries of scan(db, { ...allOf('h'), entriesMax: SLICE_ENTRIES_MAX })) {
      await this.#forgetSlice(entries, revision);
      await endOfTurn();
      if (this.#stopping) throw new StoreError('Closed', 'the store was closed during the compaction, which goes on when it is opened');
    }
    await this.#mark(revision, true);
    await this.#giveBack(revision);
  }

  async #giveBack(revision: Revision): Promise<void> {
    const bytes = await this.#disk.approximateBytes(logStart(0), logStart(revision));
    const steps = Math.ceil(bytes / RECLAIM_BYTES);
    for (let step = 0; step < steps && !this.#stopping; step++) {
      const from = Math.floor((revision * step) / steps);
      const to = Math.floor((revision * (step + 1)) / steps);
      await this.#disk.reclaim(logStart(from), logStart(to));
    }
    const { gte, lt } = allOf('h');
    if (!this.#stopping) await this.#disk.reclaim(gte, lt);
  }

  async #forgetSlice(entries: readonly [string, Buffer][], revision: Revision): Promise<void> {
    const batch = this.#disk.db.batch();
    for (const [diskKey, bytes] of entries) {
      if (pastUntil(bytes) >= revision) continue;
      const state = decodePast(diskKey, bytes);
      batch.del(diskKey);
      batch.del(logKey(state));
      if (state.untilDelete) batch.del(logKey(state.until));
    }
    if (batch.length > 0) await batch.write(REPEATABLE);
    else await batch.close();
  }
}

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
