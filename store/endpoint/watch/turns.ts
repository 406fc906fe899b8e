/** Lets so many do something at once; the others wait, in the order of asking. */
export class Turns<T> {
  readonly #atOnceMax: number;
  readonly #having = new Set<T>();
  readonly #waiting = new Map<T, () => void>();

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** Calls `begin` when it is this one's turn, which lasts until it leaves. */
  take(who: T, begin: () => void): void {
    if (this.#having.size >= this.#atOnceMax && !this.#having.has(who)) {
      this.#waiting.set(who, begin);
      return;
    }
    this.#having.add(who);
    begin();
  }

  /** Ends its turn, or its waiting for one. */
  leave(who: T): void {
    this.#waiting.delete(who);
    if (!this.#having.delete(who)) return;
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next[0]);
    this.take(next[0], next[1]);
  }
}
