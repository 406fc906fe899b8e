/** Copying into a store, when the way is long, or somebody is in it. */
import { expect, test } from 'vitest';
import { VirtualClock } from '../runtime/index.ts';
import { ALL, plain, put } from '../test/support/store-steps.ts';
import {
  copyInto,
  decodeSnapshot,
  FingerprintTaker,
  fingerprintOf,
  type Lease,
  openMemoryStore,
  type SnapshotItem,
  type Store,
  withPrefix,
} from './index.ts';

const LEASE_SECONDS = 5;
const fine = () => Promise.resolve();

async function aSource(keys: number): Promise<Store> {
  const store = await openMemoryStore();
  await store.leases.grant({ id: 7n, ttlSeconds: LEASE_SECONDS });
  await store.txn(plain({ op: 'put', key: '/a', value: Buffer.from('leased'), lease: 7n }));
  for (let i = 0; i < keys; i += 50) await store.txn(plain(...Array.from({ length: 50 }, (_, k) => put(`/k/${i + k}`))));
  return store;
}

/** Items that are slow to come. */
async function* slowly(items: AsyncIterable<SnapshotItem>, clock: VirtualClock): AsyncGenerator<SnapshotItem> {
  let keys = 0;
  for await (const item of items) {
    if (item.type === 'key' && ++keys % 100 === 0) await clock.advance(2000);
    yield item;
  }
}

test('a lease does not run out on the way, however long it takes', async () => {
  const clock = new VirtualClock();
  const source = await aSource(1000);
  const target = await openMemoryStore({ clock });
  const taker = new FingerprintTaker();
  await copyInto(target, taker.of(slowly(decodeSnapshot(source.snapshot()), clock)), {
    clock,
    verify: async (keepAlive) => {
      for (let i = 0; i < 10; i++) {
        await clock.advance(2000);
        await keepAlive();
      }
      expect((await fingerprintOf(decodeSnapshot(target.snapshot()))).digest).toBe(taker.finish().digest);
    },
  });
  expect((await target.range({ key: '/a' })).kvs[0]).toMatchObject({ lease: 7n });
  await clock.advance(2 * LEASE_SECONDS * 1000);
  expect((await target.range({ key: '/a' })).count).toBe(0);
  await target.close();
  await source.close();
});

test('whose comparison fails is taken out again, and what others have there stays', async () => {
  const source = await aSource(300);
  const target = await openMemoryStore();
  await target.leases.grant({ id: 8n, ttlSeconds: 100 });
  await target.txn(plain(put('/k/17 of mine'), put('z')));
  const before = await target.range(ALL);
  const copying = copyInto(target, decodeSnapshot(source.snapshot()), {
    clock: new VirtualClock(),
    verify: () => Promise.reject(new Error('not the same')),
  });
  await expect(copying).rejects.toThrow('not the same');
  expect((await target.range(ALL)).kvs).toEqual(before.kvs);
  expect(await target.leases.list()).toEqual([8n]);
  await target.close();
  await source.close();
});

test('a key or a lease that is there already is not written over, and stays as it is', async () => {
  const source = await aSource(300);
  const clock = new VirtualClock();
  const target = await openMemoryStore();
  await target.txn(plain(put('/k/299', 'mine')));
  await expect(copyInto(target, decodeSnapshot(source.snapshot()), { clock, verify: fine })).rejects.toThrow(
    'somebody else is writing there',
  );
  expect((await target.range(ALL)).kvs.map(({ key, value }) => [key, value.toString()])).toEqual([['/k/299', 'mine']]);
  expect(await target.leases.list()).toEqual([]);

  await target.leases.grant({ id: 7n, ttlSeconds: 99 });
  const again = copyInto(target, decodeSnapshot(source.snapshot()), { clock, verify: fine });
  await expect(again).rejects.toMatchObject({ code: 'LeaseExists' });
  expect(await target.leases.timeToLive(7n)).toMatchObject<Partial<Lease>>({ ttlSeconds: 99 });
  await target.close();
  await source.close();
});

test('when it cannot be taken out again, that is said too', async () => {
  const source = await aSource(300);
  const target = await openMemoryStore();
  const copying = copyInto(target, decodeSnapshot(source.snapshot()), {
    clock: new VirtualClock(),
    verify: async () => {
      await target.close();
      throw new Error('the first trouble');
    },
  });
  await expect(copying).rejects.toThrow(/^the first trouble; what was copied before is left behind, and cannot be taken out: .*closed/);
  await source.close();
});

test('fingerprints differ with a key, a value or a lease, and not with revisions', async () => {
  const printOf = async (...operations: Parameters<typeof plain>) => {
    const store = await openMemoryStore();
    await store.leases.grant({ id: 7n, ttlSeconds: 10 });
    for (const operation of operations) await store.txn(plain(operation));
    const print = await fingerprintOf(withPrefix(decodeSnapshot(store.snapshot()), '/'));
    await store.close();
    return print;
  };
  const base = await printOf(put('/a', 'bc'), put('/d', 'e'), put('else'));
  expect(base).toMatchObject({ keys: 2, leases: 1, revision: 4 });
  expect((await printOf(put('/a', 'x'), put('/a', 'bc'), put('/d', 'e'))).digest).toBe(base.digest);
  const others = [
    await printOf(put('/ab', 'c'), put('/d', 'e')),
    await printOf(put('/a', 'bd'), put('/d', 'e')),
    await printOf(put('/a', 'bc'), { op: 'put', key: '/d', value: Buffer.from('e'), lease: 7n }),
    await printOf(put('/a', 'bc')),
  ];
  expect(new Set([base, ...others].map(({ digest }) => digest)).size).toBe(5);
});
