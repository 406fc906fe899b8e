import type { Entry } from './entry.ts';

/** Entries by the value of one selectable field, made on its first use: a kubelet's list of its own pods looks at no others. */
export class FieldIndex {
  readonly #field: number;
  readonly #keys = new Map<string, Set<string>>();

  constructor(field: number, entries: Iterable<Entry>) {
    this.#field = field;
    for (const entry of entries) this.#add(entry);
  }

  replace(before: Entry | undefined, after: Entry | undefined): void {
    const was = before?.field(this.#field);
    if (was === after?.field(this.#field)) return;
    if (before && was !== undefined) {
      const keys = this.#keys.get(was);
      keys?.delete(before.key);
      if (keys?.size === 0) this.#keys.delete(was);
    }
    if (after) this.#add(after);
  }

  /** Keys of the entries whose field has this value, sorted. */
  keys(value: string): string[] {
    return [...(this.#keys.get(value) ?? [])].sort();
  }

  #add(entry: Entry): void {
    const value = entry.field(this.#field);
    const keys = this.#keys.get(value);
    if (keys) keys.add(entry.key);
    else this.#keys.set(value, new Set([entry.key]));
  }
}
