/**
 * Where the entries of a bucket go: decided from their sizes alone, so that a file's size is known before its first byte is, and its pages can be
 * written one after the other, leaves first.
 *
 * ```
 *   level 0   | leaf 3 | leaf 4 | leaf 5, 6 (overflow) | leaf 7 |      pages in the order of the entries
 *   level 1   | branch 8 -> 3, 4, 5 | branch 9 -> 7 |
 *   level 2   | branch 10 -> 8, 9 |                                     the root
 * ```
 */
import { strict as assert } from 'node:assert';
import { ELEMENT_BYTES, KIND_BRANCH, KIND_LEAF, PAGE_BYTES, PAGE_HEADER_BYTES, writeId, writePageHeader } from './page.ts';

/** The entries of a bucket in the order of their keys. */
export interface Entries {
  readonly count: number;
  /** Of an entry of its leaf. */
  readonly flags: number;
  key(index: number): Buffer;
  keyBytes(index: number): number;
  valueBytes(index: number): number;
  /** The values of some entries in a row. */
  values(from: number, to: number): Promise<readonly Buffer[]> | readonly Buffer[];
}

/** The pages of one level, from left to right. */
interface Level {
  /** Per page: the first item of the level below (for a leaf: the first entry) that it has; and behind the last page, how many there are. */
  readonly starts: readonly number[];
  /** Per page its id, and behind the last page the next id that is free. */
  readonly pages: readonly number[];
}

export interface Layout {
  readonly root: number;
  /** The next page that is free. */
  readonly end: number;
  /** Leaves first, the root last. */
  readonly levels: readonly Level[];
}

/** Lays out a bucket from page `first` on. */
export function layOut(entries: Entries, first: number): Layout {
  let level = layOutLevel(entries.count, first, (index) => entries.keyBytes(index) + entries.valueBytes(index));
  const levels = [level];
  while (pagesOf(level) > 1) {
    const below = level;
    const next = layOutLevel(pagesOf(below), endOf(below), (page) => entries.keyBytes(firstEntry(levels, page)));
    assert(pagesOf(next) < pagesOf(below), 'a branch has room for two keys');
    levels.push(next);
    level = next;
  }
  return { root: level.pages[0] ?? first, end: endOf(level), levels };
}

const pagesOf = (level: Level): number => level.starts.length - 1;
const endOf = (level: Level): number => level.pages.at(-1) ?? 0;
const at = (numbers: readonly number[], index: number): number => numbers[index] ?? 0;

/** The first entry under a page of the topmost level there is. */
function firstEntry(levels: readonly Level[], page: number, top = levels.length - 1): number {
  let index = page;
  for (let level = top; level >= 0; level--) index = at(levels[level]?.starts ?? [], index);
  return index;
}

/** Fills pages with items one after the other; one that is larger than a page has its own, with overflow. An empty level is one empty page. */
function layOutLevel(count: number, first: number, bytesOf: (item: number) => number): Level {
  const starts = [0];
  const pages = [first];
  let used = PAGE_HEADER_BYTES;
  const close = (): void => void pages.push(at(pages, pages.length - 1) + Math.ceil(used / PAGE_BYTES));
  for (let item = 0; item < count; item++) {
    const bytes = ELEMENT_BYTES + bytesOf(item);
    if (used + bytes > PAGE_BYTES && used > PAGE_HEADER_BYTES) {
      close();
      starts.push(item);
      used = PAGE_HEADER_BYTES;
    }
    used += bytes;
  }
  close();
  starts.push(count);
  return { starts, pages };
}

/** The pages of a bucket, in the order of their ids. */
export async function* pagesIn(entries: Entries, layout: Layout): AsyncGenerator<Buffer> {
  const [leaves, ...branches] = layout.levels;
  if (leaves) yield* leafPages(entries, leaves);
  for (const [below, level] of branches.entries()) {
    for (let page = 0; page < pagesOf(level); page++) yield branchPage(entries, layout, below + 1, page);
  }
}

/** Leaves whose values are asked for at once. */
const LEAVES_AT_ONCE = 32;

async function* leafPages(entries: Entries, { starts, pages }: Level): AsyncGenerator<Buffer> {
  const count = starts.length - 1;
  for (let first = 0; first < count; first += LEAVES_AT_ONCE) {
    const last = Math.min(count, first + LEAVES_AT_ONCE);
    const base = at(starts, first);
    const values = await entries.values(base, at(starts, last));
    for (let page = first; page < last; page++) {
      const from = at(starts, page);
      const to = at(starts, page + 1);
      yield leafPage(entries, {
        id: at(pages, page),
        blocks: at(pages, page + 1) - at(pages, page),
        from,
        values: values.slice(from - base, to - base),
      });
    }
  }
}

interface Leaf {
  readonly id: number;
  readonly blocks: number;
  /** The first of its entries. */
  readonly from: number;
  readonly values: readonly Buffer[];
}

function leafPage(entries: Entries, { id, blocks, from, values }: Leaf): Buffer {
  const bytes = Buffer.alloc(blocks * PAGE_BYTES);
  writePageHeader(bytes, { id, kind: KIND_LEAF, count: values.length, overflow: blocks - 1 });
  fillLeaf(bytes, entries, from, values);
  return bytes;
}

function fillLeaf(bytes: Buffer, entries: Entries, from: number, values: readonly Buffer[]): void {
  let dataAt = PAGE_HEADER_BYTES + values.length * ELEMENT_BYTES;
  for (const [i, value] of values.entries()) {
    const key = entries.key(from + i);
    assert.equal(value.length, entries.valueBytes(from + i), 'a value is as long as it was laid out for');
    const elementAt = PAGE_HEADER_BYTES + i * ELEMENT_BYTES;
    bytes.writeUInt32LE(entries.flags, elementAt);
    bytes.writeUInt32LE(dataAt - elementAt, elementAt + 4);
    bytes.writeUInt32LE(key.length, elementAt + 8);
    bytes.writeUInt32LE(value.length, elementAt + 12);
    dataAt += key.copy(bytes, dataAt);
    dataAt += value.copy(bytes, dataAt);
  }
}

function branchPage(entries: Entries, { levels }: Layout, level: number, page: number): Buffer {
  const { starts, pages } = levels[level] ?? { starts: [], pages: [] };
  const children = levels[level - 1]?.pages ?? [];
  const from = at(starts, page);
  const count = at(starts, page + 1) - from;
  const bytes = Buffer.alloc(PAGE_BYTES);
  writePageHeader(bytes, { id: at(pages, page), kind: KIND_BRANCH, count, overflow: 0 });
  let keyAt = PAGE_HEADER_BYTES + count * ELEMENT_BYTES;
  for (let i = 0; i < count; i++) {
    const key = entries.key(firstEntry(levels, from + i, level - 1));
    const elementAt = PAGE_HEADER_BYTES + i * ELEMENT_BYTES;
    bytes.writeUInt32LE(keyAt - elementAt, elementAt);
    bytes.writeUInt32LE(key.length, elementAt + 4);
    writeId(bytes, at(children, from + i), elementAt + 8);
    keyAt += key.copy(bytes, keyAt);
  }
  return bytes;
}

/** A bucket that lies in its own entry: its leaf page, without an id. */
export function inlineLeaf(entries: Entries, values: readonly Buffer[]): Buffer {
  let length = PAGE_HEADER_BYTES;
  for (let i = 0; i < entries.count; i++) length += ELEMENT_BYTES + entries.keyBytes(i) + entries.valueBytes(i);
  const bytes = Buffer.alloc(length);
  writePageHeader(bytes, { id: 0, kind: KIND_LEAF, count: values.length, overflow: 0 });
  fillLeaf(bytes, entries, 0, values);
  return bytes;
}
