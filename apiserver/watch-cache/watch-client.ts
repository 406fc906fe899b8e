/** Bytes that may wait for one slow watcher before it is dropped. */
export const WATCH_BACKLOG_BYTES_MAX = 32 * 1024 * 1024;
/** Frames of the initial state are joined into writes of about this size. */
const WRITE_BYTES = 64 * 1024;

/** Frames for many watchers, joined; as a chunk of an HTTP answer once for all of those that take chunks. */
export class SharedFrames {
  readonly bytes: Buffer;
  #chunk: Buffer | undefined;

  constructor(frames: readonly Buffer[], length: number) {
    const [only] = frames;
    this.bytes = only && frames.length === 1 ? only : Buffer.concat(frames, length);
  }

  /** With its length before it, as chunked transfer coding has it (RFC 9112, 7.1). */
  get chunk(): Buffer {
    this.#chunk ??= Buffer.concat([Buffer.from(`${this.bytes.length.toString(16)}\r\n`, 'latin1'), this.bytes, LINE_END]);
    return this.#chunk;
  }
}

const LINE_END = Buffer.from('\r\n');

/** What a watch is written to: the part of an HTTP answer that it needs. */
export interface WatchStream {
  /** Whether what is written goes out in chunks: then they may be written to the connection, which costs half as much. */
  readonly chunkedEncoding?: boolean | undefined;
  readonly socket?: { write(chunk: Buffer): boolean } | null | undefined;
  readonly writableLength: number;
  write(chunk: Buffer): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

interface WatchClientOptions {
  readonly onSlow: () => void;
  readonly backlogBytesMax?: number | undefined;
  /** Adds to the first chunk what each watcher is told once; undefined where there is nothing to be told, and the watch ends. */
  readonly first?: ((chunk: Buffer) => Buffer | undefined) | undefined;
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
  /** What makes the first chunk whole; undefined once it is out, or where all frames are. */
  #first: ((chunk: Buffer) => Buffer | undefined) | undefined;
  #backlog: SharedFrames[] | undefined;
  #backlogBytes = 0;
  #ended = false;

  constructor(stream: WatchStream, options: WatchClientOptions) {
    this.#stream = stream;
    this.#onSlow = options.onSlow;
    this.#first = options.first;
    this.#backlogBytesMax = options.backlogBytesMax ?? WATCH_BACKLOG_BYTES_MAX;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Passes frames on, or keeps them until the initial state is out. */
  write(frames: SharedFrames): void {
    if (this.#ended) return;
    const { socket, chunkedEncoding } = this.#stream;
    if (this.#backlog) {
      this.#backlog.push(frames);
      this.#backlogBytes += frames.bytes.length;
    } else if (this.#first) {
      this.#writeFirst(this.#first, frames.bytes);
    } else if (socket && chunkedEncoding) {
      socket.write(frames.chunk);
    } else {
      this.#stream.write(frames.bytes);
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
      const isRoom = this.#first ? this.#writeFirst(this.#first, chunk) : this.#stream.write(chunk);
      if (!isRoom) await this.#drained();
    }
    const waiting = this.#backlog ?? [];
    this.#backlog = undefined;
    this.#backlogBytes = 0;
    for (const frames of waiting) this.write(frames);
  }

  /** @returns whether the reader keeps up. */
  #writeFirst(first: (chunk: Buffer) => Buffer | undefined, chunk: Buffer): boolean {
    this.#first = undefined;
    const whole = first(chunk);
    if (whole) return this.#stream.write(whole);
    this.end();
    return true;
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
