import { Duplex } from 'node:stream';

/** One end of a connection: what is written to it, the other end reads. */
class End extends Duplex {
  other: End | undefined;
  /** Takes the next piece once the other end has read what it has. */
  #resume: (() => void) | undefined;

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { other } = this;
    if (!other || other.destroyed) done(new Error('write EPIPE'));
    else if (other.push(chunk)) done();
    else other.#resume = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  /** Who lets go of a connection ends it for the other side too. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    if (other && !other.destroyed) queueMicrotask(() => other.#hangUp());
    this._read();
    done(error);
  }

  #hangUp(): void {
    this.other = undefined;
    this._read();
    if (this.destroyed) return;
    if (this.readableEnded) this.destroy();
    else {
      // What was sent before is still read.
      this.once('end', () => this.destroy());
      this.push(null);
    }
  }
}

/** Both ends of a connection within the process: whatever is written to one is read from the other. */
export function duplexPair(): readonly [Duplex, Duplex] {
  const [a, b] = [new End({ allowHalfOpen: true }), new End({ allowHalfOpen: true })];
  a.other = b;
  b.other = a;
  return [a, b];
}
