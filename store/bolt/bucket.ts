/** Buckets of a bbolt database: their entries in order. */
import { BUCKET_HEADER_BYTES, damaged, ENTRY_BUCKET, KIND_BRANCH, readId } from './page.ts';
import { childOf, type LeafEntry, leafEntry, type Page, type PageFile, pageOf } from './page-file.ts';

/** Where a bucket begins: at a page of its own, or within its entry. */
export type BucketRoot = number | Page;

/** The buckets that there are, by name. */
export async function bucketsOf(file: PageFile): Promise<Map<string, BucketRoot>> {
  const buckets = new Map<string, BucketRoot>();
  for await (const entry of entriesOf(file, file.root)) {
    const name = entry.key.toString();
    if ((entry.flags & ENTRY_BUCKET) === 0 || entry.value.length < BUCKET_HEADER_BYTES) throw damaged(`its entry "${name}" is no bucket`);
    const root = readId(entry.value, 0);
    const inline = { id: 0, at: entry.valueAt + BUCKET_HEADER_BYTES };
    buckets.set(name, root === 0 ? pageOf(Buffer.from(entry.value.subarray(BUCKET_HEADER_BYTES)), inline) : root);
  }
  return buckets;
}

/** The entries of a bucket. @throws StoreError `Corrupt` also when they are not in order. */
export async function* entriesOf(file: PageFile, root: BucketRoot | undefined): AsyncGenerator<LeafEntry> {
  if (root === undefined) return;
  let last: Buffer | undefined;
  for await (const page of leavesOf(file, root)) {
    for (let index = 0; index < page.count; index++) {
      const entry = leafEntry(page, index);
      if (last && Buffer.compare(last, entry.key) >= 0) throw damaged(`the entries of page ${page.id} are not in order`);
      last = entry.key;
      yield entry;
    }
  }
}

/** Depth first. No page is read twice: so this ends, whatever the pages say. */
async function* leavesOf(file: PageFile, root: BucketRoot): AsyncGenerator<Page> {
  const waiting: BucketRoot[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const page = typeof next === 'number' ? await file.page(next) : next;
    if (page.kind !== KIND_BRANCH) {
      yield page;
      continue;
    }
    if (typeof next !== 'number') throw damaged('a bucket within its entry has a branch');
    for (let index = page.count - 1; index >= 0; index--) waiting.push(childOf(page, index));
  }
}
