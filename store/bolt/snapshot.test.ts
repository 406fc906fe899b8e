/** What is written as a bbolt database is read again as it was; what is damaged is refused, wherever the damage is. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../runtime/index.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { decodeEtcdSnapshot, encodeEtcdSnapshot, type KeyValue, type Lease, type SnapshotItem, toStoreKey, toWireKey } from '../index.ts';
import { KeyValueMessage } from '../rpc/index.ts';
import { databaseFile, pairEntries } from './database.ts';
import { encodeMeta, PAGE_BYTES, PAGE_HEADER_BYTES } from './page.ts';
import { encodeRevision, encodeUint64 } from './schema.ts';

interface Content {
  readonly revision: number;
  readonly leases: readonly Lease[];
  readonly kvs: readonly KeyValue[];
}

async function* itemsOf({ revision, leases, kvs }: Content): AsyncGenerator<SnapshotItem> {
  yield { type: 'head', revision, compactRevision: 0 };
  for (const lease of leases) yield { type: 'lease', lease };
  for (const kv of kvs) yield { type: 'key', kv };
  await Promise.resolve();
  const counts = { leases: leases.length, keys: kvs.length };
  yield { type: 'summary', revision, compactRevision: 0, ...counts, sizeBytes: 0, digest: Buffer.alloc(32) };
}

async function encoded(content: Content, directory: string): Promise<Buffer> {
  await using snapshot = await encodeEtcdSnapshot({ items: itemsOf(content), keyBytes: toWireKey, directory });
  const chunks: Buffer[] = [];
  for await (const chunk of snapshot.chunks()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  expect(bytes.length).toBe(snapshot.sizeBytes);
  expect(bytes.length % 512).toBe(32);
  return bytes;
}

async function decoded(file: string): Promise<SnapshotItem[]> {
  const items: SnapshotItem[] = [];
  for await (const item of decodeEtcdSnapshot({ file, keyText: toStoreKey })) items.push(item);
  return items;
}

/** A digest stands for the values: comparing megabytes one by one takes a test's whole time. */
function printOf({ revision, leases, kvs }: Content): string {
  const hash = createHash('sha256');
  for (const { value, lease, ...rest } of kvs)
    hash.update(JSON.stringify({ ...rest, lease: String(lease ?? 0n), bytes: value.length })).update(value);
  const shown = leases.map(({ id, ttlSeconds }) => `${id}:${ttlSeconds}`).join(' ');
  return `revision ${revision}, leases ${shown}, ${kvs.length} keys ${hash.digest('hex')}`;
}

function contentOf(items: readonly SnapshotItem[]): Content {
  const head = items.find((item) => item.type === 'head');
  return {
    revision: head?.revision ?? 0,
    leases: items.flatMap((item) => (item.type === 'lease' ? [item.lease] : [])),
    kvs: items.flatMap((item) =>
      item.type === 'key'
        ? [
            {
              key: item.kv.key,
              value: item.kv.value,
              createRevision: item.kv.createRevision,
              modRevision: item.kv.modRevision,
              version: item.kv.version,
              lease: item.kv.lease,
            },
          ]
        : [],
    ),
  };
}

function randomContent(random: Random, count: number, sizeMax: number): Content {
  const below = (end: number): number => Math.floor(random.next() * end);
  const leases: Lease[] = Array.from({ length: below(40) }, (_, i) => ({
    id: BigInt(below(2 ** 50)) * 64n + BigInt(i) + 1n,
    ttlSeconds: below(1e9),
  }));
  leases.sort((a, b) => (a.id < b.id ? -1 : 1));
  const keys = new Set<string>();
  while (keys.size < count) keys.add(toStoreKey(Buffer.from(Array.from({ length: 1 + below(30) }, () => below(256)))));
  let revision = 2 ** 40;
  const kvs = [...keys].sort().map((key): KeyValue => {
    const modRevision = 2 + below(count * 2);
    if (modRevision > revision) revision = modRevision;
    const length = random.next() < 0.05 ? below(sizeMax) : below(300);
    return {
      key,
      value: Buffer.alloc(length, below(256)),
      createRevision: 1 + below(modRevision),
      modRevision,
      version: 1 + below(1000),
      lease: random.next() < 0.3 ? leases[below(leases.length)]?.id : undefined,
    };
  });
  return { revision, leases, kvs };
}

describe('what is written is read', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('random content, seed %i', async (seed) => {
    await using directory = await tempDirectory();
    const random = seededRandom(seed);
    const content = randomContent(random, [0, 1, 2, 7, 100, 1000, 5000, 300][seed - 1] ?? 0, 200_000);
    const file = join(directory.path, 'db');
    await writeFile(file, await encoded(content, directory.path));
    const items = await decoded(file);
    expect(printOf(contentOf(items))).toBe(printOf(content));
    expect(items.at(-1)).toMatchObject({ type: 'summary', keys: content.kvs.length, compactRevision: content.revision });
    // The temporary file has no name by now.
    expect(readdirSync(directory.path)).toEqual(['db']);
  });

  test('a tree of several levels: 200,000 keys', async () => {
    await using directory = await tempDirectory();
    const kvs = Array.from({ length: 200_000 }, (_, i): KeyValue => {
      const modRevision = 2 + ((i * 7919) % 200_000);
      return {
        key: `/k/${String(i).padStart(7, '0')}`,
        value: Buffer.alloc(i % 100, i),
        createRevision: 2,
        modRevision,
        version: 1,
        lease: undefined,
      };
    });
    const content = { revision: 200_001, leases: [], kvs };
    const file = join(directory.path, 'db');
    await writeFile(file, await encoded(content, directory.path));
    expect(printOf(contentOf(await decoded(file)))).toBe(printOf(content));
  });

  test('a reader that fails leaves no temporary file, and its error is told', async () => {
    await using directory = await tempDirectory();
    async function* failing(): AsyncGenerator<SnapshotItem> {
      yield { type: 'head', revision: 1, compactRevision: 0 };
      await Promise.reject(new Error('gone'));
    }
    await expect(encodeEtcdSnapshot({ items: failing(), directory: directory.path })).rejects.toThrow('gone');
    expect(readdirSync(directory.path)).toEqual([]);
    const nowhere = encodeEtcdSnapshot({ items: failing(), directory: join(directory.path, 'no') });
    await expect(nowhere).rejects.toMatchObject({ name: 'StoreError', code: 'Io' });
  });
});

test('what newer etcds write besides: a storage version, a scheduled compaction, the empty revision of a restore with --bump-revision', async () => {
  await using directory = await tempDirectory();
  const text = (value: string) => Buffer.from(value);
  const put = (key: string, revision: number, version: number, lease = 0n) =>
    KeyValueMessage.encode({ key: text(key), value: text(`${key}${revision}`), createRevision: 2, modRevision: revision, version, lease });
  const tombstone = Buffer.concat([encodeRevision(4, 0), text('t')]);
  const keys = pairEntries([
    [encodeRevision(2, 0), put('a', 2, 1)],
    [encodeRevision(2, 1), put('b', 2, 1)],
    [encodeRevision(3, 0), put('b', 3, 2, 77n)],
    [tombstone, KeyValueMessage.encode({ key: text('a') })],
    [encodeRevision(1_000_000_004, 0), Buffer.alloc(0)],
  ]);
  const meta = pairEntries([
    [text('confState'), text('{"voters":[10276657743932975437],"auto_leave":false}')],
    [text('consistent_index'), encodeUint64(9)],
    [text('finishedCompactRev'), encodeRevision(2, 0)],
    [text('scheduledCompactRev'), encodeRevision(1_000_000_004, 0)],
    [text('storageVersion'), text('3.6.0')],
    [text('term'), encodeUint64(2)],
  ]);
  const file = join(directory.path, 'db');
  const chunks: Buffer[] = [];
  for await (const chunk of databaseFile(
    new Map([
      ['key', keys],
      ['lease', pairEntries([])],
      ['meta', meta],
    ]),
  ).chunks())
    chunks.push(chunk);
  await writeFile(file, Buffer.concat(chunks));
  const items = await decoded(file);
  expect(items[0]).toEqual({ type: 'head', revision: 1_000_000_004, compactRevision: 1_000_000_004 });
  // A lease that is gone holds nothing, as in etcd.
  const b = { key: 'b', value: text('b3'), createRevision: 2, modRevision: 3, version: 2, lease: undefined };
  expect(contentOf(items).kvs).toEqual([b]);
});

const sealed = (database: Buffer): Buffer => Buffer.concat([database, createHash('sha256').update(database).digest()]);

describe('a damaged file is refused', () => {
  const small = randomContent(seededRandom(20), 2000, 20_000);

  async function refusal(bytes: Buffer): Promise<unknown> {
    await using directory = await tempDirectory();
    const file = join(directory.path, 'db');
    await writeFile(file, bytes);
    return await decoded(file).then(
      (items) => contentOf(items),
      (error: unknown) => error,
    );
  }
  const corrupt = (text: string | RegExp) => ({ name: 'StoreError', code: 'Corrupt', message: expect.stringMatching(text) });
  const good = async () => {
    await using directory = await tempDirectory();
    return await encoded(small, directory.path);
  };

  test('any bit', async () => {
    const bytes = await good();
    const random = seededRandom(3);
    for (let round = 0; round < 150; round++) {
      const spoilt = Buffer.from(bytes);
      const at = Math.floor(random.next() * bytes.length);
      spoilt[at] = (spoilt[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      expect(await refusal(spoilt)).toMatchObject(corrupt('its checksum is wrong'));
    }
  });

  test('cut off, or longer', async () => {
    const bytes = await good();
    for (const length of [0, 31, 32, 4096, 8192 + 32, bytes.length - 4096, bytes.length - 512, bytes.length - 32, bytes.length - 1]) {
      expect(await refusal(bytes.subarray(0, length))).toMatchObject(
        corrupt(/^not a whole etcd snapshot: .*(cut off|checksum|begin like one)/),
      );
    }
    expect(await refusal(Buffer.concat([bytes, Buffer.alloc(512)]))).toMatchObject(corrupt('its checksum is wrong'));
    expect(await refusal(bytes.subarray(0, -32))).toMatchObject(corrupt('it has no checksum'));
  });

  test('any bit, with a checksum that was made to fit: refused, or it does no harm, but never an endless loop or another error', async () => {
    const database = (await good()).subarray(0, -32);
    const random = seededRandom(4);
    let refused = 0;
    const pages = database.length / PAGE_BYTES;
    for (let round = 0; round < 150; round++) {
      const spoilt = Buffer.from(database);
      // In the headers and the elements, where the structure is.
      const at = Math.floor(random.next() * pages) * PAGE_BYTES + Math.floor(random.next() * 48);
      spoilt[at] = (spoilt[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      const result = await refusal(sealed(spoilt));
      if (!(result instanceof Error)) continue;
      expect(result).toMatchObject(corrupt(/^not a whole etcd snapshot: /));
      refused++;
    }
    expect(refused).toBeGreaterThan(40);
  });

  /** A database of our choice. */
  async function database(change: (bytes: Buffer) => void): Promise<Buffer> {
    const bytes = (await good()).subarray(0, -32);
    change(bytes);
    return sealed(bytes);
  }
  const rootOf = (bytes: Buffer): number => Number(bytes.readBigUInt64LE(PAGE_BYTES + PAGE_HEADER_BYTES + 16));
  /** The root of the bucket of keys, which is a branch: its elements begin behind the header. */
  const keyRootOf = (bytes: Buffer): number => {
    const root = rootOf(bytes) * PAGE_BYTES;
    const element = root + PAGE_HEADER_BYTES + 5 * 16;
    const keyAt = element + bytes.readUInt32LE(element + 4);
    expect(bytes.toString('utf8', keyAt, keyAt + 3)).toBe('key');
    return Number(bytes.readBigUInt64LE(keyAt + 3));
  };
  const childAt = (page: number, index: number) => page * PAGE_BYTES + PAGE_HEADER_BYTES + index * 16 + 8;

  test('a page beyond the end', async () => {
    const bytes = await database((all) => all.writeBigUInt64LE(1_000_000n, childAt(keyRootOf(all), 0)));
    expect(await refusal(bytes)).toMatchObject(corrupt('it refers to page 1000000'));
    const huge = await database((all) => all.writeBigUInt64LE(2n ** 64n - 1n, childAt(keyRootOf(all), 0)));
    expect(await refusal(huge)).toMatchObject(corrupt('it refers to page 18446744073709552000'));
  });

  test('a loop, and a page that is in two places', async () => {
    const loop = await database((all) => all.writeBigUInt64LE(BigInt(keyRootOf(all)), childAt(keyRootOf(all), 0)));
    expect(await refusal(loop)).toMatchObject(corrupt(/page \d+ is in two places/));
    const twice = await database((all) =>
      all.copy(all, childAt(keyRootOf(all), 1), childAt(keyRootOf(all), 0), childAt(keyRootOf(all), 0) + 8),
    );
    expect(await refusal(twice)).toMatchObject(corrupt(/page \d+ is in two places/));
  });

  test('leaves that changed places', async () => {
    const bytes = await database((all) => {
      const [first, second] = [childAt(keyRootOf(all), 0), childAt(keyRootOf(all), 1)];
      const kept = all.readBigUInt64LE(first);
      all.writeBigUInt64LE(all.readBigUInt64LE(second), first);
      all.writeBigUInt64LE(kept, second);
    });
    expect(await refusal(bytes)).toMatchObject(corrupt(/the entries of page \d+ are not in order/));
  });

  test('an entry that is longer than its page, overflow beyond the end', async () => {
    const long = await database((all) => all.writeUInt32LE(2 ** 31, 3 * PAGE_BYTES + PAGE_HEADER_BYTES + 12));
    expect(await refusal(long)).toMatchObject(corrupt('an entry of page 3 is longer than it'));
    const overflow = await database((all) => all.writeUInt32LE(2 ** 30, 3 * PAGE_BYTES + 12));
    expect(await refusal(overflow)).toMatchObject(corrupt('page 3 goes on beyond the end'));
  });

  test('pages that are not as large as they may be, or more than there are', async () => {
    const metas = (change: { pageBytes?: number; end?: number }) =>
      database((all) => {
        for (const at of [0, PAGE_BYTES]) {
          const meta = { pageBytes: PAGE_BYTES, root: rootOf(all), freeList: 2, end: all.length / PAGE_BYTES, transaction: at, ...change };
          encodeMeta(meta).copy(all, at + PAGE_HEADER_BYTES);
        }
      });
    expect(await refusal(await metas({ pageBytes: 1000 }))).toMatchObject(corrupt('it has pages of 1000 bytes'));
    expect(await refusal(await metas({ end: 1e9 }))).toMatchObject(corrupt('it is to have 1000000000 pages'));
    expect(await refusal(await metas({}))).toMatchObject({ revision: small.revision });
  });

  test('one of the two metas is enough, as for bbolt', async () => {
    for (const at of [0, PAGE_BYTES]) {
      const bytes = await database((all) => all.fill(0, at + PAGE_HEADER_BYTES, at + PAGE_HEADER_BYTES + 64));
      expect(await refusal(bytes)).toMatchObject({ revision: small.revision });
    }
    const both = await database((all) => all.fill(0, 0, 2 * PAGE_BYTES));
    expect(await refusal(both)).toMatchObject(corrupt('it does not begin like one'));
  });

  test('a database of something else', async () => {
    const chunks: Buffer[] = [];
    const file = databaseFile(new Map([['widgets', pairEntries([[Buffer.from('a'), Buffer.from('b')]])]]));
    for await (const chunk of file.chunks()) chunks.push(chunk);
    expect(await refusal(Buffer.concat(chunks))).toMatchObject(corrupt('it is a database of something else'));
  });
});
