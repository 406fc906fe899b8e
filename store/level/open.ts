/**
 * Opening: the live keys are read into memory, and checked against what the last commit said they are. Whatever does not fit is an error of
 * code `Corrupt` that says what and where; nothing is repaired by leaving it out.
 */
import { KeyIndex } from '../../runtime/index.ts';
import { type LeaseId, type Revision, StoreError } from '../store.ts';
import { type Database, type Disk, DURABLE, diskError, scan } from './disk.ts';
import { WRITE_BUFFER_BYTES } from './drivers.ts';
import { LevelStore, type StoreEnvironment } from './level-store.ts';
import {
  allOf,
  COMPACTION_KEY,
  type CompactionState,
  corrupt,
  decodeCompaction,
  decodeLease,
  decodeLive,
  decodeRecord,
  decodeState,
  describe,
  encodeCompaction,
  encodeState,
  FIRST_REVISION,
  FORMAT_KEY,
  FORMAT_VERSION,
  FORMAT_VERSION_OLDEST,
  type KeyState,
  keyHash,
  leaseHash,
  logStart,
  type Position,
  STATE_KEY,
  type StoreState,
  stateHash,
} from './log-codec.ts';
import type { Committed, HeldLease } from './state.ts';
import { WITNESS_FILE } from './witness.ts';

/** Opens a store on an open database. The database is closed when that fails. */
export async function openOn(disk: Disk, environment: StoreEnvironment): Promise<LevelStore> {
  try {
    const format = await checkFormat(disk.db);
    if (format === undefined) await createStore(disk.db);
    const state = decodeState(await need(disk.db, STATE_KEY, 'the state record'));
    const compaction = decodeCompaction(await need(disk.db, COMPACTION_KEY, 'the compaction record'));
    checkAcknowledged(disk, state, compaction);
    const committed = await loadCommitted(disk.db, state, compaction);
    await checkTail(disk.db, committed);
    if (format !== undefined && format < FORMAT_VERSION) await writeFormat(disk.db);
    const store = new LevelStore(disk, committed, environment);
    store.startLeases();
    if (!compaction.finished) store.resumeCompaction();
    return store;
  } catch (error) {
    await disk.db.close();
    await disk.release();
    throw diskError(error, 'opening the store');
  }
}

/** @returns the format of the store; undefined when there is no store at all. */
async function checkFormat(db: Database): Promise<number | undefined> {
  const bytes = await db.get(FORMAT_KEY);
  if (!bytes) {
    const [first] = await db.keys({ limit: 1 }).all();
    if (first !== undefined) throw corrupt(`there is an entry ${describe(first)} but no format version`);
    return undefined;
  }
  const text = bytes.toString();
  if (!/^\d+$/.test(text)) throw corrupt(`the format version is ${JSON.stringify(text)}`);
  const format = Number(text);
  if (format < FORMAT_VERSION_OLDEST || format > FORMAT_VERSION) {
    throw new StoreError('FormatVersion', `the store has format ${text}, and this version of nanokube reads format ${FORMAT_VERSION}`);
  }
  return format;
}

/** From now on an older version, which would not know what is written, refuses the store. */
async function writeFormat(db: Database): Promise<void> {
  const batch = db.batch();
  batch.put(FORMAT_KEY, Buffer.from(String(FORMAT_VERSION)));
  await batch.write(DURABLE);
}

async function createStore(db: Database): Promise<void> {
  const batch = db.batch();
  batch.put(FORMAT_KEY, Buffer.from(String(FORMAT_VERSION)));
  batch.put(STATE_KEY, encodeState({ revision: FIRST_REVISION, liveKeys: 0, checksum: 0 }));
  batch.put(COMPACTION_KEY, encodeCompaction({ revision: 0, finished: true }));
  await batch.write(DURABLE);
}

async function need(db: Database, key: string, what: string): Promise<Buffer> {
  const bytes = await db.get(key);
  if (!bytes) throw corrupt(`${what} is missing`);
  return bytes;
}

/** What has been acknowledged must be there: LevelDB takes the end of its log, wherever that is, for the place where a crash cut it off. */
function checkAcknowledged({ acknowledged }: Disk, { revision }: StoreState, compaction: CompactionState): void {
  if (acknowledged === undefined) return;
  if (revision < acknowledged.revision) {
    const ends = `it ends at revision ${revision}, and had acknowledged revision ${acknowledged.revision}`;
    throw corrupt(`${ends}; restore a snapshot, or go on without what is lost by removing the file ${WITNESS_FILE}`);
  }
  if (compaction.revision < acknowledged.compactRevision) {
    throw corrupt(`it is compacted at revision ${compaction.revision}, and had been at ${acknowledged.compactRevision}`);
  }
}

async function loadCommitted(db: Database, state: StoreState, compaction: CompactionState): Promise<Committed> {
  const live: KeyState[] = [];
  let checksum = 0;
  for await (const entries of scan(db, allOf('k'))) {
    for (const [diskKey, bytes] of entries) {
      const found = decodeLive(diskKey, bytes);
      checksum = (checksum + stateHash(keyHash(found.key), found)) >>> 0;
      live.push(found);
    }
  }
  if (live.length !== state.liveKeys) {
    throw corrupt(`revision ${state.revision} has ${state.liveKeys} keys, and ${live.length} were found`);
  }
  const leases = await loadLeases(db);
  for (const lease of leases.values()) checksum = (checksum + leaseHash(lease)) >>> 0;
  if (checksum !== state.checksum) throw corrupt(`the keys found are not those of revision ${state.revision}: their checksum differs`);
  for (const { key, lease } of live) if (lease !== undefined) attach(leases, key, lease);
  return { revision: state.revision, compactRevision: compaction.revision, checksum, index: KeyIndex.fromSorted(live), leases };
}

async function loadLeases(db: Database): Promise<Map<LeaseId, HeldLease>> {
  const leases = new Map<LeaseId, HeldLease>();
  for await (const entries of scan(db, allOf('g'))) {
    for (const [diskKey, bytes] of entries) {
      const lease = decodeLease(diskKey, bytes);
      leases.set(lease.id, { ...lease, keys: new Set(), endsAtMs: undefined });
    }
  }
  return leases;
}

function attach(leases: ReadonlyMap<LeaseId, HeldLease>, key: string, id: LeaseId): void {
  const lease = leases.get(id);
  if (!lease) throw corrupt(`key ${JSON.stringify(key)} is attached to lease ${id}, which is missing`);
  lease.keys.add(key);
}

/**
 * LevelDB passes over damaged parts of its write-ahead log in silence, and that log holds the newest records only: so these are read, back to
 * where they fill more than the log can, and must be there without a gap.
 */
async function checkTail(db: Database, { revision, compactRevision }: Committed): Promise<void> {
  const floor = Math.max(compactRevision, FIRST_REVISION + 1);
  let expected = revision;
  let bytesLeft = 2 * WRITE_BUFFER_BYTES;
  for await (const entries of scan(db, { gte: logStart(floor), lt: allOf('l').lt, reverse: true })) {
    for (const [diskKey, bytes] of entries) {
      expected = revisionBefore(decodeRecord(diskKey, bytes), expected);
      bytesLeft -= bytes.length;
    }
    if (bytesLeft <= 0) return;
  }
  if (expected >= floor) throw missing(expected);
}

/** @returns the revision that the record before this one must have; of this one, `expected` was. */
function revisionBefore({ modRevision, sub }: Position, expected: Revision): Revision {
  if (modRevision > expected) throw corrupt(`the log has revision ${modRevision}, above the newest, ${expected}`);
  if (modRevision < expected) throw missing(expected);
  return sub === 0 ? modRevision - 1 : modRevision;
}

const missing = (revision: Revision): StoreError => corrupt(`revision ${revision} is missing from the log`);
