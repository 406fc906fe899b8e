/** Opening: what is not as it was left is refused, with what and where; it is never opened with something missing. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ClassicLevel } from 'classic-level';
import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { eventually, record } from '../../test/support/store-recorder.ts';
import { ALL, keysOf, plain, put, remove, withCode } from '../../test/support/store-steps.ts';
import { type TempDirectory, tempDirectory } from '../../test/support/temp-directory.ts';
import { openLevelStore, prefixRange, type Store } from '../index.ts';
import { openMemoryDisk } from './drivers.ts';
import { encodeLease, encodeLive, leaseKey, liveKey, logKey, STATE_KEY } from './log-codec.ts';
import { openOn } from './open.ts';

const ENVIRONMENT = { clock: systemClock, logger: silentLogger };

/** A closed store of 20 revisions: a, b and c put six times each, then b deleted. */
async function filled(): Promise<TempDirectory> {
  const directory = await tempDirectory();
  const store = await openLevelStore({ directory: directory.path });
  for (let i = 0; i < 6; i++) for (const key of ['a', 'b', 'c']) await store.txn(plain(put(key, `${key} ${i}`)));
  await store.txn(plain(remove('b')));
  await store.close();
  return directory;
}

type Database = ClassicLevel<string, Buffer>;

/** Changes the database behind the store's back. */
async function tamper(directory: TempDirectory, change: (db: Database) => Promise<void>): Promise<void> {
  const db = new ClassicLevel<string, Buffer>(directory.path, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
  await db.open();
  await change(db);
  await db.close();
}

async function flip(db: Database, key: string, at: number): Promise<void> {
  const bytes = Buffer.from((await db.get(key)) ?? Buffer.alloc(0));
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await db.put(key, bytes);
}

const at = (modRevision: number) => logKey({ modRevision, sub: 0 });

describe('what was there is there again', () => {
  test('keys, values, history, revision, compaction', async () => {
    await using directory = await filled();
    const before = await openLevelStore({ directory: directory.path });
    await before.compact(10);
    const state = await before.range(ALL);
    const past = await before.range(ALL, { revision: 12 });
    await before.close();
    const after = await openLevelStore({ directory: directory.path });
    expect(await after.range(ALL)).toEqual(state);
    expect(await after.range(ALL, { revision: 12 })).toEqual(past);
    await expect(after.range(ALL, { revision: 9 })).rejects.toEqual(withCode('Compacted'));
    expect(await after.txn(plain(put('d')))).toMatchObject({ revision: 21 });
    await after.close();
  });

  test('a store that was never written to', async () => {
    await using directory = await tempDirectory();
    for (let i = 0; i < 2; i++) {
      const store = await openLevelStore({ directory: join(directory.path, 'made', 'on', 'the', 'way') });
      expect(store.revision).toBe(1);
      await store.close();
    }
  });

  test('a store whose process was killed while LevelDB made its first files', async () => {
    await using directory = await tempDirectory();
    await writeFile(join(directory.path, 'MANIFEST-000001'), 'half');
    const store = await openLevelStore({ directory: directory.path });
    expect(await store.txn(plain(put('a')))).toMatchObject({ revision: 2 });
    await store.close();
  });
});

describe('leases', () => {
  test('are there again with their keys and their full time, and run out', async () => {
    await using directory = await tempDirectory();
    const clock = new VirtualClock();
    const first = await openLevelStore({ directory: directory.path, clock });
    await first.leases.grant({ ttlSeconds: 60, id: 5n });
    await first.leases.grant({ ttlSeconds: 600, id: 6n });
    await first.txn(
      plain({ op: 'put', key: 'a', value: Buffer.from('1'), lease: 5n }, { op: 'put', key: 'b', value: Buffer.from('1'), lease: 6n }),
    );
    await clock.advance(50_000);
    await first.close();
    expect(clock.pending).toBe(0);
    await clock.advance(50_000);
    const again = await openLevelStore({ directory: directory.path, clock });
    expect(await again.leases.timeToLive(5n, { keys: true })).toEqual({ id: 5n, ttlSeconds: 60, remainingSeconds: 60, keys: ['a'] });
    await clock.advance(59_000);
    expect((await again.range(ALL)).count).toBe(2);
    await clock.advance(2_000);
    const answer = await again.txn(plain({ op: 'range', range: ALL }));
    expect(answer).toMatchObject({ revision: 3, results: [{ kvs: [{ key: 'b', lease: 6n }] }] });
    await again.close();
  });

  test('an expiry that was kept from the disk is the last, and is logged', async () => {
    const clock = new VirtualClock();
    const disk = openMemoryDisk();
    const lines: unknown[] = [];
    const logger: Logger = Object.assign(Object.create(silentLogger), { error: (facts: object) => lines.push(facts) });
    const store = await openOn(disk, { clock, logger });
    await store.leases.grant({ ttlSeconds: 10, id: 5n });
    Object.defineProperty(disk.db, 'batch', {
      value: () => {
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      },
    });
    await clock.advance(10_000);
    await expect(store.leases.grant({ ttlSeconds: 10 })).rejects.toEqual(withCode('NoSpace'));
    expect(await store.leases.list()).toEqual([5n]);
    await clock.advance(100_000);
    expect(clock.pending).toBe(0);
    expect(lines).toHaveLength(2);
    await store.close();
  });
});

describe('damage is refused', () => {
  test.each<[string, (db: Database) => Promise<void>, string]>([
    ['a live key is gone', (db) => db.del(liveKey('a')), 'revision 20 has 2 keys, and 1 were found'],
    [
      'a live key is too many',
      (db) => db.put(liveKey('z'), encodeLive({ key: 'z', modRevision: 2, sub: 0, createRevision: 2, version: 1 })),
      '3 were found',
    ],
    [
      'a live key is an older one',
      (db) => db.put(liveKey('a'), encodeLive({ key: 'a', modRevision: 2, sub: 0, createRevision: 2, version: 1 })),
      'checksum',
    ],
    ['a live key is cut', (db) => db.put(liveKey('a'), Buffer.alloc(3)), 'index entry "ka" has 3 bytes'],
    ['a record is gone', (db) => db.del(at(11)), 'revision 11 is missing'],
    ['the newest record is gone', (db) => db.del(at(20)), 'revision 20 is missing'],
    ['the oldest record is gone', (db) => db.del(at(2)), 'revision 2 is missing'],
    ['a bit of a record is wrong', (db) => flip(db, at(11), 30), 'log record 11.0 fails its checksum'],
    ['a record is above the newest', (db) => db.put(at(21), Buffer.alloc(40)), 'fails its checksum'],
    ['a bit of the state is wrong', (db) => flip(db, STATE_KEY, 8), 'the state record fails its checksum'],
    ['the state is gone', (db) => db.del(STATE_KEY), 'the state record is missing'],
    ['the format is gone', (db) => db.del('f'), 'no format version'],
    ['the format is no number', (db) => db.put('f', Buffer.from('?')), 'the format version is "?"'],
  ])('%s', async (_, change, text) => {
    await using directory = await filled();
    await tamper(directory, change);
    const failure = await openLevelStore({ directory: directory.path }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'StoreError', code: 'Corrupt', message: expect.stringContaining(text) });
  });

  test('a newer format is refused as such, and the database is let go', async () => {
    await using directory = await filled();
    await tamper(directory, (db) => db.put('f', Buffer.from('4')));
    await expect(openLevelStore({ directory: directory.path })).rejects.toEqual(withCode('FormatVersion'));
    await tamper(directory, (db) => db.put('f', Buffer.from('1')));
    const store = await openLevelStore({ directory: directory.path });
    await store.close();
  });

  /** Records as they were before they checked where they stand. */
  async function withoutPlaces(db: Database): Promise<void> {
    for (const [key, value] of await db.iterator({ gte: 'l', lt: 'm' }).all()) {
      const bytes = Buffer.from(value);
      bytes.writeUInt8(bytes.readUInt8(0) & ~0x40, 0);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
      await db.put(key, bytes);
    }
  }

  test.each(['1', '2'])('a store of the older format %s is taken up, and is of the new one from then on', async (format) => {
    await using directory = await filled();
    await tamper(directory, withoutPlaces);
    await tamper(directory, (db) => db.put('f', Buffer.from(format)));
    const store = await openLevelStore({ directory: directory.path });
    await store.txn(plain(put('d')));
    expect((await store.range(ALL)).kvs.map((kv) => kv.value.toString())).toEqual(['a 5', 'c 5', 'value of d']);
    using watch = record(store, ALL, { fromRevision: 2, prevKv: true });
    await watch.caughtUp(21);
    expect(watch.events()).toHaveLength(20);
    await store.close();
    await tamper(directory, async (db) => expect((await db.get('f'))?.toString()).toBe('3'));
  });

  test('a record that stands in the place of another is found out, also when it is of the same key', async () => {
    await using directory = await filled();
    await tamper(directory, async (db) => db.put(at(2), (await db.get(at(5))) ?? Buffer.alloc(0)));
    await expect(openLevelStore({ directory: directory.path })).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining('log record 2.0 fails its checksum'),
    });
  });

  test.each<[string, (db: Database) => Promise<void>, string]>([
    ['is gone', (db) => db.del(leaseKey(5n)), 'checksum'],
    ['of a key is gone', (db) => db.del(leaseKey(6n)), 'checksum'],
    ['is too many', (db) => db.put(leaseKey(7n), encodeLease({ id: 7n, ttlSeconds: 1 })), 'checksum'],
    ['is another', (db) => db.put(leaseKey(5n), encodeLease({ id: 5n, ttlSeconds: 1 })), 'checksum'],
    ['has a wrong bit', (db) => flip(db, leaseKey(5n), 9), 'lease 0000000000000005 fails its checksum'],
  ])('a lease %s', async (_, spoil, text) => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    for (const id of [5n, 6n]) await store.leases.grant({ ttlSeconds: 100, id });
    await store.txn(plain({ op: 'put', key: 'a', value: Buffer.from('1'), lease: 6n }));
    await store.close();
    await tamper(directory, spoil);
    await expect(openLevelStore({ directory: directory.path })).rejects.toMatchObject({
      code: 'Corrupt',
      message: expect.stringContaining(text),
    });
  });

  test('LevelDB files are missing or garbled', async () => {
    for (const spoil of [
      (file: string) => rm(file),
      async (file: string) => writeFile(file, Buffer.alloc((await readFile(file)).length, 0xff)),
    ]) {
      for (const pattern of [/^MANIFEST/, /^CURRENT$/]) {
        await using directory = await filled();
        const name = (await readdir(directory.path)).find((file) => pattern.test(file)) ?? '';
        await spoil(join(directory.path, name));
        const failure = await openLevelStore({ directory: directory.path }).catch((error: unknown) => error);
        expect(failure, name).toMatchObject({ name: 'StoreError', code: 'Corrupt' });
        // Nothing was made in its place.
        expect((await readdir(directory.path)).filter((file) => pattern.test(file)).length).toBeLessThan(2);
      }
    }
  });

  test('a damaged stretch within LevelDB’s own log, which LevelDB passes over', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    for (let i = 0; i < 300; i++) await store.txn(plain(put(`k${i % 7}`, 'x'.repeat(1000))));
    const [name = ''] = (await readdir(directory.path)).filter((file) => file.endsWith('.log'));
    const bytes = await readFile(join(directory.path, name));
    await store.close();
    bytes.fill(0xaa, 100_000, 101_000);
    await writeFile(join(directory.path, name), bytes);
    await expect(openLevelStore({ directory: directory.path })).rejects.toEqual(withCode('Corrupt'));
  });

  test.each([
    ['a torn end of LevelDB’s log, of what was not acknowledged, is what a crash leaves: the store is as before that commit', false],
    ['a torn end of LevelDB’s log, of what was acknowledged, is refused', true],
  ])('%s', async (_, acknowledged) => {
    await using directory = await tempDirectory();
    const clock = new VirtualClock();
    const store = await openLevelStore({ directory: directory.path, clock });
    await store.txn(plain(put('a'), put('b')));
    await clock.advance(100);
    const note = join(directory.path, 'acknowledged');
    const before = await readFile(note);
    const [name = ''] = (await readdir(directory.path)).filter((file) => file.endsWith('.log'));
    const whole = (await readFile(join(directory.path, name))).length;
    await store.txn(plain(put('a', 'newer'), put('c'), remove('b')));
    const end = (await readFile(join(directory.path, name))).length;
    await store.close();
    await truncate(join(directory.path, name), Math.floor((whole + end) / 2));
    if (acknowledged) {
      const refused = { code: 'Corrupt', message: expect.stringContaining('ends at revision 2, and had acknowledged revision 3') };
      await expect(openLevelStore({ directory: directory.path })).rejects.toMatchObject(refused);
    }
    await writeFile(note, before);
    const again = await openLevelStore({ directory: directory.path });
    expect(again.revision).toBe(2);
    expect((await again.range(ALL)).kvs.map((kv) => [kv.key, kv.version])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    await again.close();
  });

  test('the end of LevelDB’s log is zeros, as a loss of power may leave it: the store is as before that', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    await store.txn(plain(put('a')));
    await store.close();
    const [name = ''] = (await readdir(directory.path)).filter((file) => file.endsWith('.log'));
    const { length } = await readFile(join(directory.path, name));
    await truncate(join(directory.path, name), length + 5000);
    const again = await openLevelStore({ directory: directory.path });
    expect((await again.range(ALL)).count).toBe(1);
    await again.close();
  });

  test('a file stands where the directory should be', async () => {
    await using directory = await tempDirectory();
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    await expect(openLevelStore({ directory: file })).rejects.toEqual(withCode('Io'));
  });

  test('history whose value is gone is an error when it is read, not an absence', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    // So much that the newest part, which opening reads, does not reach the beginning.
    for (let i = 0; i < 40; i++) await store.txn(plain(put(`k${i}`, 'x'.repeat(1_000_000))));
    await store.close();
    await tamper(directory, (db) => db.del(at(3)));
    const again = await openLevelStore({ directory: directory.path });
    await expect(again.range({ key: 'k1' })).rejects.toThrow('log record 3.0 of "k1" is missing');
    const watch = record(again, ALL, { fromRevision: 2 });
    expect(await watch.end()).toEqual(withCode('Corrupt'));
    await again.close();
  });
});

describe('the lock', () => {
  test('a store that is open in this process is refused too, and free again when it is closed', async () => {
    await using directory = await tempDirectory();
    const first = await openLevelStore({ directory: directory.path });
    const failure = await openLevelStore({ directory: directory.path }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'Locked', message: expect.stringContaining(`process ${process.pid} on `) });
    await first.txn(plain(put('a')));
    await first.close();
    expect(await readdir(directory.path)).not.toContain('holder');
    const second = await openLevelStore({ directory: directory.path });
    expect((await second.range(ALL)).count).toBe(1);
    await second.close();
  });
});

describe('compaction', () => {
  async function churn(store: Store, keys: number, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: keys }, (_, k) => store.txn(plain(put(`/k/${k}`, noise(round * keys + k))))));
    }
  }
  const noise = (seed: number): string => Array.from({ length: 40 }, (_, i) => Math.imul(seed + 7 * i, 0x9e3779b1).toString(36)).join('');

  test('gives space back', async () => {
    await using directory = await tempDirectory();
    const store = await openLevelStore({ directory: directory.path });
    await churn(store, 500, 30);
    for (let k = 100; k < 500; k++) await store.txn(plain(remove(`/k/${k}`)));
    await store.txn(plain(put('/other')));
    await store.compact(store.revision);
    const { sizeBytes } = await store.status();
    expect(sizeBytes).toBeLessThan(1_000_000);
    expect((await store.range(prefixRange('/k/'))).count).toBe(100);
    await store.close();
    await tamper(directory, async (db) => {
      expect(await db.keys({ gte: 'h', lt: 'i' }).all()).toEqual([]);
      expect((await db.keys({ gte: 'l', lt: 'm' }).all()).length).toBe(101);
    });
  });

  test('that was cut off is taken up at the next opening', async () => {
    const disk = openMemoryDisk();
    const first = await openOn(disk, ENVIRONMENT);
    await churn(first, 100, 50);
    const at = first.revision - 10;
    const compacting = first.compact(at).catch((error: unknown) => error);
    let refused = false;
    const askForPast = () => {
      first.range(ALL, { revision: at - 1, countOnly: true }).catch(() => {
        refused = true;
      });
      return refused;
    };
    await eventually(askForPast, () => first.revision);
    await first.close();
    expect(await compacting).toEqual(withCode('Closed'));
    const entries = async () => (await disk.db.keys({ gte: 'h', lt: 'i' }).all()).length;
    await disk.db.open();
    expect(await entries()).toBeGreaterThan(100);
    const second = await openOn(disk, ENVIRONMENT);
    expect(await second.status()).toMatchObject({ compactRevision: at });
    expect(keysOf((await second.range(ALL, { revision: at })).kvs)).toHaveLength(100);
    let left = await entries();
    const count = () => {
      entries().then((now) => {
        left = now;
      }, expect.fail);
      return left < 20;
    };
    await eventually(count, () => left);
    await second.close();
  });
});
