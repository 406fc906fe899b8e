/** The part of the store contract that only clients of etcd's own protocol use: sorted ranges, transactions in transactions, filters. */
import { expect, test } from 'vitest';
import type { Compare, Operation, Store, Transaction } from '../../store/index.ts';
import { record } from '../support/store-recorder.ts';
import { ALL, keysOf, type Open, plain, put, remove, withCode } from '../support/store-steps.ts';

const isThere = (key: string): Compare => ({ key, target: 'version', is: '>', than: 0 });
const within = (transaction: Transaction): Operation => ({ op: 'txn', ...transaction });

export function sorting(open: Open): void {
  const fill = async (store: Store) => {
    const steps: [string, string][] = [
      ['b', '1'],
      ['a', '4'],
      ['c', '2'],
      ['a', '3'],
      ['c', '9'],
      ['c', '5'],
    ];
    for (const [key, value] of steps) await store.txn(plain(put(key, value)));
  };

  test.each([
    ['key', 'abc'],
    ['version', 'bac'],
    ['create', 'bac'],
    ['mod', 'bac'],
    ['value', 'bac'],
  ] as const)('by %s, ascending and descending, before the limit, also in a transaction and in the past', async (by, expected) => {
    await using fixture = await open();
    const { store } = fixture;
    await fill(store);
    const keys = async (options: object) => keysOf((await store.range(ALL, { sort: { by }, ...options })).kvs).join('');
    const reversed = [...expected].reverse().join('');
    expect(await keys({})).toBe(expected);
    expect(await keys({ sort: { by, descending: true } })).toBe(reversed);
    expect(await store.range(ALL, { sort: { by, descending: true }, limit: 2 })).toMatchObject({ count: 3, more: true });
    expect(await keys({ sort: { by, descending: true }, limit: 2 })).toBe(reversed.slice(0, 2));
    const { results } = await store.txn(plain({ op: 'range', range: ALL, options: { sort: { by, descending: true }, keysOnly: true } }));
    const [result] = results;
    expect(result?.op === 'range' && result.kvs.map((kv) => [kv.key, kv.value.length])).toEqual([...reversed].map((key) => [key, 0]));
    await store.txn(plain(remove('a')));
    expect(await keys({ revision: 7 })).toBe(expected);
  });

  test('bounds on revisions leave keys out, and count them', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await fill(store);
    const find = async (options: object) => {
      const { kvs, count, more } = await store.range(ALL, options);
      return { keys: keysOf(kvs).join(''), count, more };
    };
    expect(await find({ modRevisionMin: 5 })).toEqual({ keys: 'ac', count: 3, more: false });
    expect(await find({ modRevisionMax: 5 })).toEqual({ keys: 'ab', count: 3, more: false });
    expect(await find({ createRevisionMin: 3, createRevisionMax: 4 })).toEqual({ keys: 'ac', count: 3, more: false });
    expect(await find({ createRevisionMin: 3, limit: 1 })).toEqual({ keys: 'a', count: 3, more: true });
  });
}

export function nesting(open: Open): void {
  test('transactions within compare the state before all of it, and change it in one revision', async () => {
    await using fixture = await open();
    const { store } = fixture;
    await store.txn(plain(put('a', 'one')));
    const inner = within({ compare: [isThere('b')], success: [put('no')], failure: [put('c'), { op: 'range', range: ALL }] });
    const result = await store.txn({ compare: [isThere('a')], success: [put('b'), inner, remove('a', true)] });
    expect(result).toMatchObject({
      succeeded: true,
      revision: 3,
      results: [
        { op: 'put' },
        { op: 'txn', succeeded: false, results: [{ op: 'put' }, { op: 'range', count: 3 }] },
        { op: 'delete', deleted: 1, prev: [{ key: 'a' }] },
      ],
    });
    expect((await store.range(ALL)).kvs.map((kv) => [kv.key, kv.modRevision])).toEqual([
      ['b', 3],
      ['c', 3],
    ]);
  });

  test('a key is changed once, over all of them; but branches that exclude each other may change the same', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const clashes: Operation[][] = [
      [put('a'), within(plain(put('a')))],
      [within(plain(put('a'))), within(plain(put('a')))],
      [within(plain(put('a'), put('a')))],
      [{ op: 'delete', range: ALL }, within(plain(put('a')))],
    ];
    for (const success of clashes) await expect(store.txn({ compare: [], success })).rejects.toEqual(withCode('DuplicateKey'));
    expect(store.revision).toBe(1);
    const branches = within({ compare: [], success: [put('a', 'then')], failure: [put('a', 'else')] });
    await store.txn(plain(branches));
    expect((await store.range({ key: 'a' })).kvs[0]?.value.toString()).toBe('then');
  });

  test('what is wrong within one changes nothing at all', async () => {
    await using fixture = await open();
    const { store } = fixture;
    const future: Operation = { op: 'range', range: ALL, options: { revision: 99 } };
    await expect(store.txn(plain(put('a'), within(plain(put('b'), future))))).rejects.toEqual(withCode('FutureRevision'));
    expect(await store.range(ALL)).toMatchObject({ revision: 1, count: 0 });
  });

  test('comparing all keys of a range', async () => {
    await using fixture = await open();
    const { store } = fixture;
    for (const key of ['/a/1', '/a/2', '/a/2', '/b']) await store.txn(plain(put(key, 'same')));
    const holds = async (compare: Compare) => (await store.txn({ compare: [compare], success: [] })).succeeded;
    const all = { key: '/a/', end: '/a0' };
    expect(await holds({ ...all, target: 'version', is: '>', than: 0 })).toBe(true);
    expect(await holds({ ...all, target: 'version', is: '=', than: 1 })).toBe(false);
    expect(await holds({ ...all, target: 'value', is: '=', than: Buffer.from('same') })).toBe(true);
    expect(await holds({ key: '/x', end: '/y', target: 'mod', is: '=', than: 0 })).toBe(true);
    expect(await holds({ key: '/x', end: '/y', target: 'value', is: '!=', than: Buffer.from('same') })).toBe(false);
  });
}

export function filters(open: Open): void {
  test.each([
    [{ noPut: true }, ['delete']],
    [{ noDelete: true }, ['put', 'put']],
    [{ noPut: true, noDelete: true }, []],
  ])('%o: from the past and live', async (options, expected) => {
    await using fixture = await open();
    const { store } = fixture;
    using live = record(store, ALL, { ...options, prevKv: true });
    using unfiltered = record(store, ALL);
    for (const step of [put('a'), remove('a'), put('a')]) await store.txn(plain(step));
    using past = record(store, ALL, { ...options, fromRevision: 2, prevKv: true });
    for (const watch of [live, past, unfiltered]) await watch.caughtUp(4);
    expect(live.events().map(({ type }) => type)).toEqual(expected);
    expect(past.events()).toEqual(live.events());
    expect(unfiltered.events()).toHaveLength(3);
  });
}
