/** The part of the store contract on snapshots and hashes. */
import { expect, test } from 'vitest';
import { decodeSnapshot, type SnapshotItem, type Store } from '../../store/index.ts';
import { ALL, fill, keysOf, type Open, plain, put, remove, withCode } from '../support/store-steps.ts';

async function itemsOf(chunks: AsyncIterable<Buffer>): Promise<SnapshotItem[]> {
  const items: SnapshotItem[] = [];
  for await (const item of decodeSnapshot(chunks)) items.push(item);
  return items;
}

const keyValuesOf = (items: readonly SnapshotItem[]) => items.flatMap((item) => (item.type === 'key' ? [item.kv] : []));

async function work(store: Store): Promise<void> {
  await store.leases.grant({ ttlSeconds: 100, id: 3n });
  for (const step of [put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('ü', '')]) await store.txn(plain(step));
  await store.txn(plain({ op: 'put', key: 'c', value: Buffer.from([0, 255]), lease: 3n }));
}

export function snapshots(open: Open): void {
  test('holds every key and lease, and says its revision', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await work(store);
    await store.compact(4);
    const items = await itemsOf(store.snapshot());
    expect(items[0]).toEqual({ type: 'head', revision: 7, compactRevision: 4 });
    expect(items[1]).toEqual({ type: 'lease', lease: { id: 3n, ttlSeconds: 100 } });
    expect(keyValuesOf(items)).toEqual((await store.range(ALL)).kvs);
    expect(items.at(-1)).toMatchObject({ type: 'summary', revision: 7, leases: 1, keys: 3 });
  });

  test('of an empty store', async () => {
    await using fixture = await open();
    const items = await itemsOf(fixture.store.snapshot());
    expect(items).toMatchObject([
      { type: 'head', revision: 1 },
      { type: 'summary', keys: 0, leases: 0 },
    ]);
  });

  test('is of one revision, whatever is written and compacted meanwhile', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const keys = Array.from({ length: 600 }, (_, i) => `k${String(i).padStart(3, '0')}`);
    await fill(
      store,
      keys.map((key) => put(key, 'x'.repeat(2000))),
    );
    const expected = (await store.range(ALL)).kvs;
    const items: SnapshotItem[] = [];
    for await (const item of decodeSnapshot(store.snapshot())) {
      items.push(item);
      if (item.type !== 'key' || items.length % 100 !== 0) continue;
      await store.txn(plain(put(item.kv.key, 'changed'), remove('k599'), put('new')));
      if (!fixture.remote) await store.compact(store.revision);
    }
    expect(keyValuesOf(items)).toEqual(expected);
  });

  test('a reader that stops early, and closing, end it', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await fill(
      store,
      Array.from({ length: 400 }, (_, i) => put(`k${i}`, 'x'.repeat(3000))),
    );
    for await (const chunk of store.snapshot()) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const reading = store.snapshot()[Symbol.asyncIterator]();
    await reading.next();
    await store.close();
    await expect(itemsOf({ [Symbol.asyncIterator]: () => reading })).rejects.toMatchObject({ name: 'StoreError' });
    await expect(itemsOf(store.snapshot())).rejects.toEqual(withCode('Closed'));
  });
}

export function hashes(open: Open): void {
  test('the same work makes the same hash, and a snapshot does not change it', async () => {
    await using one = await open();
    await using two = await open();
    for (const { store } of [one, two]) await work(store);
    const hash = await one.store.hash();
    expect(hash).toMatchObject({ revision: 7, compactRevision: (await one.store.status()).compactRevision });
    expect(await two.store.hash()).toEqual(hash);
    await itemsOf(two.store.snapshot());
    expect(await two.store.hash()).toEqual(hash);
    // On every driver, and from now on.
    expect(hash.digest.toString('hex')).toBe('54e59f86a02e0cd67300dc54e75fcbeb53286d19c7def81afb87441a184df23d');
  });

  test('of a past revision it is what it was then, also when what came before it is compacted', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const then: string[] = [];
    for (const step of [put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('a', '2')]) {
      await store.txn(plain(step));
      then.push((await store.hash()).digest.toString('hex'));
    }
    expect(new Set(then).size).toBe(5);
    const hashAt = async (revision: number) => (await store.hash(revision)).digest.toString('hex');
    expect(await Promise.all([2, 3, 4, 5, 6].map(hashAt))).toEqual(then);
    await store.compact(4);
    expect(await Promise.all([4, 5, 6].map(hashAt))).toEqual(then.slice(2));
    await expect(store.hash(3)).rejects.toEqual(withCode('Compacted'));
    await expect(store.hash(7)).rejects.toEqual(withCode('FutureRevision'));
  });
}

export function maintenance(open: Open): void {
  test('the size in use is at most the size; defragmenting changes nothing that can be read', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (let i = 0; i < 50; i++) await store.txn(plain(put('a', 'x'.repeat(1000)), put(`k${i}`)));
    await store.compact(store.revision);
    const before = await store.hash();
    await store.defragment();
    expect(await store.hash()).toEqual(before);
    const { sizeBytes, sizeInUseBytes } = await store.status();
    expect(sizeInUseBytes).toBeGreaterThan(0);
    expect(sizeInUseBytes).toBeLessThanOrEqual(sizeBytes);
    expect(keysOf((await store.range({ key: 'a' })).kvs)).toEqual(['a']);
  });
}
