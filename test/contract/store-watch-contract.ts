/** The watch part of the store contract. */
import { expect, test } from 'vitest';
import { type Operation, prefixRange } from '../../store/index.ts';
import { StoreModel } from '../support/store-model.ts';
import { eventually, record } from '../support/store-recorder.ts';
import { ALL, inOrder, keysOf, type Open, plain, put, remove, withCode } from '../support/store-steps.ts';
import { violations } from '../support/watch-validators.ts';

export function watches(open: Open): void {
  test('is told of what comes, in its range only', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('/a/1')));
    using watch = record(store, prefixRange('/a/'));
    await store.txn(plain(put('/a/2'), put('/b/1')));
    await store.txn(plain(put('/b/2')));
    await store.txn(plain(remove('/a/1')));
    await watch.caughtUp(store.revision);
    expect(watch.events().map(({ type, kv }) => [type, kv.key, kv.modRevision])).toEqual([
      ['put', '/a/2', 3],
      ['delete', '/a/1', 5],
    ]);
  });

  test('has been told by the time the transaction is answered', async () => {
    await using fixture = await open();
    using watch = record(fixture.store, ALL);
    await fixture.store.txn(plain(put('a')));
    if (fixture.remote) await watch.caughtUp(2);
    expect(watch.events()).toHaveLength(1);
  });

  test.each([false, true])('from every revision, history and then live (with previous values: %s)', async (prevKv) => {
    await using fixture = await open();
    const { store } = fixture;
    const model = new StoreModel();
    const step = (...operations: Operation[]) => {
      model.txn(plain(...operations));
      return store.txn(plain(...operations));
    };
    for (const key of ['a', 'b', 'a', 'c', 'a']) await step(put(key, `at ${model.revision}`));
    await step({ op: 'delete', range: ALL });
    const recordings = [1, 2, 3, 4, 5, 6, 7, 8].map((fromRevision) => record(store, ALL, { fromRevision, prevKv }));
    await inOrder(fixture, [() => step(put('a'), put('d')), () => step(put('a', 'again')), () => step(remove('d'))]);
    for (const recording of recordings) {
      await recording.caughtUp(store.revision);
      const truth = model.history(ALL, recording.from, prevKv);
      expect(violations({ from: recording.from, batches: recording.batches, truth })).toEqual([]);
      expect(recording.events()).toEqual(truth);
      recording[Symbol.dispose]();
    }
  });

  test('from a future revision leaves out what comes before it', async () => {
    await using fixture = await open();
    const { store } = fixture;
    using watch = record(store, ALL, { fromRevision: 4 });
    await inOrder(
      fixture,
      ['a', 'b', 'c', 'd'].map((key) => () => store.txn(plain(put(key)))),
    );
    await watch.caughtUp(5);
    expect(keysOf(watch.events().map((event) => event.kv))).toEqual(['c', 'd']);
  });

  test('progress when asked: at once when live, after the history when catching up', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const key of ['a', 'b']) await store.txn(plain(put(key)));
    using watch = record(store, { key: 'none' }, { fromRevision: 2 });
    watch.watch.requestProgress();
    await eventually(
      () => watch.batches.length === 1,
      () => watch.batches,
    );
    await store.txn(plain(put('c')));
    watch.watch.requestProgress();
    await eventually(
      () => watch.batches.length === 2,
      () => watch.batches,
    );
    expect(watch.batches).toEqual([
      { type: 'progress', revision: 3 },
      { type: 'progress', revision: 4 },
    ]);
  });

  test('ends without an error when it is disposed of or aborted', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const abort = new AbortController();
    const disposed = record(store, ALL);
    const aborted = record(store, ALL, { signal: abort.signal });
    const abortedBefore = record(store, ALL, { signal: AbortSignal.abort() });
    disposed[Symbol.dispose]();
    abort.abort();
    for (const watch of [disposed, aborted, abortedBefore]) expect(await watch.end()).toBeUndefined();
    await store.txn(plain(put('a')));
    for (const watch of [disposed, aborted, abortedBefore]) expect(watch.batches).toEqual([]);
  });

  test('what a watcher throws ends its watch and no other', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const mistake = new Error('a mistake of the watcher');
    let reason: Error | undefined;
    const onBatch = () => {
      throw mistake;
    };
    store.watch(ALL, {}, { onBatch, onEnd: (error) => (reason = error) });
    using other = record(store, ALL);
    await store.txn(plain(put('a')));
    await store.txn(plain(put('b')));
    await other.caughtUp(store.revision);
    expect(reason).toBe(mistake);
    expect(other.events()).toHaveLength(2);
  });
}

export function slowWatches(open: Open): void {
  test('a watcher that takes its time is told in order, one batch after the other', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const model = new StoreModel();
    let inside = 0;
    const slow = async () => {
      expect(++inside).toBe(1);
      await new Promise<void>((resolve) => setImmediate(resolve));
      inside--;
    };
    using watch = record(store, ALL, { prevKv: true }, slow);
    for (let i = 0; i < 30; i++) {
      model.txn(plain(put(`k${i % 3}`)));
      await store.txn(plain(put(`k${i % 3}`)));
    }
    await watch.caughtUp(store.revision);
    expect(watch.events()).toEqual(model.history(ALL, 1, true));
  });

  test('too slow is dropped with the reason, and the others are not', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const stuck = record(store, ALL, { backlogBytesMax: 5000 }, () => new Promise(() => undefined));
    using other = record(store, ALL, { backlogBytesMax: 5000 });
    await store.txn(plain(put('first')));
    await other.caughtUp(2);
    for (let i = 0; i < 10; i++) await store.txn(plain(put(`k${i}`, 'x'.repeat(1000))));
    expect(await stuck.end()).toEqual(withCode('WatcherTooSlow'));
    await other.caughtUp(store.revision);
    expect(stuck.batches).toHaveLength(1);
    expect(other.events()).toHaveLength(11);
  });

  test('history waits for a watcher that takes its time', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (let i = 0; i < 10; i++) await store.txn(plain(put(`k${i}`, 'x'.repeat(1000))));
    let openGate: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    using watch = record(store, ALL, { fromRevision: 2, backlogBytesMax: 1 }, () => gate);
    await eventually(
      () => watch.batches.length > 0,
      () => watch.batches,
    );
    await store.txn(plain(put('later')));
    openGate();
    await watch.caughtUp(store.revision);
    expect(keysOf(watch.events().map((event) => event.kv))).toEqual([...Array.from({ length: 10 }, (_, i) => `k${i}`), 'later']);
  });
}
