import type { Entry } from './entry.ts';

/** Entries by the value of one of their fields or labels, made on its first use: a kubelet's list of its own pods looks at no others. */
export class ValueIndex {
  readonly #read: (entry: Entry) => string | undefined;
  readonly #keys = new Map<string, Set<string>>();

  /** @param read undefined for entries that nobody finds by this index. */
  constructor(read: (entry: Entry) => string | undefined, entries: Iterable<Entry>) {
    this.#read = read;
    for (const entry of entries) this.#add(entry);
  }

  replace(before: Entry | undefined, after: Entry | undefined): void {
    const was = before && this.#read(before);
    if (was === (after && this.#read(after))) return;
    if (before && was !== undefined) {
      const keys = this.#keys.get(was);
      keys?.delete(before.key);
      if (keys?.size === 0) this.#keys.delete(was);
    }
    if (after) this.#add(after);
  }

  /** How many entries have this value. */
  count(value: string): number {
    return this.#keys.get(value)?.size ?? 0;
  }

  /** Keys of the entries that have this value, sorted. */
  keys(value: string): string[] {
    return [...(this.#keys.get(value) ?? [])].sort();
  }

  #add(entry: Entry): void {
    const value = this.#read(entry);
    if (value === undefined) return;
    const keys = this.#keys.get(value);
    if (keys) keys.add(entry.key);
    else this.#keys.set(value, new Set([entry.key]));
  }
}
