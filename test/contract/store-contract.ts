/**
 * What every store does, whatever the driver: run it on each with `storeContract(name, open)`.
 */
import { describe, expect, test } from 'vitest';
import { type Compare, type Operation, prefixRange, type Store, type Transaction } from '../../store/index.ts';
import { StoreModel } from '../support/store-model.ts';
import { record } from '../support/store-recorder.ts';
import { ALL, inOrder, keysOf, type Open, plain, put, read, remove, withCode } from '../support/store-steps.ts';
import { leases } from './store-lease-contract.ts';
import { filters, nesting, sorting } from './store-operations-contract.ts';
import { hashes, maintenance, snapshots } from './store-snapshot-contract.ts';
import { slowWatches, watches } from './store-watch-contract.ts';

export function storeContract(name: string, open: Open): void {
  describe(`the store contract on ${name}`, () => {
    describe('revisions', () => revisions(open));
    describe('ranges', () => ranges(open));
    describe('transactions', () => transactions(open));
    describe('watches', () => watches(open));
    describe('slow watches', () => slowWatches(open));
    describe('watch filters', () => filters(open));
    describe('sorted ranges', () => sorting(open));
    describe('transactions in transactions', () => nesting(open));
    describe('leases', () => leases(open));
    describe('snapshots', () => snapshots(open));
    describe('hashes', () => hashes(open));
    describe('maintenance', () => maintenance(open));
    describe('compaction', () => compaction(open));
    describe('closing', () => closing(open));
  });
}

function revisions(open: Open): void {
  test('an empty store is at 1, and each change takes the next', async () => {
    await using fixture = await open();
    const { store } = fixture;
    expect(store.revision).toBe(1);
    expect(await store.txn(plain(put('a')))).toEqual({ succeeded: true, revision: 2, results: [{ op: 'put' }] });
    expect(await store.txn(plain(put('b'), put('c')))).toMatchObject({ revision: 3 });
    expect(store.revision).toBe(3);
  });

  test('what changes nothing takes none', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a')));
    expect(await store.txn(plain(read('a')))).toMatchObject({ revision: 2 });
    expect(await store.txn(plain(remove('nothing')))).toMatchObject({ revision: 2, results: [{ op: 'delete', deleted: 0 }] });
    const refused: Transaction = { compare: [{ key: 'a', target: 'mod', is: '=', than: 9 }], success: [put('a')] };
    expect(await store.txn(refused)).toEqual({ succeeded: false, revision: 2, results: [] });
  });

  test('concurrent writers each get their own, in the order of their calls', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const results = await Promise.all(Array.from({ length: 100 }, (_, i) => store.txn(plain(put(`k${i}`)))));
    const revisions = results.map((result) => result.revision);
    if (fixture.remote) revisions.sort((a, b) => a - b);
    expect(revisions).toEqual(Array.from({ length: 100 }, (_, i) => i + 2));
  });

  test('create revision and version count from the last creation', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const step of [put('a'), put('a'), remove('a'), put('a'), put('a')]) await store.txn(plain(step));
    const { kvs } = await store.range({ key: 'a' });
    expect(kvs).toMatchObject([{ createRevision: 5, modRevision: 6, version: 2 }]);
  });
}

function ranges(open: Open): void {
  const fill = async (store: Store, keys: readonly string[]) => {
    for (const key of keys) await store.txn(plain(put(key)));
  };

  test('has its first key and not its end, in order', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await fill(store, ['/c', '/a', '/b/2', '/b', '/b/1', '/d', '/ba']);
    expect(keysOf((await store.range({ key: '/b', end: '/d' })).kvs)).toEqual(['/b', '/b/1', '/b/2', '/ba', '/c']);
    expect(keysOf((await store.range(prefixRange('/b/'))).kvs)).toEqual(['/b/1', '/b/2']);
    expect(keysOf((await store.range({ key: '/b' })).kvs)).toEqual(['/b']);
    expect((await store.range({ key: '/d', end: '/b' })).count).toBe(0);
    expect((await store.range({ key: '/x' })).kvs).toEqual([]);
  });

  test('a limit, keys only, count only', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await fill(store, ['a', 'b', 'c']);
    const limited = await store.range(ALL, { limit: 2 });
    expect({ keys: keysOf(limited.kvs), count: limited.count, more: limited.more }).toEqual({ keys: ['a', 'b'], count: 3, more: true });
    expect(await store.range(ALL, { limit: 3 })).toMatchObject({ more: false, count: 3 });
    expect((await store.range(ALL, { keysOnly: true })).kvs.map((kv) => kv.value.length)).toEqual([0, 0, 0]);
    expect(await store.range(ALL, { countOnly: true })).toEqual({ revision: 4, kvs: [], count: 3, more: false });
  });

  test('as of a revision: overwritten, deleted and later keys', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const model = new StoreModel();
    const steps = [put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('c', '1'), put('b', '2'), remove('a'), put('a', '3')];
    for (const step of steps) {
      model.txn(plain(step));
      await store.txn(plain(step));
    }
    for (let revision = 1; revision <= store.revision; revision++) {
      for (const range of [ALL, { key: 'a' }, { key: 'a', end: 'a\0' }, { key: 'a', end: 'b' }, prefixRange('b')]) {
        for (const options of [{}, { limit: 1 }, { keysOnly: true }, { countOnly: true }]) {
          expect(await store.range(range, { revision, ...options })).toEqual(model.range(range, { revision, ...options }));
        }
      }
    }
  });

  test('a revision that is yet to come is refused', async () => {
    await using fixture = await open();
    await expect(fixture.store.range(ALL, { revision: 2 })).rejects.toEqual(withCode('FutureRevision'));
  });

  test('keys with separators, spaces and any script', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const keys = ['a', 'a\x01', 'a ', 'a/', 'a/b', 'aa', 'grün', '注', '\ue000'];
    await fill(store, [...keys].reverse());
    await store.txn(plain(put('a', 'newer')));
    expect(keysOf((await store.range(ALL)).kvs)).toEqual([...keys].sort());
    expect(keysOf((await store.range(ALL, { revision: store.revision - 1 })).kvs)).toEqual([...keys].sort());
  });

  test('what cannot be a key is a mistake of the caller', async () => {
    await using fixture = await open();
    for (const key of ['', 'a\0b', '\ud800']) await expect(fixture.store.txn(plain(put(key)))).rejects.toBeInstanceOf(TypeError);
    await expect(fixture.store.range(ALL, { revision: 0 })).rejects.toBeInstanceOf(TypeError);
  });

  test('binary and empty values', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const bytes = Buffer.from([0, 255, 10, 0, 128]);
    await store.txn({ compare: [], success: [{ op: 'put', key: 'a', value: bytes }, put('b', '')] });
    expect((await store.range(ALL)).kvs.map((kv) => [...kv.value])).toEqual([[...bytes], []]);
  });
}

function transactions(open: Open): void {
  test.each<[Compare, boolean]>([
    [{ key: 'a', target: 'mod', is: '=', than: 3 }, true],
    [{ key: 'a', target: 'mod', is: '=', than: 2 }, false],
    [{ key: 'a', target: 'mod', is: '>', than: 2 }, true],
    [{ key: 'a', target: 'create', is: '=', than: 2 }, true],
    [{ key: 'a', target: 'create', is: '<', than: 2 }, false],
    [{ key: 'a', target: 'version', is: '=', than: 2 }, true],
    [{ key: 'a', target: 'version', is: '!=', than: 2 }, false],
    [{ key: 'a', target: 'value', is: '=', than: Buffer.from('two') }, true],
    [{ key: 'a', target: 'value', is: '!=', than: Buffer.from('two') }, false],
    [{ key: 'a', target: 'value', is: '<', than: Buffer.from('two!') }, true],
    [{ key: 'a', target: 'value', is: '>', than: Buffer.from('tw') }, true],
    [{ key: 'none', target: 'mod', is: '=', than: 0 }, true],
    [{ key: 'none', target: 'version', is: '>', than: 0 }, false],
    [{ key: 'none', target: 'value', is: '!=', than: Buffer.from('two') }, false],
  ])('comparing %o: %s', async (compare, succeeded) => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a', 'one')));
    await store.txn(plain(put('a', 'two')));
    expect(await store.txn({ compare: [compare], success: [] })).toMatchObject({ succeeded });
  });

  test('all comparisons must hold; otherwise the other branch is done', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a', 'one')));
    const compare: Compare[] = [
      { key: 'a', target: 'version', is: '=', than: 1 },
      { key: 'b', target: 'version', is: '=', than: 1 },
    ];
    const result = await store.txn({ compare, success: [put('a', 'then')], failure: [put('b', 'else'), read('a')] });
    expect(result).toMatchObject({ succeeded: false, revision: 3, results: [{ op: 'put' }, { op: 'range', count: 1 }] });
    expect((await store.range(ALL)).kvs.map((kv) => kv.value.toString())).toEqual(['one', 'else']);
  });

  test('of concurrent writers that expect the same revision one wins', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a')));
    const compare: Compare[] = [{ key: 'a', target: 'mod', is: '=', than: 2 }];
    const race = Array.from({ length: 10 }, (_, i) => store.txn({ compare, success: [put('a', `writer ${i}`)], failure: [read('a')] }));
    const results = await Promise.all(race);
    const winner = fixture.remote ? results.findIndex(({ succeeded }) => succeeded) : 0;
    const losers = results.filter((_, writer) => writer !== winner);
    expect(results[winner]?.succeeded).toBe(true);
    expect(losers.map(({ succeeded }) => succeeded)).toEqual(Array(9).fill(false));
    const seen = losers.map(({ results: [read] }) => (read?.op === 'range' ? read.kvs[0]?.value.toString() : undefined));
    expect(new Set(seen)).toEqual(new Set([`writer ${winner}`]));
  });

  test('previous values, also of what is not on the disk yet', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const steps = [put('a', 'one', true), put('a', 'two', true), remove('a', true), put('a', 'three', true)];
    const settled = await inOrder(
      fixture,
      steps.map((step) => () => store.txn(plain(step))),
    );
    const results = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const one = { key: 'a', value: Buffer.from('one'), createRevision: 2, modRevision: 2, version: 1 };
    const two = { key: 'a', value: Buffer.from('two'), createRevision: 2, modRevision: 3, version: 2 };
    expect(results.flatMap((result) => result.results)).toEqual([
      { op: 'put' },
      { op: 'put', prev: one },
      { op: 'delete', deleted: 1, prev: [two] },
      { op: 'put' },
    ]);
  });

  test('operations see those before them', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('/a/1'), put('/a/2')));
    const result = await store.txn(plain({ op: 'delete', range: prefixRange('/a/') }, put('/b', 'new'), { op: 'range', range: ALL }));
    expect(result.results).toMatchObject([{ deleted: 2 }, {}, { revision: 3, count: 1, kvs: [{ key: '/b', modRevision: 3 }] }]);
  });

  test('a key is changed once', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const success of [
      [put('a'), put('a')],
      [put('a'), remove('a')],
      [{ op: 'delete', range: ALL } as const, put('a')],
    ]) {
      await expect(store.txn({ compare: [], success })).rejects.toEqual(withCode('DuplicateKey'));
      await expect(store.txn({ compare: [], success: [], failure: success })).rejects.toEqual(withCode('DuplicateKey'));
    }
    expect(store.revision).toBe(1);
  });

  test('what is too large changes nothing', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const large: Operation = { op: 'put', key: 'large', value: Buffer.alloc(2 * 1024 * 1024) };
    await expect(store.txn(plain(put('a'), large))).rejects.toEqual(withCode('ValueTooLarge'));
    await store.txn(plain({ op: 'put', key: 'big', value: Buffer.alloc(1024 * 1024, 7) }));
    expect((await store.range(ALL)).kvs.map((kv) => kv.value.length)).toEqual([1024 * 1024]);
  });

  test('a range inside at a revision', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a', 'one')));
    const past: Operation = { op: 'range', range: { key: 'a' }, options: { revision: 2 } };
    const result = await store.txn(plain(put('a', 'two'), past));
    expect(result.results[1]).toMatchObject({ op: 'range', revision: 3, kvs: [{ modRevision: 2, version: 1 }] });
    const future: Operation = { op: 'range', range: { key: 'a' }, options: { revision: 9 } };
    await expect(store.txn(plain(put('a', 'three'), future))).rejects.toEqual(withCode('FutureRevision'));
    expect(store.revision).toBe(3);
  });
}

function compaction(open: Open): void {
  test('older revisions are refused, the state at it and after it is not', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const model = new StoreModel();
    const steps = [put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('c', '1'), put('a', '3')];
    for (const step of steps) {
      model.txn(plain(step));
      await store.txn(plain(step));
    }
    await store.compact(4);
    expect(await store.status()).toMatchObject({ revision: 7, compactRevision: 4 });
    await expect(store.range(ALL, { revision: 3 })).rejects.toEqual(withCode('Compacted'));
    for (let revision = 4; revision <= 7; revision++) expect(await store.range(ALL, { revision })).toEqual(model.range(ALL, { revision }));
  });

  test('what is compacted already, or yet to come, is refused', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const key of ['a', 'b']) await store.txn(plain(put(key)));
    await expect(store.compact(4)).rejects.toEqual(withCode('FutureRevision'));
    await store.compact(3);
    await expect(store.compact(3)).rejects.toEqual(withCode('Compacted'));
    await expect(store.compact(2)).rejects.toEqual(withCode('Compacted'));
  });

  test('a watch from before it ends, a watch from it is told everything', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const step of [put('a', '1'), put('a', '2'), put('a', '3')]) await store.txn(plain(step));
    await store.compact(3);
    const before = record(store, ALL, { fromRevision: 2 });
    expect(await before.end()).toEqual(withCode('Compacted'));
    expect(before.batches).toEqual([]);
    using at = record(store, ALL, { fromRevision: 3, prevKv: true });
    await at.caughtUp(4);
    expect(at.events().map(({ kv, prev }) => [kv.value.toString(), prev?.value.toString()])).toEqual([
      ['2', fixture.forgetsAtCompaction ? undefined : '1'],
      ['3', '2'],
    ]);
  });

  test('at the revision of a delete, a watch from there is told of the delete', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const step of [put('a'), put('b'), remove('a'), put('c')]) await store.txn(plain(step));
    await store.compact(4);
    using watch = record(store, ALL, { fromRevision: 4, prevKv: true });
    await watch.caughtUp(5);
    const told = watch.events().map(({ type, kv, prev }) => [type, kv.key, prev?.modRevision]);
    if (!fixture.forgetsAtCompaction) expect(told.shift()).toEqual(['delete', 'a', 2]);
    expect(told.at(-1)).toEqual(['put', 'c', undefined]);
    await store.compact(5);
    expect(keysOf((await store.range(ALL, { revision: 5 })).kvs)).toEqual(['b', 'c']);
  });

  test('at the newest revision of a store where everything is deleted', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a')));
    await store.txn(plain(remove('a')));
    await store.compact(3);
    expect(await store.range(ALL)).toMatchObject({ revision: 3, count: 0 });
    await store.txn(plain(put('a')));
    expect((await store.range(ALL)).kvs).toMatchObject([{ createRevision: 4, version: 1 }]);
  });

  test('writes and reads go on while it runs', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (let i = 0; i < 60; i++) await Promise.all(Array.from({ length: 40 }, (_, k) => store.txn(plain(put(`k${k}`, `${i}`)))));
    const at = store.revision - 100;
    const seen: string[] = [];
    const compacting = store.compact(at).then(() => seen.push('compacted'));
    const expected = (await store.range(ALL, { revision: at })).kvs;
    const first = await store.txn(plain(put('k0', 'while it runs'))).then(() => seen.push('written'));
    if (!fixture.remote) expect(first).toBe(1);
    await compacting;
    expect((await store.range(ALL, { revision: at })).kvs).toEqual(expected);
  });

  test('several at once are done one after the other', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (let i = 0; i < 20; i++) await store.txn(plain(put('a', `${i}`)));
    const compacted = await inOrder(
      fixture,
      [5, 10, 15].map((revision) => () => store.compact(revision)),
    );
    expect(compacted.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect((await store.range({ key: 'a' }, { revision: 15 })).kvs[0]?.value.toString()).toBe('13');
    expect(await store.status()).toMatchObject({ compactRevision: 15 });
  });
}

function closing(open: Open): void {
  test('answers what it took, ends the watches, refuses the rest', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const watch = record(store, ALL);
    const last = store.txn(plain(put('a')));
    const closed = store.close();
    expect(await last).toMatchObject({ revision: 2 });
    await closed;
    if (!fixture.remote) expect(watch.events()).toHaveLength(1);
    expect(await watch.end()).toBeUndefined();
    await expect(store.txn(plain(put('b')))).rejects.toEqual(withCode('Closed'));
    await expect(store.range(ALL)).rejects.toEqual(withCode('Closed'));
    await expect(store.compact(2)).rejects.toEqual(withCode('Closed'));
    await expect(store.status()).rejects.toEqual(withCode('Closed'));
    expect(() => store.watch(ALL, {}, { onBatch: () => undefined, onEnd: () => undefined })).toThrow(withCode('Closed'));
    await store.close();
  });
}
