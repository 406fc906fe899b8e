/** Many watches: each is told of its own range, at a cost that does not grow with the others; one that does not keep up is told why it is dropped. */
import { expect, test } from 'vitest';
import { eventually, record } from '../../test/support/store-recorder.ts';
import { ALL, keysOf, plain, put, remove, withCode } from '../../test/support/store-steps.ts';
import { openMemoryStore, prefixRange, type StoreWatch, type WatchBatch, type Watcher } from '../index.ts';

const never = () => new Promise<void>(() => undefined);

test('thousands of ranges: each watch is told of what is in its own, once', async () => {
  const store = await openMemoryStore();
  const told = new Map<string, string[]>();
  const watches: StoreWatch[] = [];
  const watch = (name: string, key: string, end?: string) => {
    const heard: string[] = [];
    told.set(name, heard);
    const onBatch = (batch: WatchBatch) => {
      if (batch.type === 'events') heard.push(...batch.events.map(({ type, kv }) => `${type} ${kv.key} ${kv.modRevision}`));
    };
    watches.push(store.watch({ key, end }, {}, { onBatch, onEnd: () => heard.push('end') }));
  };
  for (let i = 0; i < 3000; i++) {
    watch(`key ${i}`, `/k/${i}`);
    watch(`prefix ${i}`, `/k/${i}/`, `/k/${i}0`);
  }
  watch('all', '', '\uffff');
  for (const i of [0, 7, 2999]) await store.txn(plain(put(`/k/${i}`), put(`/k/${i}/x`), put(`/other/${i}`)));
  await store.txn(plain(remove('/k/7')));
  expect(told.get('key 7')).toEqual(['put /k/7 3', 'delete /k/7 5']);
  expect(told.get('prefix 7')).toEqual(['put /k/7/x 3']);
  expect(told.get('prefix 2999')).toEqual(['put /k/2999/x 4']);
  expect(told.get('all')).toHaveLength(10);
  expect([...told.values()].filter((heard) => heard.length > 0)).toHaveLength(7);
  for (const each of watches.slice(0, 5990)) each[Symbol.dispose]();
  await store.txn(plain(put('/k/7'), put('/k/2999')));
  expect(told.get('key 7')?.at(-1)).toBe('end');
  expect(told.get('key 2999')).toEqual(['put /k/2999 4', 'put /k/2999 6']);
  await store.close();
});

test('watches of one range that leave out different things', async () => {
  const store = await openMemoryStore();
  const recordings = [{}, { noPut: true }, { noDelete: true }, { noPut: true, noDelete: true }].map((options) =>
    record(store, prefixRange('/a/'), options),
  );
  await store.txn(plain(put('/a/1'), put('/b/1')));
  await store.txn(plain(remove('/a/1')));
  expect(recordings.map((recording) => recording.events().map(({ type }) => type))).toEqual([['put', 'delete'], ['delete'], ['put'], []]);
  recordings[1]?.watch[Symbol.dispose]();
  await store.txn(plain(put('/a/2')));
  expect(recordings.map((recording) => recording.events().length)).toEqual([3, 1, 2, 0]);
  await store.close();
});

test('a watch that begins while others are told of a commit is told of the next one', async () => {
  const store = await openMemoryStore();
  const heard: number[] = [];
  const late: Watcher = { onBatch: (batch) => void heard.push(batch.revision), onEnd: () => undefined };
  let begun = false;
  const onBatch = () => {
    if (!begun) for (const range of [ALL, prefixRange('/a/')]) store.watch(range, {}, late);
    begun = true;
  };
  store.watch(ALL, {}, { onBatch, onEnd: () => undefined });
  await store.txn(plain(put('/a/1')));
  await store.txn(plain(put('/a/2')));
  expect(heard).toEqual([3, 3]);
  await store.close();
});

test('one that does not keep up is told how much waits, and behind which revision', async () => {
  const store = await openMemoryStore();
  const stuck = record(store, ALL, { backlogBytesMax: 5000 }, never);
  for (let i = 0; i < 10; i++) await store.txn(plain(put(`k${i}`, 'x'.repeat(1000))));
  const error = await stuck.end();
  expect(error).toEqual(withCode('WatcherTooSlow'));
  expect(error?.message).toBe('the watcher is too slow: 6010 bytes of events wait behind revision 2, and 5000 may');
  expect(stuck.batches).toHaveLength(1);
  // From there it goes on without a gap.
  using again = record(store, ALL, { fromRevision: 3 });
  await again.caughtUp(store.revision);
  expect(keysOf(again.events().map(({ kv }) => kv))).toEqual(['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9']);
  await store.close();
});

test('the states before count in what waits', async () => {
  const store = await openMemoryStore();
  await store.txn(plain(put('k', 'x'.repeat(3000))));
  const stuck = record(store, ALL, { backlogBytesMax: 5000, prevKv: true }, never);
  await store.txn(plain(put('other')));
  await eventually(
    () => stuck.batches.length === 1,
    () => stuck.batches,
  );
  await store.txn(plain(put('k', 'x'.repeat(3000))));
  expect(await stuck.end()).toEqual(withCode('WatcherTooSlow'));
  await store.close();
});
