/** A binary heap whose items are found, replaced and removed by key. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #index = new Map<string, number>();
  readonly #keyOf: (item: T) => string;
  readonly #less: (a: T, b: T) => boolean;

  /**
   * @param keyOf what an item is known by.
   * @param less whether the first comes before the second.
   */
  constructor(keyOf: (item: T) => string, less: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  get(key: string): T | undefined {
    const at = this.#index.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an item, or replaces the one with its key. */
  set(item: T): void {
    const key = this.#keyOf(item);
    const at = this.#index.get(key) ?? this.#items.length;
    this.#place(item, at);
    this.#up(at);
    this.#down(this.#index.get(key) ?? at);
  }

  pop(): T | undefined {
    const [first] = this.#items;
    if (first !== undefined) this.delete(this.#keyOf(first));
    return first;
  }

  delete(key: string): T | undefined {
    const at = this.#index.get(key);
    if (at === undefined) return undefined;
    const removed = this.#items[at];
    const last = this.#items.pop();
    this.#index.delete(key);
    if (last !== undefined && at < this.#items.length) {
      this.#place(last, at);
      this.#up(at);
      this.#down(this.#index.get(this.#keyOf(last)) ?? at);
    }
    return removed;
  }

  values(): readonly T[] {
    return this.#items;
  }

  #place(item: T, at: number): void {
    this.#items[at] = item;
    this.#index.set(this.#keyOf(item), at);
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLess(at, parent)) return;
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child = right < this.#items.length && this.#before(right, left) ? right : left;
      if (child >= this.#items.length || !this.#swapIfLess(child, at)) return;
      at = child;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#items[a], this.#items[b]];
    return x !== undefined && y !== undefined && this.#less(x, y);
  }

  #swapIfLess(a: number, b: number): boolean {
    if (!this.#before(a, b)) return false;
    const [x, y] = [this.#items[a], this.#items[b]];
    if (x !== undefined) this.#place(x, b);
    if (y !== undefined) this.#place(y, a);
    return true;
  }
}
