/** The two databases the store runs on: LevelDB in a directory, and the same interface in memory. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { MemoryLevel } from 'memory-level';
import { StoreError } from '../store.ts';
import { type Disk, diskError } from './disk.ts';
import { describeHolder, isHolderFile, removeHolder, writeHolder } from './holder.ts';
import { corrupt } from './log-codec.ts';

const ENCODINGS = { keyEncoding: 'utf8', valueEncoding: 'buffer' } as const;

/** Bytes LevelDB gathers in memory before it writes a sorted file: bigger means fewer rewrites, and more to replay when opening. */
export const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
const CACHE_BYTES = 32 * 1024 * 1024;
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Opens LevelDB. @param now milliseconds since the epoch, for the note on who holds it. */
export async function openLevelDisk(directory: string, now: number): Promise<Disk> {
  await checkComplete(directory);
  // It begins to open by itself: nothing is awaited between this and `open`.
  const db = new ClassicLevel<string, Buffer>(directory, {
    ...ENCODINGS,
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    maxFileSize: FILE_BYTES_MAX,
  });
  try {
    await db.open();
    await writeHolder(directory, now);
  } catch (error) {
    await db.close();
    const failure = diskError(error, `opening the store in ${directory}`);
    if (failure.code !== 'Locked') throw failure;
    const holder = await describeHolder(directory);
    throw new StoreError('Locked', `the store in ${directory} is in use by ${holder}: stop it, or use another directory`, { cause: error });
  }
  return {
    db,
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
    release: () => removeHolder(directory),
  };
}

/**
 * LevelDB would make a new, empty database where it does not find its CURRENT file. It is rightly missing only where LevelDB was stopped
 * while it made its first files: then there is its first manifest and nothing else.
 */
async function checkComplete(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw diskError(error, `opening the store in ${directory}`);
  });
  const data = names.filter((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name) && name !== 'MANIFEST-000001');
  if (data.length > 0 && !names.includes('CURRENT')) throw corrupt(`${directory} has ${data[0]} but no file CURRENT`);
}

async function directoryBytes(directory: string): Promise<{ all: number; log: number }> {
  let all = 0;
  let log = 0;
  for (const name of await readdir(directory)) {
    if (isHolderFile(name)) continue;
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
