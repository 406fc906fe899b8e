/** The two databases the store runs on: LevelDB in a directory, and the same interface in memory. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import type { Clock, Logger } from '../../runtime/index.ts';
import { StoreError } from '../store.ts';
import { type Disk, diskError } from './disk.ts';
import { checkFiles } from './files/check-files.ts';
import { describeHolder, isHolderFile, removeHolder, writeHolder } from './holder.ts';
import { WITNESS_FILE, Witness } from './witness.ts';

const ENCODINGS = { keyEncoding: 'utf8', valueEncoding: 'buffer' } as const;

/** Bytes LevelDB gathers in memory before it writes a sorted file: bigger means fewer rewrites, and more to replay when opening. */
export const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
const CACHE_BYTES = 32 * 1024 * 1024;
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Opens LevelDB. */
export async function openLevelDisk(directory: string, environment: { clock: Clock; logger: Logger }): Promise<Disk> {
  const doing = `opening the store in ${directory}`;
  await checkFiles(directory).catch(async (error: unknown) => {
    // What is written at the moment looks damaged too.
    await checkUnlocked(directory);
    throw diskError(error, doing);
  });
  // It begins to open by itself: nothing is awaited between this and `open`.
  const db = new ClassicLevel<string, Buffer>(directory, {
    ...ENCODINGS,
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    maxFileSize: FILE_BYTES_MAX,
  });
  let witness: Witness;
  try {
    await db.open();
    await writeHolder(directory, environment.clock.now());
    witness = new Witness(directory, environment);
  } catch (error) {
    await db.close();
    const failure = diskError(error, doing);
    throw failure.code === 'Locked' ? await inUse(directory, error) : failure;
  }
  return {
    db,
    acknowledged: witness.acknowledged,
    acknowledge: (state) => witness.note(state),
    size: async () => {
      const { all, log } = await directoryBytes(directory);
      // What is in sorted files and not yet written over or deleted there, and what is in the write-ahead log.
      const sorted = await db.approximateSize('', '\x7f');
      return { sizeBytes: all, sizeInUseBytes: Math.min(all, sorted + log) };
    },
    approximateBytes: (from, to) => db.approximateSize(from, to),
    // A compaction of nothing: LevelDB begins each by emptying its memory.
    flush: () => db.compactRange('', ''),
    reclaim: (from, to) => db.compactRange(from, to),
    release: async () => {
      witness.close();
      await removeHolder(directory);
    },
  };
}

/** LevelDB looks at its lock before it finds that there is a database, which it then leaves as it is. */
async function checkUnlocked(directory: string): Promise<void> {
  const db = new ClassicLevel<string, Buffer>(directory, { ...ENCODINGS, createIfMissing: false, errorIfExists: true });
  const error: unknown = await db.open().catch((reason: unknown) => reason);
  await db.close();
  if (diskError(error, 'opening').code === 'Locked') throw await inUse(directory, error);
}

async function inUse(directory: string, cause: unknown): Promise<StoreError> {
  const holder = await describeHolder(directory);
  return new StoreError('Locked', `the store in ${directory} is in use by ${holder}: stop it, or use another directory`, { cause });
}

async function directoryBytes(directory: string): Promise<{ all: number; log: number }> {
  let all = 0;
  let log = 0;
  for (const name of await readdir(directory)) {
    if (isHolderFile(name) || name === WITNESS_FILE) continue;
    // LevelDB removes files at any time.
    const found = await stat(join(directory, name)).catch(() => undefined);
    all += found?.size ?? 0;
    if (name.endsWith('.log')) log += found?.size ?? 0;
  }
  return { all, log };
}

/** Memory. */
export function openMemoryDisk(): Disk {
  const db = new MemoryLevel<string, Buffer>({ ...ENCODINGS, storeEncoding: 'buffer' });
  return {
    db,
    acknowledged: undefined,
    acknowledge: () => undefined,
    size: async () => {
      let bytes = 0;
      for await (const [key, value] of db.iterator()) bytes += key.length + value.length;
      return { sizeBytes: bytes, sizeInUseBytes: bytes };
    },
    approximateBytes: () => Promise.resolve(0),
    flush: () => Promise.resolve(),
    reclaim: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
}
