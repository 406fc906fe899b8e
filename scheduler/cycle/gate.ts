/**
 * Keeps the cluster still while a node is looked for. A scheduling cycle is synchronous but for extenders and plugins that must ask
 * somebody else; while one of those is waited for, what the watches tell is held back and applied when the cycle is over.
 */
export class Gate {
  #held = false;
  #waiting: (() => void)[] = [];

  /** Runs what changes the cluster as scheduling sees it: now, or when the cycle is over. In order. */
  run(change: () => void): void {
    if (this.#held) this.#waiting.push(change);
    else change();
  }

  /** Lets nothing through until `cycle` has ended. */
  async hold<T>(cycle: Promise<T>): Promise<T> {
    this.#held = true;
    try {
      return await cycle;
    } finally {
      this.#held = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const change of waiting) change();
    }
  }
}
