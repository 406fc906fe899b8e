import type { Entry } from './entry.ts';

/** Entries per chunk before it is cut in two: small enough that an insertion moves little memory. */
const CHUNK_ENTRIES_MAX = 512;

/** Which entries to collect. */
export interface Range {
  readonly prefix: string;
  /** First key; default the prefix itself. */
  readonly from?: string | undefined;
  /** At most so many; 0 for all. */
  readonly limit?: number | undefined;
  readonly keep?: ((entry: Entry) => boolean) | undefined;
}

interface Slot {
  readonly key: string;
  entry: Entry;
}

/**
 * Entries by key and in key order (by UTF-16 unit, which for the ASCII of Kubernetes' names is the store's order). A map finds them; a list
 * of sorted chunks orders them, so that an insertion among 150,000 costs a search and a short move.
 */
export class SortedEntries {
  readonly #slots = new Map<string, Slot>();
  readonly #chunks: Slot[][] = [];

  get size(): number {
    return this.#slots.size;
  }

  get(key: string): Entry | undefined {
    return this.#slots.get(key)?.entry;
  }

  /** Puts an entry; answers the one it replaces. */
  set(entry: Entry): Entry | undefined {
    const slot = this.#slots.get(entry.key);
    if (slot) {
      const before = slot.entry;
      slot.entry = entry;
      return before;
    }
    const added = { key: entry.key, entry };
    this.#slots.set(entry.key, added);
    this.#insert(added);
    return undefined;
  }

  delete(key: string): Entry | undefined {
    const slot = this.#slots.get(key);
    if (!slot) return undefined;
    this.#slots.delete(key);
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (chunk) {
      chunk.splice(lowerBound(chunk, key), 1);
      if (chunk.length === 0) this.#chunks.splice(at, 1);
    }
    return slot.entry;
  }

  /** Entries in key order, as {@link Range} says. */
  collect({ prefix, from = prefix, limit = 0, keep }: Range): Entry[] {
    const found: Entry[] = [];
    const end = endOf(prefix);
    const last = this.#chunkOf(end);
    for (let c = this.#chunkOf(from); c <= last; c++) {
      const chunk = this.#chunks[c] ?? [];
      const until = c === last ? lowerBound(chunk, end) : chunk.length;
      for (let i = lowerBound(chunk, from); i < until; i++) {
        const entry = chunk[i]?.entry;
        if (!entry || (keep && !keep(entry))) continue;
        found.push(entry);
        if (found.length === limit) return found;
      }
    }
    return found;
  }

  /** How many keys begin with `prefix` and do not come before `from`. */
  count(prefix: string, from: string): number {
    const end = endOf(prefix);
    const last = this.#chunkOf(end);
    let count = 0;
    for (let c = this.#chunkOf(from); c <= last; c++) {
      const chunk = this.#chunks[c] ?? [];
      count += lowerBound(chunk, end) - lowerBound(chunk, from);
    }
    return count;
  }

  /** At most so many entries, from all over. */
  sample(count: number): Entry[] {
    const found: Entry[] = [];
    const step = Math.max(1, this.size / count);
    let skipped = 0;
    let next = 0;
    for (const chunk of this.#chunks) {
      for (; next < skipped + chunk.length; next += step) {
        const slot = chunk[Math.floor(next) - skipped];
        if (slot) found.push(slot.entry);
      }
      skipped += chunk.length;
    }
    return found;
  }

  values(): IterableIterator<Entry> {
    return values(this.#slots);
  }

  #insert(slot: Slot): void {
    const at = this.#chunkOf(slot.key);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([slot]);
      return;
    }
    chunk.splice(lowerBound(chunk, slot.key), 0, slot);
    if (chunk.length > CHUNK_ENTRIES_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1));
  }

  /** The chunk a key belongs to: the last one that does not begin after it. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.[0]?.key ?? '') <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The first key after all that begin with a prefix. */
const endOf = (prefix: string): string => prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);

function* values(slots: ReadonlyMap<string, Slot>): IterableIterator<Entry> {
  for (const { entry } of slots.values()) yield entry;
}

function lowerBound(chunk: readonly Slot[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunk[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
