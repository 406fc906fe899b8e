/** Snapshot files of either format, which is told by their content. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { UserError } from '../runtime/index.ts';
import {
  decodeEtcdSnapshot,
  decodeSnapshot,
  isEtcdSnapshot,
  type SnapshotItem,
  type SnapshotSummary,
  StoreError,
  toStoreKey,
} from '../store/index.ts';

/** What the bytes that are etcd's keys become: text, or characters of the same numbers. */
export const KEY_ENCODINGS = ['text', 'bytes'] as const;
export type KeyEncoding = (typeof KEY_ENCODINGS)[number];

/** Bytes that tell the format. */
const START_BYTES = 64;

export async function formatOf(file: string): Promise<'nanokube' | 'etcd'> {
  const handle = await open(file, 'r');
  try {
    const start = Buffer.alloc(START_BYTES);
    const { bytesRead } = await handle.read(start, 0, START_BYTES, 0);
    return isEtcdSnapshot(start.subarray(0, bytesRead)) ? 'etcd' : 'nanokube';
  } finally {
    await handle.close();
  }
}

/** @throws UserError what is wrong with a file, with its name. */
export async function* readSnapshot(file: string, { keys }: { readonly keys: KeyEncoding }): AsyncGenerator<SnapshotItem> {
  const format = await formatOf(file);
  try {
    if (format === 'nanokube') yield* decodeSnapshot(createReadStream(file));
    else yield* decodeEtcdSnapshot(keys === 'bytes' ? { file, keyText: toStoreKey } : { file });
  } catch (error) {
    throw withName(file, error);
  }
}

function withName(file: string, error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  if (error.code === 'InvalidKey') {
    return new UserError(`${file}: ${error.message}: --key-encoding=bytes takes it, for "nanokube store"`, { cause: error });
  }
  const isBad = error.code === 'Corrupt' || error.code === 'FormatVersion';
  return isBad ? new UserError(`${file}: ${error.message}`, { cause: error }) : error;
}

/** Reads all, and checks it with that. */
export async function summaryOf(items: AsyncIterable<SnapshotItem>): Promise<SnapshotSummary> {
  for await (const item of items) if (item.type === 'summary') return item;
  throw new StoreError('Corrupt', 'not a whole snapshot: it has no end');
}
