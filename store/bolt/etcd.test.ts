/** Snapshots between nanokube and a real etcd, both ways. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { findEtcd, findEtcdctl, NO_ETCD, startEtcd } from '../../test/support/etcd.ts';
import { etcdctl, everythingOf } from '../../test/support/etcdctl.ts';
import { ALL, plain, put, remove } from '../../test/support/store-steps.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import {
  decodeEtcdSnapshot,
  decodeSnapshot,
  encodeEtcdSnapshot,
  type KeyValue,
  type Operation,
  openEtcdStore,
  openLevelStore,
  openMemoryStore,
  restoreLevelStore,
  type SnapshotItem,
  type Store,
} from '../index.ts';

const OPERATIONS_MAX = 100;

async function save(items: AsyncIterable<SnapshotItem>, file: string): Promise<void> {
  await using snapshot = await encodeEtcdSnapshot({ items });
  await pipeline(snapshot.chunks(), createWriteStream(file));
}

/** Of many: comparing them one by one would take a test's whole time. */
function printOf(kvs: readonly KeyValue[]): readonly unknown[] {
  if (kvs.length < 100) return kvs;
  const hash = createHash('sha256');
  for (const { key, value, createRevision, modRevision, version, lease } of kvs) {
    hash.update(`${key} ${createRevision} ${modRevision} ${version} ${lease} ${value.length} `).update(value);
  }
  return [kvs.length, hash.digest('hex')];
}

async function fill(store: Store, count: number): Promise<void> {
  await store.leases.grant({ ttlSeconds: 3600, id: 77n });
  await store.leases.grant({ ttlSeconds: 9000, id: 0x7123_4567_89ab_cdefn });
  let waiting: Operation[] = [];
  for (let i = 0; i < count; i++) {
    const value = Buffer.alloc(i % 97 === 0 ? 20_000 : i % 50, i);
    waiting.push({ op: 'put', key: `/registry/pods/ns/${i}`, value, lease: i % 10 === 0 ? 77n : undefined });
    if (waiting.length < OPERATIONS_MAX && i < count - 1) continue;
    await store.txn(plain(...waiting));
    waiting = [];
  }
  await store.txn(plain(put('/registry/pods/ns/3', 'again')));
  await store.txn(
    plain(put('/registry/ü', 'text beyond ASCII'), { op: 'put', key: 'z', value: Buffer.from([0, 255]), lease: 0x7123_4567_89ab_cdefn }),
  );
  await store.txn(plain(remove('/registry/pods/ns/4')));
}

describe.skipIf(!findEtcd() || !findEtcdctl())(`a snapshot of nanokube, for etcd (skipped when ${NO_ETCD})`, () => {
  test.each([0, 10, 3000])('of %i keys is accepted by etcdctl, and by the etcd that is started on it', async (count) => {
    await using directory = await tempDirectory();
    const store = await openMemoryStore();
    if (count > 0) await fill(store, count);
    const file = join(directory.path, 'etcd.db');
    await save(decodeSnapshot(store.snapshot()), file);
    const expected = await store.range(ALL);
    await store.close();

    const status: { revision: number; totalKey: number } = JSON.parse(await etcdctl('snapshot', 'status', file, '-w', 'json'));
    expect(status.totalKey).toBeGreaterThan(expected.kvs.length);
    const restored = join(directory.path, 'restored');
    await etcdctl('snapshot', 'restore', file, '--data-dir', restored);
    await using etcd = await startEtcd({ args: ['--data-dir', restored] });
    const { kvs, revision } = await everythingOf(etcd.clientUrl);
    expect(kvs).toEqual(expected.kvs);
    expect(revision).toBe(expected.revision);
    if (count === 0) return;
    const attached = JSON.parse(await etcdctl('--endpoints', etcd.clientUrl, 'lease', 'timetolive', '4d', '--keys', '-w', 'json'));
    expect(attached['granted-ttl']).toBe(3600);
    expect(attached.keys).toHaveLength(expected.kvs.filter(({ lease }) => lease === 77n).length);
    expect(await etcdctl('--endpoints', etcd.clientUrl, 'lease', 'list')).toContain('7123456789abcdef');
    // It is compacted where it begins, and goes on from there.
    await expect(everythingOf(etcd.clientUrl, `--rev=${revision - 1}`)).rejects.toThrow('has been compacted');
    await etcdctl('--endpoints', etcd.clientUrl, 'put', 'new', 'value');
    expect((await everythingOf(etcd.clientUrl)).revision).toBe(revision + 1);
    await etcdctl('--endpoints', etcd.clientUrl, 'defrag');
    await etcdctl('--endpoints', etcd.clientUrl, 'compact', String(revision + 1));
  });

  test('a tree of several levels: 120,000 keys', async () => {
    await using directory = await tempDirectory();
    const kvs = Array.from({ length: 120_000 }, (_, i): KeyValue => {
      const modRevision = 2 + ((i * 7919) % 120_000);
      const value = Buffer.alloc(i % 300, i);
      return { key: `/k/${String(i).padStart(7, '0')}`, value, createRevision: 2, modRevision, version: 3, lease: undefined };
    });
    async function* items(): AsyncGenerator<SnapshotItem> {
      const counts = { leases: 0, keys: kvs.length, sizeBytes: 0, digest: Buffer.alloc(32) };
      yield { type: 'head', revision: 130_000, compactRevision: 0 };
      for (const kv of kvs) yield { type: 'key', kv };
      yield await Promise.resolve({ type: 'summary', revision: 130_000, compactRevision: 0, ...counts });
    }
    const file = join(directory.path, 'etcd.db');
    await save(items(), file);
    const restored = join(directory.path, 'restored');
    await etcdctl('snapshot', 'restore', file, '--data-dir', restored);
    await using etcd = await startEtcd({ args: ['--data-dir', restored] });
    const found = await everythingOf(etcd.clientUrl);
    expect(found.revision).toBe(130_000);
    expect(printOf(found.kvs)).toEqual(printOf(kvs));
  });
});

describe.skipIf(!findEtcd() || !findEtcdctl())(`a snapshot of etcd, for nanokube (skipped when ${NO_ETCD})`, () => {
  /** Old states, tombstones, a key that came back, leases, values larger than a page; what is compacted and what is not. */
  async function work(store: Store): Promise<void> {
    await fill(store, 2500);
    for (let i = 0; i < 1000; i += 3) await store.txn(plain(put(`/registry/pods/ns/${i}`, 'new'), remove(`/registry/pods/ns/${i + 1}`)));
    await store.compact(store.revision - 100);
    await store.leases.revoke(77n);
    for (let i = 0; i < 300; i += 7) await store.txn(plain(put(`/registry/pods/ns/${i}`, 'newest')));
    await store.txn(plain(put('big', 'x'.repeat(1_200_000))));
    await store.txn(plain(put('gone')));
    await store.txn(plain(remove('gone')));
  }

  test.each([
    ['after work', work],
    ['of a cluster that was never used', () => Promise.resolve()],
    [
      'compacted at its newest revision, which is a delete',
      async (store: Store) => {
        await work(store);
        await store.compact(store.revision);
      },
    ],
  ])('is restored: %s', async (_name, todo) => {
    await using directory = await tempDirectory();
    await using etcd = await startEtcd();
    const source = await openEtcdStore({ endpoints: [etcd.clientUrl] });
    await todo(source);
    const expected = await source.range(ALL);
    const file = join(directory.path, 'etcd.db');
    await etcdctl('--endpoints', etcd.clientUrl, 'snapshot', 'save', file);
    const target = join(directory.path, 'store');
    const restored = await restoreLevelStore({ directory: target, items: decodeEtcdSnapshot({ file }), revisionBump: 1000 });
    expect(restored).toMatchObject({ revision: expected.revision, restoredRevision: expected.revision + 1000 });
    const store = await openLevelStore({ directory: target });
    expect(printOf((await store.range(ALL)).kvs)).toEqual(printOf(expected.kvs));
    expect(await store.leases.list()).toEqual(await source.leases.list());
    for (const id of await source.leases.list()) {
      const state = await source.leases.timeToLive(id, { keys: true });
      expect(await store.leases.timeToLive(id, { keys: true })).toMatchObject({ ttlSeconds: state.ttlSeconds, keys: state.keys });
    }
    await store.close();
    // A restarted member finishes what was scheduled, and its file is as good.
    await etcd.stop();
    await etcd.restart();
    await rm(file);
    await etcdctl('--endpoints', etcd.clientUrl, 'snapshot', 'save', file);
    for await (const item of decodeEtcdSnapshot({ file })) {
      if (item.type === 'summary') expect(item).toMatchObject({ revision: expected.revision, keys: expected.kvs.length });
    }
    await source.close();
  });
});
