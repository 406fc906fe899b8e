/** Snapshots between nanokube and a real etcd, both ways. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { findEtcd, findEtcdctl, NO_ETCD, startEtcd } from '../../test/support/etcd.ts';
import { etcdctl, everythingOf } from '../../test/support/etcdctl.ts';
import { ALL, plain, put, remove } from '../../test/support/store-steps.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { decodeSnapshot, encodeEtcdSnapshot, type Operation, openMemoryStore, type Store } from '../index.ts';

const OPERATIONS_MAX = 100;

async function save(store: Store, file: string): Promise<void> {
  await using snapshot = await encodeEtcdSnapshot({ items: decodeSnapshot(store.snapshot()) });
  await pipeline(snapshot.chunks(), createWriteStream(file));
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
  test.each([0, 10, 3000, 120_000])(
    'of %i keys is accepted by etcdctl, and by the etcd that is started on it',
    async (count) => {
      await using directory = await tempDirectory();
      const store = await openMemoryStore();
      if (count > 0) await fill(store, count);
      const file = join(directory.path, 'etcd.db');
      await save(store, file);
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
    },
    120_000,
  );
});
