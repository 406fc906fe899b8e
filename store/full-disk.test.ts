/**
 * A full disk: the write that does not fit is refused as such, and what was acknowledged is there when there is room again. A directory that cannot be
 * written, or not even be looked into, is refused when it is opened.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { ALL, plain, put, withCode } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore, StoreError } from './index.ts';

const VALUE = 'x'.repeat(200_000);

function mount(path: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a store on a disk that fills up', async (context: TestContext) => {
  await using directory = await tempDirectory();
  if (!mount(directory.path, 'size=4m')) return context.skip('a small file system cannot be mounted here');
  try {
    const store = await openLevelStore({ directory: directory.path });
    await store.leases.grant({ ttlSeconds: 1000, id: 5n });
    const acknowledged: string[] = [];
    const fill = async () => {
      for (let i = 0; i < 100; i++) {
        await store.txn(plain(put(`k${i}`, VALUE)));
        acknowledged.push(`k${i}`);
      }
    };
    await expect(fill()).rejects.toEqual(withCode('NoSpace'));
    expect(acknowledged.length).toBeGreaterThan(5);
    // Reads go on, writes are refused until it is opened again.
    expect((await store.range(ALL)).count).toBe(acknowledged.length);
    await expect(store.leases.grant({ ttlSeconds: 1000 })).rejects.toEqual(withCode('NoSpace'));
    await store.close();
    execFileSync('mount', ['-o', 'remount,size=64m', directory.path]);
    const again = await openLevelStore({ directory: directory.path });
    const found = (await again.range(ALL)).kvs.map((kv) => kv.key);
    expect(found).toEqual(expect.arrayContaining(acknowledged));
    expect(found.length - acknowledged.length).toBeLessThanOrEqual(1);
    expect(await again.leases.list()).toEqual([5n]);
    await again.txn(plain(put('more')));
    await again.close();
  } finally {
    execFileSync('umount', [directory.path]);
  }
});

test('a compaction that finds no room: nothing is lost, and it is taken up when there is some', async (context: TestContext) => {
  await using directory = await tempDirectory();
  if (!mount(directory.path, 'size=40m')) return context.skip('a small file system cannot be mounted here');
  try {
    const data = join(directory.path, 'store');
    const store = await openLevelStore({ directory: data });
    const noise = () => randomBytes(150_000).toString('base64');
    for (let i = 0; i < 60; i++) await store.txn(plain(put(`k${i % 50}`, noise())));
    const { revision } = store;
    const before = await store.hash();
    const { bavail, bsize } = await statfs(directory.path);
    await writeFile(join(directory.path, 'ballast'), Buffer.alloc((bavail - 40) * bsize));
    // It begins by moving what is in memory to a file.
    await expect(store.compact(revision)).rejects.toEqual(withCode('NoSpace'));
    expect(await store.hash()).toMatchObject({ digest: before.digest });
    await expect(store.txn(plain(put('more')))).rejects.toEqual(withCode('NoSpace'));
    await store.close();
    await rm(join(directory.path, 'ballast'));
    const again = await openLevelStore({ directory: data });
    expect(await again.hash()).toMatchObject({ digest: before.digest });
    expect((await again.status()).compactRevision).toBe(revision);
    // In line behind the one that was cut off.
    await again.txn(plain(put('more')));
    await again.compact(again.revision);
    expect((await again.status()).sizeBytes).toBeLessThan(14_000_000);
    await again.close();
  } finally {
    execFileSync('umount', [directory.path]);
  }
});

test('a disk that is read-only: refused, and as it was when it can be written again', async (context: TestContext) => {
  await using directory = await tempDirectory();
  if (!mount(directory.path, 'size=16m')) return context.skip('a small file system cannot be mounted here');
  try {
    const store = await openLevelStore({ directory: directory.path });
    await store.txn(plain(put('a')));
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', directory.path]);
    await expect(openLevelStore({ directory: directory.path })).rejects.toMatchObject({
      code: 'Io',
      message: expect.stringMatching(/^opening the store in .*read-only file system/i),
    });
    execFileSync('mount', ['-o', 'remount,rw', directory.path]);
    const again = await openLevelStore({ directory: directory.path });
    expect((await again.range(ALL)).count).toBe(1);
    await again.close();
  } finally {
    execFileSync('umount', [directory.path]);
  }
});

/** Does something as a user who may nothing, when this is one who may everything. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

test.each([
  ['be written', 0o555],
  ['be looked into', 0o000],
])('a directory that may not %s is refused', async (_, mode) => {
  await using directory = await tempDirectory();
  await chmod(directory.path, 0o755);
  const data = join(directory.path, 'store');
  const store = await openLevelStore({ directory: data });
  await store.txn(plain(put('a')));
  await store.close();
  await chmod(data, mode);
  const error = await asNobody(() => openLevelStore({ directory: data })).catch((reason: unknown) => reason);
  await chmod(data, 0o755);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ code: 'Io', message: expect.stringMatching(/^opening the store in .*permission denied/i) });
  const again = await openLevelStore({ directory: data });
  expect((await again.range(ALL)).count).toBe(1);
  await again.close();
});
