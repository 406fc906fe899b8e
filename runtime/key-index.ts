/**
 * Entries in the order of their keys, in memory: a list of blocks of at most {@link BLOCK_SIZE_MAX} entries, found by two binary searches.
 *
 * ```
 *   blocks  [ /a /b /c ]  [ /d /f ]  [ /h /k /m /z ]
 *   get /f: the last block whose first key is <= /f, then inside it
 * ```
 *
 * Invariants: 1. keys ascend within and across blocks; 2. no block is empty; 3. `size` is the sum of the blocks' lengths.
 */
const BLOCK_SIZE_MAX = 512;
/** A block that shrinks below this is joined to its neighbour when both fit in half a block. */
const BLOCK_SIZE_MIN = 64;

/** One key, or the keys from `key` on that are below `end`. */
export interface IndexRange {
  readonly key: string;
  readonly end?: string | undefined;
}

/** What of a range is collected: all of it, unless told otherwise. */
export interface Collection<T> {
  /** At most so many. */
  readonly limit?: number | undefined;
  readonly keep?: ((entry: T) => boolean) | undefined;
}

interface Place {
  readonly block: number;
  readonly index: number;
}

export class KeyIndex<T extends { readonly key: string }> {
  readonly #blocks: T[][] = [];
  #size = 0;

  /** @param sorted entries in ascending order of key. */
  static fromSorted<T extends { readonly key: string }>(sorted: readonly T[]): KeyIndex<T> {
    const index = new KeyIndex<T>();
    const fill = (BLOCK_SIZE_MAX * 3) / 4;
    for (let at = 0; at < sorted.length; at += fill) index.#blocks.push(sorted.slice(at, at + fill));
    index.#size = sorted.length;
    return index;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    const { block, index } = this.#lowerBound(key);
    const found = this.#blocks[block]?.[index];
    return found?.key === key ? found : undefined;
  }

  /** The entry that has so many before it. */
  at(position: number): T | undefined {
    let before = 0;
    for (const block of this.#blocks) {
      if (position < before + block.length) return block[position - before];
      before += block.length;
    }
    return undefined;
  }

  /** All of them, in order. Changes meanwhile may be missed. */
  *values(): IterableIterator<T> {
    for (const block of this.#blocks) yield* block;
  }

  /** Puts an entry in. @returns the one with the same key, whose place it takes. */
  set(entry: T): T | undefined {
    const last = this.#blocks.at(-1)?.at(-1);
    if (!last || last.key < entry.key) return this.#append(entry);
    const { block: at, index } = this.#lowerBound(entry.key);
    const block = this.#blocks[at] ?? [];
    const before = block[index];
    if (before?.key === entry.key) {
      block[index] = entry;
      return before;
    }
    block.splice(index, 0, entry);
    this.#size++;
    if (block.length > BLOCK_SIZE_MAX) this.#blocks.splice(at + 1, 0, block.splice(block.length >>> 1));
    return undefined;
  }

  /** Of an entry that comes after all others. */
  #append(entry: T): undefined {
    const last = this.#blocks.at(-1);
    if (last && last.length < BLOCK_SIZE_MAX) last.push(entry);
    else this.#blocks.push([entry]);
    this.#size++;
  }

  /** Takes an entry out. @returns it, if there is one of this key. */
  delete(key: string): T | undefined {
    const { block: at, index } = this.#lowerBound(key);
    const block = this.#blocks[at];
    const found = block?.[index];
    if (!block || found?.key !== key) return undefined;
    block.splice(index, 1);
    this.#size--;
    if (block.length < BLOCK_SIZE_MIN) this.#join(at);
    return found;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#size = 0;
  }

  #join(at: number): void {
    const block = this.#blocks[at];
    const next = this.#blocks[at + 1];
    if (block && next && block.length + next.length <= BLOCK_SIZE_MAX / 2) {
      this.#blocks.splice(at, 2, block.concat(next));
    } else if (block?.length === 0) {
      this.#blocks.splice(at, 1);
    }
  }

  /** The entries of a range, in order. */
  collect(range: IndexRange, { limit = Number.POSITIVE_INFINITY, keep }: Collection<T> = {}): T[] {
    const found: T[] = [];
    for (const part of this.#parts(range)) {
      const kept = keep ? part.filter(keep) : part;
      found.push(...(kept.length > limit - found.length ? kept.slice(0, limit - found.length) : kept));
      if (found.length >= limit) break;
    }
    return found;
  }

  /** A range, block by block. */
  *#parts({ key, end }: IndexRange): Generator<readonly T[], void> {
    if (end === undefined) {
      const entry = this.get(key);
      if (entry) yield [entry];
      return;
    }
    const [from, to] = this.#bounds(key, end);
    for (let at = from.block; at <= to.block; at++) {
      const block = this.#blocks[at] ?? [];
      yield block.slice(at === from.block ? from.index : 0, at === to.block ? to.index : block.length);
    }
  }

  /** How many entries a range has. */
  count(range: IndexRange): number {
    if (range.end === undefined) return this.get(range.key) ? 1 : 0;
    const [from, to] = this.#bounds(range.key, range.end);
    let count = to.index - from.index;
    for (let at = from.block; at < to.block; at++) count += this.#blocks[at]?.length ?? 0;
    return Math.max(0, count);
  }

  #bounds(key: string, end: string): [Place, Place] {
    const from = this.#lowerBound(key);
    return [from, end > key ? this.#lowerBound(end) : from];
  }

  /** The place of the first entry whose key is not below `key`; past the last block when there is none. */
  #lowerBound(key: string): Place {
    const blocks = this.#blocks;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = blocks[middle]?.[0];
      if (first && first.key <= key) low = middle + 1;
      else high = middle;
    }
    const at = Math.max(0, low - 1);
    const block = blocks[at];
    if (!block) return { block: at, index: 0 };
    const index = lowerBound(block, key);
    return index === block.length ? { block: at + 1, index: 0 } : { block: at, index };
  }
}

function lowerBound(block: readonly { readonly key: string }[], key: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = block[middle];
    if (entry && entry.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
