/** etcd's KV service as clients see it: run it on whatever answers like etcd, and on etcd itself. */
import { describe, expect, it } from 'vitest';
import {
  COMPARE_RESULT,
  COMPARE_TARGET,
  KV_SERVICE,
  LEASE_SERVICE,
  type RequestOpDraft,
  SORT_ORDER,
  SORT_TARGET,
} from '../../store/rpc/index.ts';
import type { EtcdClient } from '../support/etcd-client.ts';

/** A server of its own, empty, with its client. */
export interface EtcdFixture extends AsyncDisposable {
  readonly client: EtcdClient;
}
export type OpenEtcd = () => Promise<EtcdFixture>;

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const texts = (kvs: readonly { readonly key: Buffer }[]): string[] => kvs.map(({ key }) => key.toString('latin1'));
const NUL = bytes('\0');
const INVALID = 3;
const NOT_FOUND = 5;
const OUT_OF_RANGE = 11;

export const put = (client: EtcdClient, key: string, value = `value of ${key}`) =>
  client.call(KV_SERVICE.put, { key: bytes(key), value: bytes(value) });

export function etcdKv(open: OpenEtcd): void {
  describe('ranges', () => ranges(open));
  describe('puts and deletes', () => changes(open));
  describe('transactions', () => transactions(open));
  describe('requests that are refused', () => refusals(open));
  describe('compaction', () => compaction(open));
}

function ranges(open: OpenEtcd): void {
  it('reads keys of any bytes, in their order', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const keys = ['\0', '\0\0', '\0\x01', '\x01', '\x01\0', '\x02', 'a', 'a\0', 'a\x01\x02', 'b', '\xfe', '\xff', '\xff\xff'];
    for (const key of [...keys].reverse()) await put(client, key, key);
    const all = await client.call(KV_SERVICE.range, { key: NUL, rangeEnd: NUL });
    expect(texts(all.kvs)).toEqual(keys);
    expect(texts(all.kvs.map(({ value }) => ({ key: value })))).toEqual(keys);
    expect(texts((await client.call(KV_SERVICE.range, { key: bytes('a'), rangeEnd: bytes('b') })).kvs)).toEqual(['a', 'a\0', 'a\x01\x02']);
    expect(texts((await client.call(KV_SERVICE.range, { key: bytes('\xff'), rangeEnd: NUL })).kvs)).toEqual(['\xff', '\xff\xff']);
    expect(texts((await client.call(KV_SERVICE.range, { key: bytes('\x01') })).kvs)).toEqual(['\x01']);
    expect((await client.call(KV_SERVICE.range, { key: bytes('b'), rangeEnd: bytes('a') })).kvs).toEqual([]);
  });

  it('tells of a key what there is to know', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const { header } = await put(client, 'a', '1');
    const first = header?.revision ?? 0;
    await put(client, 'b');
    await put(client, 'a', '2');
    const answer = await client.call(KV_SERVICE.range, { key: bytes('a') });
    expect(answer).toMatchObject({ count: 1, more: false, header: { revision: first + 2, raftTerm: 2n } });
    expect(answer.kvs).toEqual([
      { key: bytes('a'), value: bytes('2'), createRevision: first, modRevision: first + 2, version: 2, lease: 0n },
    ]);
    expect((await client.call(KV_SERVICE.range, { key: bytes('a'), revision: first })).kvs[0]?.value.toString()).toBe('1');
    expect((await client.call(KV_SERVICE.range, { key: bytes('a'), revision: first, limit: 0 })).header?.revision).toBe(first + 2);
  });

  it('limits, counts, sorts and filters', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const first = (await put(client, 'k1', 'z')).header?.revision ?? 0;
    await put(client, 'k2', 'y');
    await put(client, 'k3', 'x');
    await put(client, 'k1', 'w');
    const all = { key: bytes('k'), rangeEnd: bytes('l') };
    const range = (options: object) => client.call(KV_SERVICE.range, { ...all, ...options });
    expect(await range({ limit: 2 })).toMatchObject({ count: 3, more: true, kvs: [{ key: bytes('k1') }, { key: bytes('k2') }] });
    expect(await range({ limit: 3 })).toMatchObject({ count: 3, more: false });
    expect(await range({ countOnly: true })).toMatchObject({ count: 3, more: false, kvs: [] });
    expect((await range({ keysOnly: true })).kvs.map(({ value }) => value.length)).toEqual([0, 0, 0]);
    const sorted = async (sortTarget: number, sortOrder: number, limit = 0) => texts((await range({ sortTarget, sortOrder, limit })).kvs);
    expect(await sorted(SORT_TARGET.key, SORT_ORDER.descend)).toEqual(['k3', 'k2', 'k1']);
    expect(await sorted(SORT_TARGET.value, SORT_ORDER.ascend)).toEqual(['k1', 'k3', 'k2']);
    expect(await sorted(SORT_TARGET.mod, SORT_ORDER.none)).toEqual(['k2', 'k3', 'k1']);
    expect(await sorted(SORT_TARGET.mod, SORT_ORDER.descend, 1)).toEqual(['k1']);
    expect(await sorted(SORT_TARGET.create, SORT_ORDER.descend)).toEqual(['k3', 'k2', 'k1']);
    expect(await sorted(SORT_TARGET.version, SORT_ORDER.descend, 1)).toEqual(['k1']);
    const filtered = await range({ minModRevision: first + 2, maxModRevision: first + 2 });
    expect([texts(filtered.kvs), filtered.count]).toEqual([['k3'], 3]);
    expect(texts((await range({ maxCreateRevision: first })).kvs)).toEqual(['k1']);
    expect(texts((await range({ minCreateRevision: first + 1, limit: 1 })).kvs)).toEqual(['k2']);
  });
}

function changes(open: OpenEtcd): void {
  it('gives what was there before', async () => {
    await using fixture = await open();
    const { client } = fixture;
    await put(client, 'a', '1');
    const again = await client.call(KV_SERVICE.put, { key: bytes('a'), value: bytes('2'), prevKv: true });
    expect(again.prevKv).toMatchObject({ value: bytes('1'), version: 1 });
    await put(client, 'b', '3');
    const gone = await client.call(KV_SERVICE.deleteRange, { key: NUL, rangeEnd: NUL, prevKv: true });
    expect(gone.deleted).toBe(2);
    expect(gone.prevKvs.map(({ value }) => value.toString())).toEqual(['2', '3']);
  });

  it('takes no revision for a delete of nothing', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const before = (await put(client, 'a')).header?.revision ?? 0;
    const none = await client.call(KV_SERVICE.deleteRange, { key: bytes('nothing') });
    expect([none.deleted, none.header?.revision]).toEqual([0, before]);
    expect((await client.call(KV_SERVICE.deleteRange, { key: bytes('a') })).header?.revision).toBe(before + 1);
  });

  it('keeps the value, or the lease, when asked to', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const { id } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 100 });
    await client.call(KV_SERVICE.put, { key: bytes('a'), value: bytes('1'), lease: id });
    await client.call(KV_SERVICE.put, { key: bytes('a'), value: bytes('2'), ignoreLease: true });
    expect((await client.call(KV_SERVICE.range, { key: bytes('a') })).kvs[0]).toMatchObject({ value: bytes('2'), lease: id });
    await client.call(KV_SERVICE.put, { key: bytes('a'), ignoreValue: true });
    expect((await client.call(KV_SERVICE.range, { key: bytes('a') })).kvs[0]).toMatchObject({ value: bytes('2'), lease: 0n });
    const missing = { code: INVALID, message: 'etcdserver: key not found' };
    expect(await client.errorOf(KV_SERVICE.put, { key: bytes('b'), ignoreValue: true })).toEqual(missing);
    const noLease = { code: NOT_FOUND, message: 'etcdserver: requested lease not found' };
    expect(await client.errorOf(KV_SERVICE.put, { key: bytes('b'), lease: 12345n })).toEqual(noLease);
  });
}

const putOp = (key: string, value = key): RequestOpDraft => ({ put: { key: bytes(key), value: bytes(value) } });
const rangeOp = (key: string): RequestOpDraft => ({ range: { key: bytes(key) } });
const deleteOp = (key: string, rangeEnd = ''): RequestOpDraft => ({ deleteRange: { key: bytes(key), rangeEnd: bytes(rangeEnd) } });

function transactions(open: OpenEtcd): void {
  it('creates, and updates, as kube-apiserver does', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const key = bytes('/registry/pods/default/a');
    const write = (modRevision: number, value: string) =>
      client.call(KV_SERVICE.txn, {
        compare: [{ target: COMPARE_TARGET.mod, result: COMPARE_RESULT['='], key, modRevision }],
        success: [{ put: { key, value: bytes(value) } }],
        failure: [{ range: { key } }],
      });
    const created = await write(0, '1');
    expect([created.succeeded, created.responses[0]?.put?.header?.revision]).toEqual([true, created.header?.revision]);
    const conflict = await write(0, '2');
    expect(conflict.succeeded).toBe(false);
    expect(conflict.header?.revision).toBe(created.header?.revision);
    expect(conflict.responses[0]?.range?.kvs).toMatchObject([{ value: bytes('1'), modRevision: created.header?.revision }]);
    expect((await write(created.header?.revision ?? 0, '3')).succeeded).toBe(true);
  });

  it('compares everything there is to compare', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const { id: lease } = await client.call(LEASE_SERVICE.leaseGrant, { ttl: 100 });
    const revision = (await client.call(KV_SERVICE.put, { key: bytes('a'), value: bytes('m'), lease })).header?.revision ?? 0;
    await put(client, 'b', 'n');
    const holds = async (compare: object) => (await client.call(KV_SERVICE.txn, { compare: [{ key: bytes('a'), ...compare }] })).succeeded;
    const { '=': equal, '<': less, '>': greater, '!=': unequal } = COMPARE_RESULT;
    expect(await holds({ target: COMPARE_TARGET.version, result: equal, version: 1 })).toBe(true);
    expect(await holds({ target: COMPARE_TARGET.create, result: less, createRevision: revision })).toBe(false);
    expect(await holds({ target: COMPARE_TARGET.mod, result: greater, modRevision: revision - 1 })).toBe(true);
    expect(await holds({ target: COMPARE_TARGET.value, result: less, value: bytes('n') })).toBe(true);
    expect(await holds({ target: COMPARE_TARGET.lease, result: equal, lease })).toBe(true);
    expect(await holds({ target: COMPARE_TARGET.lease, result: unequal, lease: 0n, rangeEnd: bytes('c') })).toBe(false);
    expect(await holds({ target: COMPARE_TARGET.value, result: greater, value: bytes('l'), rangeEnd: NUL })).toBe(true);
    expect(await holds({ target: COMPARE_TARGET.value, result: unequal, value: bytes('x'), key: bytes('z') })).toBe(false);
    expect(await holds({ target: COMPARE_TARGET.version, result: equal, version: 0, key: bytes('z') })).toBe(true);
  });

  it('nests, and tells each operation the revision of its turn', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const before = (await put(client, 'a', '1')).header?.revision ?? 0;
    const answer = await client.call(KV_SERVICE.txn, {
      success: [
        rangeOp('a'),
        {
          txn: {
            compare: [{ target: COMPARE_TARGET.version, result: COMPARE_RESULT['='], key: bytes('a'), version: 7 }],
            success: [putOp('no')],
            failure: [deleteOp('nothing'), putOp('b', '2'), rangeOp('b')],
          },
        },
        deleteOp('a'),
        rangeOp('a'),
      ],
    });
    const after = before + 1;
    expect(answer).toMatchObject({ succeeded: true, header: { revision: after } });
    const [first, within, gone, last] = answer.responses;
    expect(first?.range).toMatchObject({ header: { revision: before }, count: 1 });
    expect(within?.txn).toMatchObject({
      header: { revision: 0 },
      succeeded: false,
      responses: [
        { deleteRange: { header: { revision: before }, deleted: 0 } },
        { put: { header: { revision: after } } },
        { range: { header: { revision: after }, kvs: [{ value: bytes('2'), modRevision: after }] } },
      ],
    });
    expect(gone?.deleteRange).toMatchObject({ header: { revision: after }, deleted: 1 });
    expect(last?.range).toMatchObject({ header: { revision: after }, count: 0 });
  });

  it('does nothing, or just reads, without a revision', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const before = (await put(client, 'a')).header?.revision;
    expect(await client.call(KV_SERVICE.txn, {})).toMatchObject({ succeeded: true, responses: [], header: { revision: before } });
    const read = await client.call(KV_SERVICE.txn, { success: [rangeOp('a'), rangeOp('b')] });
    expect(read.responses.map(({ range }) => range?.count)).toEqual([1, 0]);
    expect(read.header?.revision).toBe(before);
  });
}

function refusals(open: OpenEtcd): void {
  const refused = (message: string, code = INVALID) => ({ code, message: `etcdserver: ${message}` });

  it('wants keys', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const wanted = refused('key is not provided');
    expect(await client.errorOf(KV_SERVICE.range, {})).toEqual(wanted);
    expect(await client.errorOf(KV_SERVICE.put, { value: bytes('1') })).toEqual(wanted);
    expect(await client.errorOf(KV_SERVICE.deleteRange, { rangeEnd: NUL })).toEqual(wanted);
    expect(await client.errorOf(KV_SERVICE.txn, { compare: [{ version: 1 }] })).toEqual(wanted);
    expect(await client.errorOf(KV_SERVICE.txn, { failure: [{ txn: { success: [{ range: {} }] } }] })).toEqual(wanted);
    expect(await client.errorOf(KV_SERVICE.txn, { success: [{}] })).toEqual(refused('key not found'));
  });

  it('wants no value, no lease, where the old one is kept', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const key = bytes('a');
    expect(await client.errorOf(KV_SERVICE.put, { key, value: bytes('1'), ignoreValue: true })).toEqual(refused('value is provided'));
    expect(await client.errorOf(KV_SERVICE.put, { key, lease: 1n, ignoreLease: true })).toEqual(refused('lease is provided'));
    const within = { success: [{ put: { key, value: bytes('1'), ignoreValue: true } }] };
    expect(await client.errorOf(KV_SERVICE.txn, within)).toEqual(refused('value is provided'));
  });

  it('wants no key changed twice in a transaction', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const twice = refused('duplicate key given in txn request');
    const errorOf = (...success: RequestOpDraft[]) => client.errorOf(KV_SERVICE.txn, { success });
    expect(await errorOf(putOp('a'), putOp('a'))).toEqual(twice);
    expect(await errorOf(putOp('b'), deleteOp('a', 'c'))).toEqual(twice);
    expect(await errorOf(putOp('a'), { txn: { success: [putOp('a')] } })).toEqual(twice);
    expect(await errorOf({ txn: { success: [putOp('a')], failure: [putOp('a')] } })).toBe('OK');
    expect(await errorOf(deleteOp('a', 'c'), deleteOp('b'))).toBe('OK');
    expect(await errorOf(putOp('c'), deleteOp('a', 'c'))).toBe('OK');
    // Also in the branch that is not taken.
    expect(await client.errorOf(KV_SERVICE.txn, { failure: [putOp('a'), putOp('a')] })).toEqual(twice);
  });

  it('wants not too many operations', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const many = (count: number) => Array.from({ length: count }, (_, at) => putOp(`k${at}`));
    const tooMany = refused('too many operations in txn request');
    expect(await client.errorOf(KV_SERVICE.txn, { success: many(129) })).toEqual(tooMany);
    expect(await client.errorOf(KV_SERVICE.txn, { failure: many(129) })).toEqual(tooMany);
    expect(await client.errorOf(KV_SERVICE.txn, { success: many(128) })).toBe('OK');
    // What is within a transaction counts with it.
    const nested = (within: number) => ({ success: [{ txn: { success: many(within) } }, ...many(64).slice(1)] });
    expect(await client.errorOf(KV_SERVICE.txn, nested(65))).toEqual(tooMany);
  });

  it('wants requests that are not too large', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const value = (size: number) => ({ key: bytes('a'), value: Buffer.alloc(size) });
    expect(await client.errorOf(KV_SERVICE.put, value(1.5 * 1024 * 1024))).toEqual(refused('request is too large'));
    expect(await client.errorOf(KV_SERVICE.txn, { success: [{ put: value(1.5 * 1024 * 1024) }] })).toEqual(refused('request is too large'));
    expect(await client.errorOf(KV_SERVICE.put, value(1.5 * 1024 * 1024 - 100))).toBe('OK');
    const [code, message] = Object.values(await client.errorOf(KV_SERVICE.put, value(2 * 1024 * 1024 + 100)));
    expect([code, message]).toEqual([8, expect.stringMatching(/received message larger than max \(\d+ vs\. 2097152\)/)]);
  });
}

function compaction(open: OpenEtcd): void {
  it('forgets what is older, and says so', async () => {
    await using fixture = await open();
    const { client } = fixture;
    const first = (await put(client, 'a', '1')).header?.revision ?? 0;
    await put(client, 'a', '2');
    await put(client, 'a', '3');
    const done = await client.call(KV_SERVICE.compact, { revision: first + 1, physical: true });
    expect(done.header?.revision).toBe(first + 2);
    const compacted = { code: OUT_OF_RANGE, message: 'etcdserver: mvcc: required revision has been compacted' };
    expect(await client.errorOf(KV_SERVICE.range, { key: bytes('a'), revision: first })).toEqual(compacted);
    expect((await client.call(KV_SERVICE.range, { key: bytes('a'), revision: first + 1 })).kvs[0]?.value.toString()).toBe('2');
    expect(await client.errorOf(KV_SERVICE.compact, { revision: first + 1 })).toEqual(compacted);
    const future = { code: OUT_OF_RANGE, message: 'etcdserver: mvcc: required revision is a future revision' };
    expect(await client.errorOf(KV_SERVICE.compact, { revision: first + 100 })).toEqual(future);
    expect(await client.errorOf(KV_SERVICE.range, { key: bytes('a'), revision: first + 100 })).toEqual(future);
    const within = { success: [{ range: { key: bytes('a'), revision: first } }, putOp('b', '4')] };
    expect(await client.errorOf(KV_SERVICE.txn, within)).toEqual(compacted);
    expect((await client.call(KV_SERVICE.range, { key: bytes('b') })).count).toBe(0);
  });
}
