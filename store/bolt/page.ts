/**
 * The pages of a bbolt database, little-endian throughout. A page is one or more blocks of the page size; the blocks behind its first are its
 * overflow.
 *
 * ```
 *   page     u64 id, u16 kind, u16 count, u32 overflow, then by kind:
 *     meta      u32 magic, u32 version, u32 page size, u32 flags, u64 root, u64 sequence, u64 free list, u64 end, u64 transaction,
 *               u64 FNV-1a of the 56 bytes before
 *     free list u64 ids of pages that are not in use
 *     branch    per child: u32 where its first key is (from here), u32 length of it, u64 page;        then the keys
 *     leaf      per entry: u32 flags, u32 where its key is (from here), u32 length, u32 of the value; then the keys and values
 *
 *   bucket   an entry of flag 1, whose value is: u64 root, u64 sequence; with a root of 0 the leaf page itself follows ("inline")
 *
 *   file     | 0 meta | 1 meta | … |      the meta with the greater transaction holds; a root's page is what its bucket begins at
 * ```
 *
 * As bbolt's db.go, page.go and bucket.go have them.
 */
import { StoreError } from '../store.ts';

export const PAGE_BYTES = 4096;
export const PAGE_HEADER_BYTES = 16;
export const ELEMENT_BYTES = 16;
export const BUCKET_HEADER_BYTES = 16;
export const META_BYTES = 64;

export const KIND_BRANCH = 1;
export const KIND_LEAF = 2;
export const KIND_META = 4;
export const KIND_FREE_LIST = 16;

/** The flag of a leaf's entry that is a bucket. */
export const ENTRY_BUCKET = 1;

const MAGIC = 0xed0cdaed;
/** How a file begins, behind the header of its first page. */
export const BBOLT_MAGIC = Buffer.from('edda0ced', 'hex');
export const BBOLT_MAGIC_AT = PAGE_HEADER_BYTES;
const VERSION = 2;
const CHECKSUM_AT = 56;

export interface Meta {
  readonly pageBytes: number;
  /** The page that the bucket of all buckets begins at. */
  readonly root: number;
  readonly freeList: number;
  /** All pages are below. */
  readonly end: number;
  readonly transaction: number;
}

export interface PageHeader {
  readonly id: number;
  readonly kind: number;
  readonly count: number;
  /** Blocks behind the first. */
  readonly overflow: number;
}

export function writePageHeader(bytes: Buffer, { id, kind, count, overflow }: PageHeader): void {
  writeId(bytes, id, 0);
  bytes.writeUInt16LE(kind, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(overflow, 12);
}

export function readPageHeader(bytes: Buffer): PageHeader {
  return { id: readId(bytes, 0), kind: bytes.readUInt16LE(8), count: bytes.readUInt16LE(10), overflow: bytes.readUInt32LE(12) };
}

export function encodeMeta(meta: Meta): Buffer {
  const bytes = Buffer.alloc(META_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(VERSION, 4);
  bytes.writeUInt32LE(meta.pageBytes, 8);
  writeId(bytes, meta.root, 16);
  writeId(bytes, meta.freeList, 32);
  writeId(bytes, meta.end, 40);
  writeId(bytes, meta.transaction, 48);
  bytes.writeBigUInt64LE(fnv1a(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return bytes;
}

/** @returns undefined when the bytes are no meta, or not a whole one. */
export function decodeMeta(bytes: Buffer): Meta | undefined {
  if (bytes.length < META_BYTES || bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== VERSION) return undefined;
  if (bytes.readBigUInt64LE(CHECKSUM_AT) !== fnv1a(bytes.subarray(0, CHECKSUM_AT))) return undefined;
  return {
    pageBytes: bytes.readUInt32LE(8),
    root: readId(bytes, 16),
    freeList: readId(bytes, 32),
    end: readId(bytes, 40),
    transaction: readId(bytes, 48),
  };
}

/** Ids and counts of pages are below 2^53: a greater one is of no page there could be, and stays so when it is rounded. */
export const readId = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

export function writeId(bytes: Buffer, id: number, at: number): void {
  bytes.writeBigUInt64LE(BigInt(id), at);
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

function fnv1a(bytes: Buffer): bigint {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}

export const damaged = (why: string): StoreError => new StoreError('Corrupt', `not a whole etcd snapshot: ${why}`);
