/** A snapshot becomes a store again, whole or not at all. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { seededRandom, silentLogger, systemClock } from '../runtime/index.ts';
import { record } from '../test/support/store-recorder.ts';
import { ALL, plain, put, remove, withCode } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { decodeSnapshot, encodeSnapshot, type KeyValue, openLevelStore, openMemoryStore, restoreLevelStore } from './index.ts';
import { openMemoryDisk } from './level/drivers.ts';
import { openOn } from './level/open.ts';
import { restoreInto } from './level/restore.ts';

const BUMP = 1000;

/** As a file gives them, or a network. */
const pieces = (bytes: Buffer): AsyncIterable<Buffer> =>
  Readable.from(Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) => bytes.subarray(i * 1000, (i + 1) * 1000)));

async function snapshotOf(fill: boolean): Promise<{ bytes: Buffer; kvs: readonly KeyValue[]; digest: Buffer }> {
  const store = await openMemoryStore();
  if (fill) {
    await store.leases.grant({ ttlSeconds: 100, id: 4n });
    await store.txn(plain(...Array.from({ length: 50 }, (_, i) => put(`/many/${i}`, 'x'.repeat(i * 10)))));
    for (const step of [put('a', '1'), put('a', '2'), put('b'), remove('b'), put('注')]) await store.txn(plain(step));
    await store.txn(plain({ op: 'put', key: 'l', value: Buffer.from('leased'), lease: 4n }));
  }
  const chunks: Buffer[] = [];
  for await (const chunk of store.snapshot()) chunks.push(chunk);
  const { kvs } = await store.range(ALL);
  const { digest } = await store.hash();
  await store.close();
  return { bytes: Buffer.concat(chunks), kvs, digest };
}

describe('restoring', () => {
  test('every key is there as it was, with its lease; it begins far above, and older revisions are compacted', async () => {
    await using directory = await tempDirectory();
    const { bytes, kvs, digest } = await snapshotOf(true);
    const target = join(directory.path, 'store');
    const restored = await restoreLevelStore({ directory: target, items: decodeSnapshot(pieces(bytes)), revisionBump: BUMP });
    expect(restored).toMatchObject({ revision: 8, restoredRevision: 8 + BUMP, keys: 53, leases: 1 });
    for (let opening = 0; opening < 2; opening++) {
      const store = await openLevelStore({ directory: target });
      expect(store.revision).toBe(8 + BUMP + opening);
      expect((await store.hash(8 + BUMP)).digest).toEqual(digest);
      expect((await store.range(ALL, { revision: 8 + BUMP })).kvs).toEqual(kvs);
      expect(await store.leases.timeToLive(4n, { keys: true })).toMatchObject({ ttlSeconds: 100, keys: ['l'] });
      await expect(store.range(ALL, { revision: 8 })).rejects.toEqual(withCode('Compacted'));
      await store.txn(plain(put('a', `${opening}`)));
      await store.close();
    }
  });

  test('a watch from before must list anew; one from its revision is told what comes', async () => {
    await using directory = await tempDirectory();
    const { bytes } = await snapshotOf(true);
    await restoreLevelStore({ directory: directory.path, items: decodeSnapshot(pieces(bytes)), revisionBump: BUMP });
    const store = await openLevelStore({ directory: directory.path });
    const before = record(store, ALL, { fromRevision: 9 });
    expect(await before.end()).toEqual(withCode('Compacted'));
    await store.txn(plain(put('a', '3')));
    await store.txn(plain(remove('a')));
    using after = record(store, ALL, { fromRevision: store.revision - 2, prevKv: true });
    await after.caughtUp(store.revision);
    expect(after.events().map(({ type, prev }) => [type, prev?.value.toString()])).toEqual([
      ['put', '2'],
      ['delete', '3'],
    ]);
    await store.compact(store.revision);
    expect((await store.range({ key: 'a' })).count).toBe(0);
    expect((await store.range(ALL)).count).toBe(52);
    await store.close();
  });

  test('an empty store', async () => {
    await using directory = await tempDirectory();
    const { bytes } = await snapshotOf(false);
    await restoreLevelStore({ directory: directory.path, items: decodeSnapshot(pieces(bytes)), revisionBump: 1 });
    const store = await openLevelStore({ directory: directory.path });
    expect(await store.range(ALL)).toMatchObject({ revision: 2, count: 0 });
    await store.close();
  });

  test('not where there is a store, which is left as it is', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    await store.txn(plain(put('mine')));
    await store.close();
    const { bytes } = await snapshotOf(true);
    const restoring = restoreLevelStore({ directory: directory.path, items: decodeSnapshot(pieces(bytes)), revisionBump: BUMP });
    await expect(restoring).rejects.toMatchObject({ message: expect.stringContaining('to an empty directory only') });
    const again = await openLevelStore({ directory: directory.path });
    expect((await again.range({ key: 'mine' })).count).toBe(1);
    await again.close();
  });
});

describe('a damaged snapshot leaves nothing behind', () => {
  const refuse = async (bytes: Buffer, text: string, code: 'Corrupt' | 'FormatVersion' = 'Corrupt') => {
    await using directory = await tempDirectory();
    const target = join(directory.path, 'store');
    const failure = await restoreLevelStore({ directory: target, items: decodeSnapshot(pieces(bytes)), revisionBump: BUMP }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ name: 'StoreError', code, message: expect.stringContaining(text) });
    expect(await readdir(directory.path)).toEqual([]);
  };

  test('cut off anywhere', async () => {
    const { bytes } = await snapshotOf(true);
    for (const length of [0, 10, 20, 36, 41, 500, bytes.length - 600, bytes.length - 33, bytes.length - 32, bytes.length - 1]) {
      await refuse(bytes.subarray(0, length), 'not a whole snapshot');
    }
  });

  test('too long, of something else, of a newer version', async () => {
    const { bytes } = await snapshotOf(true);
    await refuse(Buffer.concat([bytes, Buffer.from([0])]), 'something behind its end');
    await refuse(Buffer.from('SQLite format 3\0'.repeat(10)), 'does not begin like one');
    const newer = Buffer.from(bytes);
    newer[19] = 2;
    await refuse(newer, 'the snapshot has format 2', 'FormatVersion');
  });

  test.each([1, 2, 3])('any bit of it, seed %i', async (seed) => {
    const { bytes } = await snapshotOf(true);
    const random = seededRandom(seed);
    for (let round = 0; round < 150; round++) {
      const spoilt = Buffer.from(bytes);
      const at = random.integer(spoilt.length);
      spoilt[at] = (spoilt[at] ?? 0) ^ (1 << random.integer(8));
      const read = async () => {
        for await (const item of decodeSnapshot(pieces(spoilt))) if (item.type === 'summary') return 'whole';
        return 'no end';
      };
      await expect(read(), `byte ${at}`).rejects.toMatchObject({ name: 'StoreError' });
    }
  });

  test('one that is whole, but of no store there could be', async () => {
    const kv = { key: 'b', value: Buffer.alloc(0), createRevision: 2, modRevision: 2, version: 1 };
    const made = async (...kvs: KeyValue[]) => {
      const chunks: Buffer[] = [];
      for await (const chunk of encodeSnapshot({ revision: 3, compactRevision: 0, leases: [], pages: Readable.from([kvs]) }))
        chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    await refuse(await made(kv, { ...kv, key: 'a' }), 'does not come after');
    await refuse(await made(kv, kv), 'does not come after');
    await refuse(await made({ ...kv, modRevision: 4 }), 'is of a later revision');
    await refuse(await made({ ...kv, lease: 9n }), 'has a lease that is missing');
  });
});

test('a store whose restoring was cut off by a crash is refused, not taken for a smaller one', async () => {
  const store = await openMemoryStore();
  for (let i = 0; i < 3; i++) await store.txn(plain(put(`k${i}`, 'x'.repeat(1_000_000))));
  const chunks: Buffer[] = [];
  for await (const chunk of store.snapshot()) chunks.push(chunk);
  await store.close();
  const disk = openMemoryDisk();
  await disk.db.open();
  const half = Buffer.concat(chunks).subarray(0, 2_500_000);
  await expect(restoreInto(disk.db, decodeSnapshot(pieces(half)), BUMP)).rejects.toEqual(withCode('Corrupt'));
  expect(await disk.db.keys().all()).not.toEqual([]);
  const opening = openOn(disk, { clock: systemClock, logger: silentLogger });
  await expect(opening).rejects.toMatchObject({ code: 'Corrupt', message: expect.stringContaining('no format version') });
});

test('its size is where etcd’s tools look for a checksum', async () => {
  for (const fill of [true, false]) expect((await snapshotOf(fill)).bytes.length % 512).toBe(32);
});
