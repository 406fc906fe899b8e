/** The store: etcd's model on bytes. Made by {@link openLevelStore} (a directory), {@link openMemoryStore} (nothing is kept) or {@link openEtcdStore} (a
 * cluster). */
import { readdir, rm } from 'node:fs/promises';
import { type Clock, type Logger, silentLogger, systemClock } from '../runtime/index.ts';
import { diskError } from './level/disk.ts';
import { openLevelDisk, openMemoryDisk } from './level/drivers.ts';
import { openOn } from './level/open.ts';
import { type RestoredStore, restoreInto } from './level/restore.ts';
import type { SnapshotItem } from './snapshot-codec.ts';
import { type Store, StoreError } from './store.ts';

export type { EtcdSnapshotSource } from './bolt/decode.ts';
export type { EtcdSnapshot, EtcdSnapshotRequest } from './bolt/encode.ts';
export { decodeEtcdSnapshot, encodeEtcdSnapshot, isEtcdSnapshot } from './bolt/etcd-snapshot.ts';
export {
  type AutoCompactionOptions,
  type AutoCompactionPolicy,
  autoCompactionOptions,
  createAutoCompaction,
  readAutoCompaction,
} from './compaction/auto-compaction.ts';
export { COMPACT_REVISION_KEY, createSharedCompaction } from './compaction/shared-compaction.ts';
export { copyInto, type Fingerprint, FingerprintTaker, fingerprintOf, withPrefix } from './copy.ts';
export { toStoreKey, toWireKey } from './endpoint/keys.ts';
export { type EtcdStoreOptions, openEtcdStore } from './etcd/open.ts';
export type { RestoredStore } from './level/restore.ts';
export {
  decodeSnapshot,
  encodeSnapshot,
  hashState,
  isSnapshotFile,
  type SnapshotContent,
  type SnapshotHead,
  type SnapshotItem,
  type SnapshotSummary,
} from './snapshot-codec.ts';
export * from './store.ts';

export interface LevelStoreOptions {
  /** Holds the database and nothing else; made when it is not there. */
  readonly directory: string;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
}

export type MemoryStoreOptions = Pick<LevelStoreOptions, 'logger' | 'clock'>;

/**
 * Opens the embedded store; one process at a time can.
 *
 * @throws StoreError `Locked` (the message says by whom), `Corrupt`, `FormatVersion`, `NoSpace`, `Io`.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { directory, logger = silentLogger, clock = systemClock } = options;
  const started = clock.monotonic();
  const store = await openOn(await openLevelDisk(directory, { clock, logger }), { clock, logger });
  logger.info({ directory, revision: store.revision, tookMs: Math.round(clock.monotonic() - started) }, 'store opened');
  return store;
}

export interface RestoreOptions {
  /** Where the store is to be: empty, or not there yet. */
  readonly directory: string;
  /** What a snapshot holds, of either format. */
  readonly items: AsyncIterable<SnapshotItem>;
  /** How far above the snapshot's revision the store begins, so that nobody goes on where the old one was: at least 1. */
  readonly revisionBump: number;
  readonly clock?: Clock | undefined;
}

/**
 * Makes a store from a snapshot. All its keys and leases are there, as of its revision; older revisions are compacted.
 *
 * @throws StoreError `Corrupt` when the snapshot is not whole, and others as when opening; the directory is then gone again. One that is not
 * empty is left as it is.
 */
export async function restoreLevelStore({ directory, items, revisionBump, clock = systemClock }: RestoreOptions): Promise<RestoredStore> {
  await checkEmpty(directory);
  const disk = await openLevelDisk(directory, { clock, logger: silentLogger });
  try {
    const restored = await restoreInto(disk.db, items, revisionBump);
    await disk.db.close();
    await disk.release();
    return restored;
  } catch (error) {
    await disk.db.close();
    await rm(directory, { recursive: true, force: true });
    throw diskError(error, `restoring a snapshot to ${directory}`);
  }
}

async function checkEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diskError(error, `restoring a snapshot to ${directory}`);
  });
  if (names.length > 0) throw new StoreError('Io', `a snapshot is restored to an empty directory only, and ${directory} has ${names[0]}`);
}

/** A store that is gone when it is closed: the same code on a database in memory. */
export function openMemoryStore({ clock = systemClock, logger = silentLogger }: MemoryStoreOptions = {}): Promise<Store> {
  return openOn(openMemoryDisk(), { clock, logger });
}
