/** Compaction goes by slices, beside the writers. */
import { expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { ALL, keysOf, plain, put, remove, withCode } from '../../test/support/store-steps.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { openLevelStore, type Store } from '../index.ts';
import type { Batch, Disk } from './disk.ts';
import { openMemoryDisk } from './drivers.ts';
import { openOn } from './open.ts';

/** A disk that writes down its batches: how many entries, and whether they were synced. */
function observed(): { disk: Disk; batches: { length: number; synced: boolean }[] } {
  const disk = openMemoryDisk();
  const batches: { length: number; synced: boolean }[] = [];
  const make = () => disk.db.constructor.prototype.batch.call(disk.db) as Batch;
  const batch = () => {
    const real = make();
    const write = real.write.bind(real);
    real.write = (options: object = {}) => {
      batches.push({ length: real.length, synced: 'sync' in options && options.sync === true });
      return write(options);
    };
    return real;
  };
  Object.defineProperty(disk.db, 'batch', { value: batch });
  return { disk, batches };
}

async function churn(store: Store, keys: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: keys }, (_, k) => store.txn(plain(put(`/k/${k}`, `${round}`)))));
  }
}

test('a writer waits for two slices at most, and a slice is of so many entries at most', async () => {
  const { disk, batches } = observed();
  const store = await openOn(disk, { clock: systemClock, logger: silentLogger });
  await churn(store, 200, 60);
  batches.length = 0;
  let done = false;
  const compacting = store.compact(store.revision - 100).finally(() => {
    done = true;
  });
  const waited: number[] = [];
  while (!done) {
    const before = batches.filter(({ synced }) => !synced).length;
    await store.txn(plain(put('/k/new')));
    waited.push(batches.filter(({ synced }) => !synced).length - before);
  }
  await compacting;
  const slices = batches.filter(({ synced }) => !synced);
  expect(slices.length).toBeGreaterThan(20);
  // Of each past state the entry, its record, and the record of the delete that ended it.
  expect(Math.max(...slices.map(({ length }) => length))).toBeLessThanOrEqual(1500);
  expect(waited.length).toBeGreaterThan(10);
  expect(Math.max(...waited)).toBeLessThanOrEqual(2);
  await store.close();
});

test('while it goes on, a compacted revision is refused, and a later one is read whole', async () => {
  await using directory = await tempDirectory();
  const store = await openLevelStore({ directory: directory.path });
  await churn(store, 100, 40);
  await store.txn(plain(remove('/k/7')));
  const at = store.revision - 50;
  const expected = await store.range(ALL, { revision: at });
  let done = false;
  const compacting = store.compact(at).finally(() => {
    done = true;
  });
  let reads = 0;
  for (let refused = 0; !done; reads++) {
    const past = await store.range(ALL, { revision: at - 1, countOnly: true }).catch((error: unknown) => error);
    // Until the compaction is noted on the disk the past is still there; from then on it is gone for good.
    if (refused > 0 || !(past && typeof past === 'object' && 'kvs' in past)) {
      expect(past).toEqual(withCode('Compacted'));
      refused++;
    }
    expect((await store.range(ALL, { revision: at })).kvs).toEqual(expected.kvs);
  }
  expect(reads).toBeGreaterThan(2);
  await compacting;
  expect(keysOf((await store.range(ALL, { revision: at })).kvs)).toEqual(keysOf(expected.kvs));
  await store.close();
});
