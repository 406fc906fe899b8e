/** A bbolt database whose buckets are known: the pages of its buckets one after the other, and last those of the bucket of them all. */
import { createHash } from 'node:crypto';
import { type Entries, inlineLeaf, type Layout, layOut, pagesIn } from './layout.ts';
import {
  BUCKET_HEADER_BYTES,
  ELEMENT_BYTES,
  ENTRY_BUCKET,
  encodeMeta,
  KIND_FREE_LIST,
  KIND_META,
  PAGE_BYTES,
  PAGE_HEADER_BYTES,
  writeId,
  writePageHeader,
} from './page.ts';

export const DIGEST_BYTES = 32;
/** Two metas and the free list, which is empty, are before the first bucket. */
const FIRST_PAGE = 3;
const FREE_LIST_PAGE = 2;
/** A bucket that is larger has pages of its own. As bbolt's. */
const INLINE_BYTES_MAX = PAGE_BYTES / 4;
/** Bytes that are handed over at once, more or less. */
const CHUNK_BYTES = 256 * 1024;

export interface DatabaseFile {
  /** Of all chunks together. */
  readonly sizeBytes: number;
  chunks(): AsyncGenerator<Buffer>;
}

/** The database, and behind it its SHA-256. @param buckets by name, in their order. */
export const databaseFile = (buckets: ReadonlyMap<string, Entries>): DatabaseFile => new Database(buckets);

/** Entries that are there already, in their order. */
export function pairEntries(pairs: readonly (readonly [key: Buffer, value: Buffer])[], flags = 0): Entries {
  return {
    count: pairs.length,
    flags,
    key: (index) => pairs[index]?.[0] ?? Buffer.alloc(0),
    keyBytes: (index) => pairs[index]?.[0].length ?? 0,
    valueBytes: (index) => pairs[index]?.[1].length ?? 0,
    values: (from, to) => pairs.slice(from, to).map(([, value]) => value),
  };
}

class Database implements DatabaseFile {
  readonly #buckets: { readonly entries: Entries; readonly layout: Layout | undefined; readonly name: string }[] = [];
  readonly #root: Layout;
  readonly #rootEntries: (values: readonly Buffer[]) => Entries;
  readonly sizeBytes: number;

  constructor(buckets: ReadonlyMap<string, Entries>) {
    let next = FIRST_PAGE;
    for (const [name, entries] of buckets) {
      const layout = entriesBytes(entries) > INLINE_BYTES_MAX ? layOut(entries, next) : undefined;
      next = layout?.end ?? next;
      this.#buckets.push({ name, entries, layout });
    }
    this.#rootEntries = (values) =>
      pairEntries(
        this.#buckets.map(({ name }, index) => [Buffer.from(name), values[index] ?? Buffer.alloc(0)]),
        ENTRY_BUCKET,
      );
    const sizes = this.#buckets.map(({ entries, layout }) => Buffer.alloc(BUCKET_HEADER_BYTES + (layout ? 0 : entriesBytes(entries))));
    this.#root = layOut(this.#rootEntries(sizes), next);
    this.sizeBytes = this.#root.end * PAGE_BYTES + DIGEST_BYTES;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    let waiting: Buffer[] = [];
    let waitingBytes = 0;
    for await (const page of this.#pages()) {
      waiting.push(page);
      waitingBytes += page.length;
      if (waitingBytes < CHUNK_BYTES) continue;
      const chunk = Buffer.concat(waiting);
      hash.update(chunk);
      waiting = [];
      waitingBytes = 0;
      yield chunk;
    }
    const rest = Buffer.concat(waiting);
    yield Buffer.concat([rest, hash.update(rest).digest()]);
  }

  async *#pages(): AsyncGenerator<Buffer> {
    yield this.#metaPage(0);
    yield this.#metaPage(1);
    const freeList = Buffer.alloc(PAGE_BYTES);
    writePageHeader(freeList, { id: FREE_LIST_PAGE, kind: KIND_FREE_LIST, count: 0, overflow: 0 });
    yield freeList;
    for (const { entries, layout } of this.#buckets) if (layout) yield* pagesIn(entries, layout);
    const values = await Promise.all(this.#buckets.map(({ entries, layout }) => bucketValue(entries, layout)));
    yield* pagesIn(this.#rootEntries(values), this.#root);
  }

  #metaPage(id: number): Buffer {
    const page = Buffer.alloc(PAGE_BYTES);
    writePageHeader(page, { id, kind: KIND_META, count: 0, overflow: 0 });
    const meta = { pageBytes: PAGE_BYTES, root: this.#root.root, freeList: FREE_LIST_PAGE, end: this.#root.end, transaction: id };
    encodeMeta(meta).copy(page, PAGE_HEADER_BYTES);
    return page;
  }
}

/** As a leaf on its own; above {@link INLINE_BYTES_MAX} it does not matter by how much. */
function entriesBytes(entries: Entries): number {
  let bytes = PAGE_HEADER_BYTES;
  for (let i = 0; i < entries.count && bytes <= INLINE_BYTES_MAX; i++) bytes += ELEMENT_BYTES + entries.keyBytes(i) + entries.valueBytes(i);
  return bytes;
}

async function bucketValue(entries: Entries, layout: Layout | undefined): Promise<Buffer> {
  const header = Buffer.alloc(BUCKET_HEADER_BYTES);
  if (layout) {
    writeId(header, layout.root, 0);
    return header;
  }
  return Buffer.concat([header, inlineLeaf(entries, await entries.values(0, entries.count))]);
}
