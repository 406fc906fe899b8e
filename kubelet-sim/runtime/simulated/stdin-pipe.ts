/** Standard input that attachers feed. */
export class StdinPipe implements AsyncIterable<string> {
  readonly #chunks: string[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  /** Takes what comes; resolves when no more does. */
  async feed(source: AsyncIterable<Buffer>, endAfter: boolean): Promise<void> {
    const pump = async () => {
      for await (const chunk of source) this.push(chunk.toString('latin1'));
    };
    const done = () => {
      if (endAfter) this.end();
    };
    await pump().then(done, done);
  }

  push(text: string): void {
    this.#chunks.push(text);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
