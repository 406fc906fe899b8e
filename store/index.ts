/** The store: etcd's model on bytes. Made by {@link openLevelStore} (a directory) or {@link openMemoryStore} (nothing is kept). */
import { type Clock, type Logger, silentLogger, systemClock } from '../runtime/index.ts';
import { openLevelDisk, openMemoryDisk } from './level/drivers.ts';
import { openOn } from './level/open.ts';
import type { Store } from './store.ts';

export {
  decodeSnapshot,
  encodeSnapshot,
  hashState,
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
  const store = await openOn(await openLevelDisk(directory, clock.now()), { clock, logger });
  logger.info({ directory, revision: store.revision, tookMs: Math.round(clock.monotonic() - started) }, 'store opened');
  return store;
}

/** A store that is gone when it is closed: the same code on a database in memory. */
export function openMemoryStore({ clock = systemClock, logger = silentLogger }: MemoryStoreOptions = {}): Promise<Store> {
  return openOn(openMemoryDisk(), { clock, logger });
}
