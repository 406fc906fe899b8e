/** A full disk: the write that does not fit is refused as such, and what was acknowledged is there when there is room again. */
import { execFileSync } from 'node:child_process';
import { expect, type TestContext, test } from 'vitest';
import { ALL, plain, put, withCode } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { openLevelStore } from './index.ts';

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
