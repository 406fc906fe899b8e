/** LevelDB's files, read as LevelDB writes them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, test } from 'vitest';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { checkFiles } from './check-files.ts';
import { crc32c, maskedCrc32c } from './crc32c.ts';
import { DamagedFile, readLogFile } from './log-file.ts';
import { readManifest } from './manifest.ts';
import { unpackSnappy } from './snappy.ts';

test('CRC-32C, by its known values', () => {
  const of = (bytes: Buffer) => crc32c(bytes, 0, bytes.length).toString(16);
  expect(of(Buffer.from('123456789'))).toBe('e3069283');
  // RFC 3720, B.4.
  expect(of(Buffer.alloc(32))).toBe('8a9136aa');
  expect(of(Buffer.alloc(32, 0xff))).toBe('62a8ab43');
  expect(crc32c(Buffer.from('__123456789__'), 2, 11).toString(16)).toBe('e3069283');
});

describe('snappy', () => {
  test('literals, and copies that overlap themselves', () => {
    // 'abc', then 9 bytes from 3 back (one-byte offset), then a copy with a two-byte offset.
    const packed = Buffer.from([16, 2 << 2, 0x61, 0x62, 0x63, ((9 - 4) << 2) | 1, 3, (3 << 2) | 2, 12, 0]);
    expect(unpackSnappy(packed).toString()).toBe('abcabcabcabcabca');
  });

  test.each([
    ['cut off', [5, 4 << 2, 0x61]],
    ['a copy from before the beginning', [8, 0, 0x61, 1, 9]],
    ['less than it says', [9, 0, 0x61]],
    ['more than it says', [1, 1 << 2, 0x61, 0x62]],
  ])('%s', (_, bytes) => {
    expect(() => unpackSnappy(Buffer.from(bytes))).toThrow(RangeError);
  });
});

describe('logs', () => {
  const record = (type: number, text: string): Buffer => {
    const bytes = Buffer.concat([Buffer.alloc(7), Buffer.from(text)]);
    bytes.writeUInt16LE(text.length, 4);
    bytes[6] = type;
    bytes.writeUInt32LE(maskedCrc32c(bytes, 6, bytes.length), 0);
    return bytes;
  };
  const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const;
  const texts = (...pieces: Buffer[]) => [...readLogFile(Buffer.concat(pieces))].map(String);

  test('records, whole and in pieces', () => {
    expect(texts(record(FULL, 'one'), record(FIRST, 'tw'), record(MIDDLE, 'o'), record(LAST, '!'))).toEqual(['one', 'two!']);
  });

  test('the end of a block that is too short for a header', () => {
    const first = record(FULL, 'x'.repeat(32_768 - 7 - 5));
    expect(texts(first, Buffer.alloc(5), record(FULL, 'next block'))).toHaveLength(2);
  });

  test('a torn end is an end, wherever it is', () => {
    const whole = Buffer.concat([record(FULL, 'one'), record(FIRST, 'two'), record(LAST, 'three')]);
    for (let length = 10; length < whole.length; length++) expect(texts(whole.subarray(0, length))).toEqual(['one']);
  });

  test('zeros from a sector on are an end, zeros between are not', () => {
    const one = record(FULL, 'one');
    expect(texts(one, Buffer.alloc(2000))).toEqual(['one']);
    expect(() => texts(one, Buffer.alloc(502), one)).toThrow(DamagedFile);
    expect(() => texts(one, Buffer.alloc(100))).toThrow(DamagedFile);
  });

  test.each([
    ['a middle without a first', [record(MIDDLE, 'x')]],
    ['a full one behind a first', [record(FIRST, 'x'), record(FULL, 'y')]],
    ['one longer than a block', [record(FULL, 'x'.repeat(40_000)), Buffer.alloc(100_000, 1)]],
    ['one of no type there is', [record(5, 'x')]],
  ])('%s is damage', (_, pieces) => {
    expect(() => texts(...pieces)).toThrow(DamagedFile);
  });
});

test('a manifest of an unknown field is refused', () => {
  const bytes = Buffer.from([0, 0, 0, 0, 2, 0, 1, 99, 1]);
  bytes.writeUInt32LE(maskedCrc32c(bytes, 6, bytes.length), 0);
  expect(() => readManifest(bytes)).toThrow('there is no field 99');
});

test('what LevelDB writes is whole, at any moment, and every table is looked at', async () => {
  await using directory = await tempDirectory();
  const db = new ClassicLevel<string, Buffer>(directory.path, {
    valueEncoding: 'buffer',
    writeBufferSize: 64 * 1024,
    maxFileSize: 1 << 20,
  });
  await db.open();
  for (let round = 0; round < 20; round++) {
    const batch = db.batch();
    for (let i = 0; i < 200; i++) batch.put(`key ${(i * 7919 + round) % 3000}`, Buffer.alloc(50 + ((i * 31) % 900), `${round} ${i}`));
    for (let i = 0; i < 50; i++) batch.del(`key ${i * 60}`);
    await batch.write();
  }
  await db.compactRange('a', 'z');
  await db.close();
  await checkFiles(directory.path);
  const names = await readdir(directory.path);
  const manifest = readManifest(await readFile(join(directory.path, names.find((name) => name.startsWith('MANIFEST')) ?? '')));
  expect(manifest.tables.size).toBeGreaterThan(0);
  expect(names).toEqual(expect.arrayContaining([...manifest.tables.keys()].map((number) => `${String(number).padStart(6, '0')}.ldb`)));
});
