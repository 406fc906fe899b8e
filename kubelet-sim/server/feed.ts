/**
 * A queue of bytes that one side pushes into and the other iterates. The pusher is told when more waits than is wanted, and again when the
 * reader has caught up.
 */
export class Feed implements AsyncIterable<Buffer> {
  readonly #items: Buffer[] = [];
  #size = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  #onTaken: (() => void) | undefined;

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** Nothing more comes. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Called each time something is taken. */
  set onTaken(listener: () => void) {
    this.#onTaken = listener;
  }

  push(chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return;
    this.#items.push(chunk);
    this.#size += chunk.length;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#items.shift();
      if (chunk !== undefined) {
        this.#size -= chunk.length;
        this.#onTaken?.();
        yield chunk;
      } else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
