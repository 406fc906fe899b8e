/** A store moved between directories and etcd clusters, by the command a user types. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type KeyValue, openEtcdStore, openLevelStore, type Store } from '../../store/index.ts';
import type { CommandResult } from '../support/cluster.ts';
import { findEtcd, NO_ETCD, startEtcd } from '../support/etcd.ts';
import { ROOT } from '../support/sources.ts';
import { ALL, plain, put, remove } from '../support/store-steps.ts';
import { tempDirectory } from '../support/temp-directory.ts';

function copy(...args: string[]): Promise<CommandResult> {
  const argv = [join(ROOT, 'dist/cli/main.js'), 'store', 'copy', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, argv, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }));
  });
}

async function fill(store: Store): Promise<void> {
  await store.leases.grant({ id: 9n, ttlSeconds: 600 });
  for (let i = 0; i < 20; i++) {
    await store.txn(plain(...Array.from({ length: 50 }, (_, k) => put(`/registry/configmaps/ns/${i}-${k}`, `${i} `.repeat(k * 20)))));
  }
  await store.txn(plain(put('/registry/configmaps/ns/3-4', 'again'), remove('/registry/configmaps/ns/3-5')));
  await store.txn(plain(put('/registry/big', 'x'.repeat(900_000)), put('/registry/ü', 'beyond ASCII')));
  await store.txn(plain({ op: 'put', key: '/registry/events/ns/e', value: Buffer.from([0, 255]), lease: 9n }));
  await store.txn(plain(put('compact_rev_key', '7'), put('other', 'of somebody else')));
}

const inRegistry = ({ key }: KeyValue): boolean => key.startsWith('/registry/');
const contentOf = ({ key, value, lease }: KeyValue) => ({ key, value: value.toString('latin1'), lease });
const revisionsOf = ({ key, createRevision, modRevision, version }: KeyValue) => ({ key, createRevision, modRevision, version });
/** Texts, since many bytes are compared slowly. */
const allOf = (kv: KeyValue) => ({ ...revisionsOf(kv), ...contentOf(kv) });
const kvsOf = async (store: Store) => (await store.range(ALL)).kvs;

async function aDirectory(path: string): Promise<readonly KeyValue[]> {
  mkdirSync(path, { recursive: true });
  const store = await openLevelStore({ directory: join(path, 'store') });
  await fill(store);
  const kvs = await kvsOf(store);
  await store.close();
  return kvs;
}

async function inDirectory<T>(path: string, look: (store: Store) => Promise<T>): Promise<T> {
  const store = await openLevelStore({ directory: join(path, 'store') });
  return await look(store).finally(() => store.close());
}

const GOOD = {
  code: 0,
  // How far it has come, every few seconds: on a slow machine it takes that long.
  stderr: expect.stringMatching(/^(?:(?:copied|compared) \d+ keys\n)*$/),
  stdout: expect.stringMatching(/^copied 1002 keys and 1 leases of revision \d+ to .*, SHA-256 of keys and values [0-9a-f]{64}\n$/),
};

describe('between directories', () => {
  it('keys keep their revisions, versions and leases, and the store goes on far above', async () => {
    await using directory = await tempDirectory();
    const [from, to] = [join(directory.path, 'a'), join(directory.path, 'b')];
    const kvs = await aDirectory(from);
    expect(await copy('--from', from, '--to', to)).toEqual(GOOD);
    await inDirectory(to, async (store) => {
      const found = await kvsOf(store);
      expect(found.map(allOf)).toEqual(kvs.filter(inRegistry).map(allOf));
      expect(store.revision).toBeGreaterThan(1_000_000_000);
      expect(await store.leases.timeToLive(9n, { keys: true })).toMatchObject({ ttlSeconds: 600, keys: ['/registry/events/ns/e'] });
    });
    // Once more to the same place: it is taken.
    const again = await copy('--from', from, '--to', to);
    expect(again).toEqual({
      code: 1,
      stdout: '',
      stderr: `nanokube: ${to} is not empty: it has store; give a directory that is not there yet\n`,
    });
  });

  it('all keys, when asked for, and a bump of choice', async () => {
    await using directory = await tempDirectory();
    const [from, to] = [join(directory.path, 'a'), join(directory.path, 'b')];
    const kvs = await aDirectory(from);
    const revision = await inDirectory(from, (store) => Promise.resolve(store.revision));
    expect(await copy(`--from=${from}`, `--to=${to}`, '--prefix=', '--bump-revision=5')).toMatchObject({ code: 0 });
    await inDirectory(to, async (store) => {
      expect((await kvsOf(store)).map(allOf)).toEqual(kvs.map(allOf));
      expect(store.revision).toBe(revision + 5);
    });
  });

  it('not from a directory that is in use, nor from one without a store', async () => {
    await using directory = await tempDirectory();
    const [from, to] = [join(directory.path, 'a'), join(directory.path, 'b')];
    await aDirectory(from);
    const store = await openLevelStore({ directory: join(from, 'store') });
    expect(await copy('--from', from, '--to', to)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^nanokube: .*(in use|locked|opened).*\n$/i),
    });
    await store.close();
    expect(await copy('--from', directory.path, '--to', to)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no store in it'),
    });
    expect(existsSync(to)).toBe(false);
    expect(readdirSync(directory.path)).toEqual(['a']);
  });
});

describe('a wrong command line', () => {
  it.each([
    [[], 'option --from is missing'],
    [['--from', 'a'], 'option --to is missing'],
    [['--from', 'a', '--to', 'b', 'c'], '"c" is no option'],
    [['--frob'], 'unknown option'],
  ])('%j', async (args, text) => {
    expect(await copy(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(text) });
  });

  it('a cluster that does not answer', async () => {
    await using directory = await tempDirectory();
    await aDirectory(join(directory.path, 'a'));
    const result = await copy('--from', join(directory.path, 'a'), '--to', 'http://127.0.0.1:1', '--dial-timeout=200ms');
    expect(result).toEqual({ code: 1, stdout: '', stderr: 'nanokube: http://127.0.0.1:1 does not answer\n' });
  });
});

describe.skipIf(!findEtcd())(`between a directory and etcd (skipped when ${NO_ETCD})`, () => {
  it('there and back again: the same keys, values and leases; other keys of the cluster stay as they are', async () => {
    await using directory = await tempDirectory();
    await using etcd = await startEtcd();
    const [from, to] = [join(directory.path, 'a'), join(directory.path, 'b')];
    const kvs = await aDirectory(from);
    const cluster = await openEtcdStore({ endpoints: [etcd.clientUrl] });
    await cluster.txn(plain(put('/registrz', 'a neighbour'), put('compact_rev_key', '1')));
    expect(await copy('--from', from, '--to', etcd.clientUrl)).toEqual(GOOD);
    const there = await kvsOf(cluster);
    expect(there.filter(inRegistry).map(contentOf)).toEqual(kvs.filter(inRegistry).map(contentOf));
    expect(
      there
        .filter((kv) => !inRegistry(kv))
        .map(contentOf)
        .map(({ value }) => value),
    ).toEqual(['a neighbour', '1']);
    expect(await cluster.leases.timeToLive(9n, { keys: true })).toMatchObject({ ttlSeconds: 600, keys: ['/registry/events/ns/e'] });

    const again = await copy('--from', from, '--to', etcd.clientUrl);
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('has 1002 keys that begin with /registry/ already'),
    });
    expect((await kvsOf(cluster)).map(allOf)).toEqual(there.map(allOf));

    expect(await copy('--from', etcd.clientUrl, '--to', to)).toEqual(GOOD);
    await inDirectory(to, async (store) => {
      expect((await kvsOf(store)).map(revisionsOf)).toEqual(there.filter(inRegistry).map(revisionsOf));
      expect((await kvsOf(store)).map(contentOf)).toEqual(kvs.filter(inRegistry).map(contentOf));
    });
    await cluster.close();
  });

  it('from one cluster to another', async () => {
    await using one = await startEtcd();
    await using two = await startEtcd();
    const [from, to] = await Promise.all([one, two].map(({ clientUrl }) => openEtcdStore({ endpoints: [clientUrl] })));
    if (!from || !to) throw new Error('there are two clusters');
    await fill(from);
    expect(await copy('--from', one.clientUrl, '--to', two.clientUrl)).toEqual(GOOD);
    expect((await kvsOf(to)).map(contentOf)).toEqual((await kvsOf(from)).filter(inRegistry).map(contentOf));
    await from.close();
    await to.close();
  });

  it('a copy that fails half-way leaves nothing in the cluster', async () => {
    await using directory = await tempDirectory();
    await using etcd = await startEtcd({ args: ['--max-request-bytes', '100000'] });
    await aDirectory(join(directory.path, 'a'));
    const result = await copy('--from', join(directory.path, 'a'), '--to', etcd.clientUrl);
    expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('request is too large') });
    const cluster = await openEtcdStore({ endpoints: [etcd.clientUrl] });
    expect(await kvsOf(cluster)).toEqual([]);
    expect(await cluster.leases.list()).toEqual([]);
    await cluster.close();
  });
});
