/** A volume that somebody is at work on. */
interface Hold {
  /** Whether a claim is being bound to it. */
  readonly isForClaim: boolean;
  /** Keys to look at once it is free. */
  readonly waiting: Set<string>;
}

/**
 * Which volumes are in whose hands: a claim's that is being bound to it, or its own turn's. A volume is taken before anything is awaited, so
 * that no two claims are given one, however many are looked at side by side.
 */
export class VolumeHolds {
  readonly #held = new Map<string, Hold>();
  readonly #wake: (key: string) => void;

  /** @param wake puts a key back into the queue. */
  constructor(wake: (key: string) => void) {
    this.#wake = wake;
  }

  /** Whether a claim is being bound to this volume: it is no other claim's any more. */
  isTaken(name: string): boolean {
    return this.#held.get(name)?.isForClaim === true;
  }

  /** Works on a volume, alone. When it is in other hands nothing is done now, and `key` is looked at once they are done. */
  async hold(
    name: string,
    { key, isForClaim }: { readonly key: string; readonly isForClaim: boolean },
    work: () => Promise<void>,
  ): Promise<void> {
    const other = this.#held.get(name);
    if (other) {
      other.waiting.add(key);
      return;
    }
    const hold: Hold = { isForClaim, waiting: new Set() };
    this.#held.set(name, hold);
    try {
      await work();
    } finally {
      this.#held.delete(name);
      for (const each of hold.waiting) this.#wake(each);
    }
  }
}
