import type { Clock, Timer } from '../runtime/index.ts';

interface Entry {
  readonly key: string;
  readonly order: number;
  at: number;
  index: number;
}

/** Keys that become due at a time: a binary heap with a single timer, for however many keys. */
export class DelayHeap {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  readonly #heap: Entry[] = [];
  readonly #entries = new Map<string, Entry>();
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #order = 0;

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** A key that waits already becomes due at the earlier of both times. */
  add(key: string, at: number): void {
    const known = this.#entries.get(key);
    if (known) {
      if (at >= known.at) return;
      known.at = at;
      this.#up(known);
    } else {
      const entry = { key, at, order: this.#order++, index: this.#heap.length };
      this.#entries.set(key, entry);
      this.#heap.push(entry);
      this.#up(entry);
    }
    this.#arm();
  }

  clear(): void {
    this.#heap.length = 0;
    this.#entries.clear();
    this.#arm();
  }

  #arm(): void {
    const at = this.#heap[0]?.at;
    if (at === this.#timer?.at) return;
    this.#timer?.timer.cancel();
    this.#timer = at === undefined ? undefined : { at, timer: this.#clock.setTimer(at - this.#clock.monotonic(), () => this.#fire()) };
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let first = this.#heap[0]; first && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst();
      this.#onDue(first.key);
    }
    this.#arm();
  }

  #removeFirst(): void {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last) return;
    this.#entries.delete(first.key);
    if (last === first) return;
    this.#put(last, 0);
    this.#down(last);
  }

  #up(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (!parent || !before(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = left && right && before(right, left) ? right : left;
      if (!child || !before(child, entry)) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: Entry, b: Entry): void {
    const index = a.index;
    this.#put(a, b.index);
    this.#put(b, index);
  }

  #put(entry: Entry, index: number): void {
    entry.index = index;
    this.#heap[index] = entry;
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
