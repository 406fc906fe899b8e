/** Chunks of long answers that are written in one turn of the event loop, all answers together. */
const CHUNKS_PER_TURN = 8;

/**
 * Keeps turns of the event loop short: long answers to many clients at once are written a few chunks at a time, in the order they come, and
 * in between others are heard. Who is alone never waits.
 */
export class Pacer {
  readonly #waiting: (() => void)[] = [];
  #left = CHUNKS_PER_TURN;
  #isTurning = false;

  /** Takes the right to write one chunk; a promise when it has to be waited for. */
  take(): Promise<void> | undefined {
    if (!this.#isTurning) {
      this.#isTurning = true;
      setImmediate(() => this.#turn());
    }
    if (this.#left > 0 && this.#waiting.length === 0) {
      this.#left--;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #turn(): void {
    const admitted = this.#waiting.splice(0, CHUNKS_PER_TURN);
    this.#left = CHUNKS_PER_TURN - admitted.length;
    for (const go of admitted) go();
    if (admitted.length > 0) setImmediate(() => this.#turn());
    else this.#isTurning = false;
  }
}
