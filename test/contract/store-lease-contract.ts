/** The lease part of the store contract. */
import { expect, test } from 'vitest';
import type { LeaseId, Operation, Store } from '../../store/index.ts';
import { record } from '../support/store-recorder.ts';
import { ALL, inOrder, keysOf, type Open, plain, put, read, remove, type StoreFixture, withCode } from '../support/store-steps.ts';

/** Longer than the shortest that any store grants. */
const TTL = 3;
/** For one that is kept alive: time enough to do so on a busy machine. */
const LONG_TTL = 12;
const HALF_AND_MORE = 7;
/** A store that looks at its leases now and then only has seen by then that one has run out. */
const SURELY_OVER = TTL + 2;
/** How long it may be behind on a busy machine. */
const LATE_SECONDS_MAX = 60;

const leased = (key: string, lease: LeaseId, value = `value of ${key}`): Operation => ({
  op: 'put',
  key,
  value: Buffer.from(value),
  lease,
});
const leaseOf = async (store: Store, key: string, revision?: number) => (await store.range({ key }, { revision })).kvs[0]?.lease;

export function leases(open: Open): void {
  grants(open);
  attachment(open);
  expiry(open);
}

function grants(open: Open): void {
  test('one that is granted is listed, and takes no revision', async () => {
    await using fixture = await open();
    const { store } = fixture;
    expect(await store.leases.list()).toEqual([]);
    const own = await store.leases.grant({ ttlSeconds: TTL });
    const named = await store.leases.grant({ ttlSeconds: 100, id: (1n << 63n) - 1n });
    expect(own.ttlSeconds).toBe(TTL);
    expect(named).toEqual({ id: (1n << 63n) - 1n, ttlSeconds: 100 });
    expect(await store.leases.list()).toEqual([own.id, named.id]);
    expect(store.revision).toBe(1);
  });

  test('concurrent grants have ids of their own', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const granted = await Promise.all(Array.from({ length: 50 }, () => store.leases.grant({ ttlSeconds: TTL })));
    expect(new Set(granted.map(({ id }) => id)).size).toBe(50);
  });

  test('an id that is taken is refused, also of one of the same moment; a revoked one is free', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const asked = { ttlSeconds: TTL, id: 7n };
    const both = await Promise.allSettled([store.leases.grant(asked), store.leases.grant(asked)]);
    const [refused] = both.filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({ reason: { code: 'LeaseExists', message: 'etcdserver: lease already exists' } });
    if (!fixture.remote) expect(both[1]).toBe(refused);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await store.leases.revoke(7n);
    expect(await store.leases.grant(asked)).toEqual(asked);
  });

  test('a time that is too short is raised, one that is too long refused', async () => {
    await using fixture = await open();
    const { store } = fixture;
    expect((await store.leases.grant({ ttlSeconds: 0 })).ttlSeconds).toBeGreaterThan(0);
    expect((await store.leases.grant({ ttlSeconds: 9_000_000_000 })).ttlSeconds).toBe(9_000_000_000);
    const tooLong = store.leases.grant({ ttlSeconds: 9_000_000_001 });
    await expect(tooLong).rejects.toMatchObject({ code: 'LeaseTtlTooLarge', message: 'etcdserver: too large lease TTL' });
  });

  test('of one that is not there nothing can be had', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const expected = { code: 'LeaseNotFound', message: 'etcdserver: requested lease not found' };
    await expect(store.leases.keepAlive(5n)).rejects.toMatchObject(expected);
    await expect(store.leases.revoke(5n)).rejects.toMatchObject(expected);
    await expect(store.leases.timeToLive(5n)).rejects.toMatchObject(expected);
    await expect(store.txn(plain(put('b'), leased('a', 5n)))).rejects.toMatchObject(expected);
    expect(await store.range(ALL)).toMatchObject({ revision: 1, count: 0 });
  });
}

function attachment(open: Open): void {
  test('a key tells its lease: now, in the past, to watchers and as the state before', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: 100 });
    const steps = [leased('a', id), put('a'), leased('a', id), remove('a', true)];
    for (const step of steps) await store.txn(plain(step));
    expect(await Promise.all([2, 3, 4].map((revision) => leaseOf(store, 'a', revision)))).toEqual([id, undefined, id]);
    expect((await store.range({ key: 'a' }, { revision: 4, keysOnly: true })).kvs[0]?.lease).toBe(id);
    using watch = record(store, ALL, { fromRevision: 2, prevKv: true });
    await watch.caughtUp(5);
    expect(watch.events().map(({ kv, prev }) => [kv.lease, prev?.lease])).toEqual([
      [id, undefined],
      [undefined, id],
      [id, undefined],
      [undefined, id],
    ]);
  });

  test('a lease knows its keys: a later put takes the key along', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const [one, two] = [await store.leases.grant({ ttlSeconds: 50, id: 1n }), await store.leases.grant({ ttlSeconds: 100, id: 2n })];
    await store.txn(plain(leased('c', one.id), leased('a', one.id), leased('b', one.id), leased('d', one.id)));
    await store.txn(plain(leased('b', two.id), put('c'), remove('d')));
    expect(await store.leases.timeToLive(1n, { keys: true })).toEqual({ ...one, remainingSeconds: expect.any(Number), keys: ['a'] });
    expect(await store.leases.timeToLive(2n, { keys: true })).toMatchObject({ keys: ['b'] });
    expect(await store.leases.timeToLive(2n)).not.toHaveProperty('keys');
  });

  test('revoking deletes its keys in one revision, and only those', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: 100 });
    await store.txn(plain(leased('b', id), leased('a', id), put('c')));
    using watch = record(store, ALL, { prevKv: true });
    expect(await store.leases.revoke(id)).toBe(3);
    await watch.caughtUp(3);
    expect(watch.events().map(({ type, kv, prev }) => [type, kv.key, kv.modRevision, prev?.lease])).toEqual([
      ['delete', 'a', 3, id],
      ['delete', 'b', 3, id],
    ]);
    expect(keysOf((await store.range(ALL)).kvs)).toEqual(['c']);
    expect(keysOf((await store.range(ALL, { revision: 2 })).kvs)).toEqual(['a', 'b', 'c']);
    await expect(store.leases.timeToLive(id)).rejects.toEqual(withCode('LeaseNotFound'));
  });

  test('revoking one without keys takes no revision', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: 100 });
    expect(await store.leases.revoke(id)).toBe(1);
    expect(await store.leases.list()).toEqual([]);
  });

  test('all of it at once is done in its order', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const asked = { ttlSeconds: 100, id: 9n };
    const work: (() => Promise<unknown>)[] = [
      () => store.leases.grant(asked),
      () => store.txn(plain(leased('a', 9n))),
      () => store.leases.revoke(9n),
      () => store.txn(plain(leased('b', 9n))),
      () => store.leases.grant(asked),
      () => store.txn(plain(leased('c', 9n))),
    ];
    const outcomes = (await inOrder(fixture, work)).map(({ status }) => status);
    expect(outcomes).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await store.leases.timeToLive(9n, { keys: true })).toMatchObject({ keys: ['c'] });
    expect(keysOf((await store.range(ALL)).kvs)).toEqual(['c']);
  });

  test('comparing leases; a key without has lease 0', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: 100 });
    await store.txn(plain(leased('a', id), put('b')));
    const holds = async (key: string, is: '=' | '!=' | '>', than: bigint) =>
      (await store.txn({ compare: [{ key, target: 'lease', is, than }], success: [] })).succeeded;
    expect([await holds('a', '=', id), await holds('a', '=', 0n), await holds('a', '>', id - 1n)]).toEqual([true, false, true]);
    expect([await holds('b', '=', 0n), await holds('none', '=', 0n), await holds('b', '!=', 0n)]).toEqual([true, true, false]);
  });

  test('a put may keep the lease, or the value', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: 100 });
    await store.txn(plain(leased('a', id, 'one')));
    await store.txn(plain({ op: 'put', key: 'a', value: Buffer.from('two'), ignoreLease: true }));
    expect((await store.range({ key: 'a' })).kvs).toMatchObject([{ value: Buffer.from('two'), lease: id, version: 2 }]);
    await store.txn(plain({ op: 'put', key: 'a', value: Buffer.alloc(0), ignoreValue: true }));
    expect((await store.range({ key: 'a' })).kvs).toMatchObject([{ value: Buffer.from('two'), lease: undefined, version: 3 }]);
    const keep: Operation = { op: 'put', key: 'none', value: Buffer.alloc(0), ignoreValue: true };
    await expect(store.txn(plain(put('b'), keep))).rejects.toMatchObject({ code: 'KeyNotFound', message: 'etcdserver: key not found' });
    expect((await store.txn(plain(read('b')))).results).toMatchObject([{ count: 0 }]);
  });
}

/** Lets time go by, and then what is being written be written. */
async function passed({ store, pass }: StoreFixture, seconds: number): Promise<void> {
  await pass(seconds);
  await store.txn(plain(read('nothing')));
}

/** Waits until a store that is behind has seen that a lease is over. */
async function gone({ pass }: StoreFixture, isGone: () => Promise<boolean>): Promise<void> {
  for (let seconds = 0; !(await isGone()); seconds++) {
    if (seconds === LATE_SECONDS_MAX) throw new Error('what is over is still there');
    await pass(1);
  }
}

function expiry(open: Open): void {
  // At the same time: on a store without a clock of its own they really wait.
  test.concurrent('one that runs out is revoked, with its keys', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: TTL });
    const longer = await store.leases.grant({ ttlSeconds: 10 * TTL });
    await store.txn(plain(leased('a', id), leased('b', id), leased('c', longer.id)));
    using watch = record(store, ALL);
    await passed(fixture, SURELY_OVER);
    await watch.caughtUp(3);
    expect(watch.events().map(({ type, kv }) => [type, kv.key, kv.modRevision])).toEqual([
      ['delete', 'a', 3],
      ['delete', 'b', 3],
    ]);
    await gone(fixture, async () => (await store.leases.list()).length === 1);
    expect(await store.leases.list()).toEqual([longer.id]);
    await expect(store.leases.keepAlive(id)).rejects.toEqual(withCode('LeaseNotFound'));
  });

  test.concurrent('one that is kept alive has its full time again', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const { id } = await store.leases.grant({ ttlSeconds: LONG_TTL });
    await store.txn(plain(leased('a', id)));
    await passed(fixture, HALF_AND_MORE);
    expect((await store.leases.timeToLive(id)).remainingSeconds).toBeLessThanOrEqual(LONG_TTL - HALF_AND_MORE);
    expect(await store.leases.keepAlive(id)).toEqual({ id, ttlSeconds: LONG_TTL });
    await passed(fixture, HALF_AND_MORE);
    expect((await store.range({ key: 'a' })).count).toBe(1);
    await passed(fixture, LONG_TTL);
    await gone(fixture, async () => (await store.range({ key: 'a' })).count === 0);
  });

  test.concurrent('one without keys goes without a word', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.leases.grant({ ttlSeconds: TTL });
    await passed(fixture, SURELY_OVER);
    await gone(fixture, async () => (await store.leases.list()).length === 0);
    expect(store.revision).toBe(1);
  });
}
