import { expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../runtime/index.ts';
import { record } from '../../test/support/store-recorder.ts';
import { ALL, keysOf, plain, put, read, remove, withCode } from '../../test/support/store-steps.ts';
import type { Batch, Disk } from './disk.ts';
import { openMemoryDisk } from './drivers.ts';
import { openOn } from './open.ts';

const ENVIRONMENT = { clock: systemClock, logger: silentLogger };

/** A disk whose batches can be counted, held up and made to fail. */
class ControlledDisk {
  readonly disk: Disk = openMemoryDisk();
  writes = 0;
  /** Whether the last batch was to be synced. */
  synced = false;
  failure: Error | undefined;
  /** Holds batches up before, and after, they are on the disk. */
  gate: Promise<void> | undefined;
  gateAfter: Promise<void> | undefined;

  constructor() {
    const { db } = this.disk;
    const make = () => db.constructor.prototype.batch.call(db) as Batch;
    const batch = () => {
      const real = make();
      const write = real.write.bind(real);
      real.write = async (options: object = {}) => {
        this.writes++;
        this.synced = 'sync' in options && options.sync === true;
        await this.gate;
        if (this.failure) throw this.failure;
        await write(options);
        await this.gateAfter;
      };
      return real;
    };
    Object.defineProperty(db, 'batch', { value: batch });
  }
}

test('writers that come while a commit is under way share the next one', async () => {
  const controlled = new ControlledDisk();
  const store = await openOn(controlled.disk, ENVIRONMENT);
  controlled.writes = 0;
  const writer = async (name: string) => {
    for (let i = 0; i < 10; i++) await store.txn(plain(put(`${name}/${i}`)));
  };
  await Promise.all(Array.from({ length: 32 }, (_, i) => writer(`w${i}`)));
  expect(store.revision).toBe(321);
  expect(controlled.writes).toBe(10);
  await store.close();
});

test('nothing is answered, shown or told before it is durable', async () => {
  const controlled = new ControlledDisk();
  const store = await openOn(controlled.disk, ENVIRONMENT);
  let openGate: () => void = () => undefined;
  controlled.gate = new Promise((resolve) => {
    openGate = resolve;
  });
  using watch = record(store, ALL);
  const answered: string[] = [];
  const written = store.txn(plain(put('a'))).then(() => answered.push('written'));
  const refused = store
    .txn({ compare: [{ key: 'a', target: 'version', is: '=', than: 0 }], success: [put('a')], failure: [read('a')] })
    .then(({ succeeded }) => answered.push(succeeded ? 'done' : 'refused'));
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  expect({ answered, revision: store.revision, told: watch.batches, found: (await store.range(ALL)).count }).toEqual({
    answered: [],
    revision: 1,
    told: [],
    found: 0,
  });
  openGate();
  await Promise.all([written, refused]);
  expect(controlled.synced).toBe(true);
  expect(answered).toEqual(['written', 'refused']);
  await store.close();
});

test('the past is read right while a commit is on the disk that has not been heard of', async () => {
  const controlled = new ControlledDisk();
  const store = await openOn(controlled.disk, ENVIRONMENT);
  await store.txn(plain(put('a'), put('b')));
  // So many that the second revision is read from history, and the last but one by undoing the log.
  await Promise.all(Array.from({ length: 2500 }, () => store.txn(plain(put('z')))));
  let openGate: () => void = () => undefined;
  controlled.gateAfter = new Promise((resolve) => {
    openGate = resolve;
  });
  const written = store.txn(plain(put('a', 'newer'), remove('b')));
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  for (const revision of [2, store.revision - 1, store.revision]) {
    const { kvs } = await store.range({ key: 'a', end: 'c' }, { revision });
    expect(kvs.map((kv) => [kv.key, kv.version])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  }
  openGate();
  await written;
  expect(keysOf((await store.range({ key: 'a', end: 'c' })).kvs)).toEqual(['a']);
  await store.close();
});

test('once the disk has failed, nothing is written any more, and what was there is still read', async () => {
  const controlled = new ControlledDisk();
  const store = await openOn(controlled.disk, ENVIRONMENT);
  using watch = record(store, ALL);
  await store.txn(plain(put('a')));
  controlled.failure = new Error('IO error: 000003.log: No space left on device');
  const failing = [store.txn(plain(put('b'))), store.txn(plain(put('a', 'newer', true))), store.txn(plain(read('a')))];
  for (const txn of failing) await expect(txn).rejects.toEqual(withCode('NoSpace'));
  controlled.failure = undefined;
  await expect(store.txn(plain(put('c')))).rejects.toEqual(withCode('NoSpace'));
  expect(store.revision).toBe(2);
  expect(keysOf((await store.range(ALL)).kvs)).toEqual(['a']);
  expect(watch.events()).toHaveLength(1);
  await store.close();
});

test('a queue that is too long is refused', async () => {
  const controlled = new ControlledDisk();
  const store = await openOn(controlled.disk, ENVIRONMENT);
  let openGate: () => void = () => undefined;
  controlled.gate = new Promise((resolve) => {
    openGate = resolve;
  });
  const value = Buffer.alloc(1_500_000);
  const writes = Array.from({ length: 200 }, (_, i) => store.txn({ compare: [], success: [{ op: 'put', key: `k${i}`, value }] }));
  const outcomes = Promise.allSettled(writes);
  openGate();
  const failures = (await outcomes).flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(failures.length).toBeGreaterThan(10);
  expect(failures[0]).toEqual(withCode('Busy'));
  expect((await store.range(ALL, { countOnly: true })).count).toBe(200 - failures.length);
  await store.close();
});

test('closing waits for the values an answer still needs', async () => {
  const controlled = new ControlledDisk();
  const store = await openOn(controlled.disk, ENVIRONMENT);
  await store.txn(plain(put('a', 'one')));
  const answer = store.txn(plain(put('a', 'two', true)));
  const past = store.range(ALL, { revision: 1 });
  await store.close();
  expect((await answer).results).toMatchObject([{ op: 'put', prev: { modRevision: 2 } }]);
  expect((await past).count).toBe(0);
});
