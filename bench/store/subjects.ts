/** The stores that are compared, each with its data on the same disk and every write synced. */
import { join } from 'node:path';
import { openLevelStore, type Store } from '../../store/index.ts';

export interface Subject {
  readonly name: string;
  readonly store: Store;
  /** The process that writes to the disk. */
  readonly pid: number;
  close(): Promise<void>;
}

export async function openEmbedded(directory: string): Promise<Subject> {
  const store = await openLevelStore({ directory: join(directory, 'embedded') });
  return { name: 'embedded', store, pid: process.pid, close: () => store.close() };
}
