/** Bytes that may wait for one slow watcher before it is dropped. */
export const WATCH_BACKLOG_BYTES_MAX = 32 * 1024 * 1024;
/** Frames of the initial state are joined into writes of about this size. */
const WRITE_BYTES = 64 * 1024;

/** What a watch is written to: the part of an HTTP answer that it needs. */
export interface WatchStream {
  readonly writableLength: number;
  write(chunk: Buffer): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

/**
 * One watcher's connection.
 *
 * 1. It is written to in the order of revisions: while the initial state is on its way, changes wait in the backlog.
 * 2. What waits for it, in the backlog or in the socket, is bounded in bytes; past the bound it is dropped, and never slows the others.
 */
export class WatchClient {
  readonly #stream: WatchStream;
  readonly #backlogBytesMax: number;
  readonly #onSlow: () => void;
  #backlog: Buffer[] | undefined;
  #backlogBytes = 0;
  #ended = false;

  constructor(stream: WatchStream, options: { readonly onSlow: () => void; readonly backlogBytesMax?: number | undefined }) {
    this.#stream = stream;
    this.#onSlow = options.onSlow;
    this.#backlogBytesMax = options.backlogBytesMax ?? WATCH_BACKLOG_BYTES_MAX;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Passes frames on, or keeps them until the initial state is out. */
  write(chunk: Buffer): void {
    if (this.#ended) return;
    if (this.#backlog) {
      this.#backlog.push(chunk);
      this.#backlogBytes += chunk.length;
    } else {
      this.#stream.write(chunk);
    }
    if (this.#backlogBytes + this.#stream.writableLength > this.#backlogBytesMax) this.#drop();
  }

  /** Makes everything written from now on wait for {@link open}. */
  hold(): void {
    this.#backlog ??= [];
  }

  /** Writes the initial frames at the pace of the reader, then what has waited, then passes through. */
  async open(frames: Iterable<Buffer>): Promise<void> {
    this.hold();
    for (const chunk of joined(frames)) {
      if (this.#ended) return;
      if (!this.#stream.write(chunk)) await this.#drained();
    }
    const waiting = this.#backlog ?? [];
    this.#backlog = undefined;
    this.#backlogBytes = 0;
    for (const chunk of waiting) this.write(chunk);
  }

  /** Ends the answer as upstream does: cleanly, the client is expected to come back. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#backlog = undefined;
    this.#stream.end();
  }

  /** Ends the answer with a last frame that says why. */
  fail(frame: Buffer): void {
    if (this.#ended) return;
    this.#stream.write(frame);
    this.end();
  }

  /** The connection is gone. */
  closed(): void {
    this.#ended = true;
    this.#backlog = undefined;
  }

  #drop(): void {
    this.#ended = true;
    this.#backlog = undefined;
    this.#onSlow();
    this.#stream.destroy();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#stream.off('drain', done);
        this.#stream.off('close', done);
        resolve();
      };
      this.#stream.once('drain', done);
      this.#stream.once('close', done);
    });
  }
}

/** Joins small frames, so that a long initial state is not written in thousands of pieces. */
function* joined(frames: Iterable<Buffer>): Iterable<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for (const frame of frames) {
    parts.push(frame);
    size += frame.length;
    if (size < WRITE_BYTES) continue;
    yield Buffer.concat(parts, size);
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts, size);
}
