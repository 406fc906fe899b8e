/** A bbolt database in a file, read page by page. Nothing in the file is believed: what does not fit is damage. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { DIGEST_BYTES } from './database.ts';
import {
  damaged,
  decodeMeta,
  ELEMENT_BYTES,
  KIND_BRANCH,
  KIND_LEAF,
  META_BYTES,
  type Meta,
  PAGE_HEADER_BYTES,
  readId,
  readPageHeader,
} from './page.ts';

/** Bytes that are read from the file at once: pages that belong together mostly lie together. */
const BLOCK_BYTES = 256 * 1024;
/** A page is as large as those of the machine that made the database. */
const PAGE_BYTES_MIN = 1024;
const PAGE_BYTES_MAX = 65_536;
/** The size of a sector, which a database is a multiple of: etcd tells by that whether there is a checksum behind it. */
const SECTOR_BYTES = 512;

/** A page with its overflow, without its header. */
export interface Page {
  readonly id: number;
  readonly kind: typeof KIND_BRANCH | typeof KIND_LEAF;
  readonly count: number;
  readonly bytes: Buffer;
  /** Where the bytes are in the file. */
  readonly at: number;
}

export interface LeafEntry {
  readonly flags: number;
  readonly key: Buffer;
  readonly value: Buffer;
  /** Where the value is in the file. */
  readonly valueAt: number;
}

export class PageFile {
  readonly #handle: FileHandle;
  readonly #bytes: number;
  #block: Buffer = Buffer.alloc(0);
  #blockAt = 0;
  #meta: Meta = { pageBytes: 0, root: 0, freeList: 0, end: 0, transaction: 0 };
  /** The pages that were read: each belongs to one place only. */
  #seen = new Uint8Array(0);
  readonly digest: Buffer;

  private constructor(handle: FileHandle, bytes: number, digest: Buffer) {
    this.#handle = handle;
    this.#bytes = bytes;
    this.digest = digest;
  }

  /**
   * Checks the whole file's checksum, and reads the metas. The handle stays the caller's.
   *
   * @throws StoreError `Corrupt`
   */
  static async open(handle: FileHandle): Promise<PageFile> {
    const { size } = await handle.stat();
    if (size % SECTOR_BYTES !== DIGEST_BYTES) {
      throw damaged(size % SECTOR_BYTES === 0 ? 'it has no checksum, as a database that was copied has none' : 'it is cut off');
    }
    const bytes = size - DIGEST_BYTES;
    const file = new PageFile(handle, bytes, await checkedDigest(handle, bytes));
    file.#meta = await file.#readMeta();
    file.#seen = new Uint8Array(file.#meta.end);
    return file;
  }

  get root(): number {
    return this.#meta.root;
  }

  /** Of the two metas, the whole one with the greater transaction holds. */
  async #readMeta(): Promise<Meta> {
    let found: Meta | undefined;
    // Where the second one is, the first says; when it is damaged, that is tried out.
    for (let at = 0; at <= PAGE_BYTES_MAX && at + PAGE_BYTES_MIN <= this.#bytes; at = at === 0 ? PAGE_BYTES_MIN : 2 * at) {
      const meta = decodeMeta(await this.read(at + PAGE_HEADER_BYTES, META_BYTES));
      if (!meta || (at > 0 && meta.pageBytes !== at)) continue;
      if (!found || meta.transaction > found.transaction) found = meta;
    }
    if (!found) throw damaged('it does not begin like one');
    const { pageBytes, end } = found;
    const isPageSize = pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX && (pageBytes & (pageBytes - 1)) === 0;
    if (!isPageSize) throw damaged(`it has pages of ${pageBytes} bytes`);
    if (end * pageBytes > this.#bytes) throw damaged(`it is to have ${end} pages, and has ${Math.floor(this.#bytes / pageBytes)}`);
    return found;
  }

  /** A page of a bucket. */
  async page(id: number): Promise<Page> {
    const { pageBytes, end } = this.#meta;
    if (id < 2 || id >= end) throw damaged(`it refers to page ${id}, and has ${end}`);
    const at = id * pageBytes;
    const header = readPageHeader(await this.read(at, PAGE_HEADER_BYTES));
    if (header.id !== id) throw damaged(`page ${id} says that it is page ${header.id}`);
    if (id + header.overflow >= end) throw damaged(`page ${id} goes on beyond the end`);
    for (let block = id; block <= id + header.overflow; block++) {
      if (this.#seen[block] === 1) throw damaged(`page ${block} is in two places`);
      this.#seen[block] = 1;
    }
    const bytes = await this.read(at, (1 + header.overflow) * pageBytes);
    return pageOf(bytes, { id, at });
  }

  async read(at: number, length: number): Promise<Buffer> {
    if (at < 0 || at + length > this.#bytes) throw damaged(`it refers to bytes ${at} to ${at + length}, and has ${this.#bytes}`);
    if (at < this.#blockAt || at + length > this.#blockAt + this.#block.length) {
      this.#block = await readFully(this.#handle, at, Math.min(Math.max(length, BLOCK_BYTES), this.#bytes - at));
      this.#blockAt = at;
    }
    return this.#block.subarray(at - this.#blockAt, at - this.#blockAt + length);
  }

  /** Without reading ahead: for what lies anywhere. */
  readAlone(at: number, length: number): Promise<Buffer> {
    return readFully(this.#handle, at, length);
  }
}

async function checkedDigest(handle: FileHandle, bytes: number): Promise<Buffer> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += BLOCK_BYTES) hash.update(await readFully(handle, at, Math.min(BLOCK_BYTES, bytes - at)));
  const digest = await readFully(handle, bytes, DIGEST_BYTES);
  if (!hash.digest().equals(digest)) throw damaged('its checksum is wrong');
  return digest;
}

async function readFully(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw damaged('it is cut off');
    done += bytesRead;
  }
  return bytes;
}

/** The bytes of a page with its header: from a place of its own, or from within a bucket's entry. */
export function pageOf(bytes: Buffer, { id, at }: Pick<Page, 'id' | 'at'>): Page {
  if (bytes.length < PAGE_HEADER_BYTES) throw damaged(`page ${id} is too short`);
  const { kind, count } = readPageHeader(bytes);
  if (kind !== KIND_BRANCH && kind !== KIND_LEAF) throw damaged(`page ${id} is of kind ${kind}, and should be of a bucket`);
  const page = { id, kind, count, bytes: bytes.subarray(PAGE_HEADER_BYTES), at: at + PAGE_HEADER_BYTES } as const;
  if (count * ELEMENT_BYTES > page.bytes.length) throw damaged(`page ${id} is to have ${count} entries`);
  return page;
}

export function leafEntry(page: Page, index: number): LeafEntry {
  const at = index * ELEMENT_BYTES;
  const keyAt = at + page.bytes.readUInt32LE(at + 4);
  const valueAt = keyAt + page.bytes.readUInt32LE(at + 8);
  const end = valueAt + page.bytes.readUInt32LE(at + 12);
  if (end > page.bytes.length) throw damaged(`an entry of page ${page.id} is longer than it`);
  return {
    flags: page.bytes.readUInt32LE(at),
    key: page.bytes.subarray(keyAt, valueAt),
    value: page.bytes.subarray(valueAt, end),
    valueAt: page.at + valueAt,
  };
}

/** The page that an entry of a branch refers to. */
export const childOf = (page: Page, index: number): number => readId(page.bytes, index * ELEMENT_BYTES + 8);
