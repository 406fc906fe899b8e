/**
 * One streaming call, as its handler sees it.
 *
 * Invariants:
 * 1. What is sent in one turn leaves in one write.
 * 2. Not more than about {@link BUFFER_BYTES_MAX} wait to be sent: whoever has much to send asks for room first (`whenRoom`), and is called in the
 *    order of asking; and nothing more is read from a client that does not read what it is answered.
 */
import type { ServerHttp2Stream } from 'node:http2';
import { Deframer } from './framing.ts';
import { encodeMessage, GRPC_CODE, type GrpcCode, GrpcError } from './status.ts';

/** Bytes that may wait in a stream for a client that reads slowly. */
const BUFFER_BYTES_MAX = 1024 * 1024;

/** What a handler of a streaming call is told. */
export interface StreamHandler<Q> {
  onMessage(message: Q): void;
  /** The client will send no more. */
  onEnd?(): void;
  /** It is over, for whatever reason: nothing can be sent any more. */
  onClose?(): void;
}

export interface CallOptions {
  readonly messageBytesMax: number;
  readonly onFinished: (code: GrpcCode) => void;
  /** What an error of the handler's is to the client. */
  readonly toGrpcError: (error: unknown) => GrpcError;
}

export class StreamCall {
  readonly #stream: ServerHttp2Stream;
  readonly #options: CallOptions;
  readonly #asking: (() => void)[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #state: 'open' | 'finishing' | 'closed' = 'open';
  #paused = false;

  constructor(stream: ServerHttp2Stream, options: CallOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('drain', () => this.#onDrain());
  }

  /** Begins to read. */
  start<Q>(decode: (bytes: Buffer) => Q, handler: StreamHandler<Q>): void {
    const deframer = new Deframer(this.#options.messageBytesMax);
    this.#stream.on('data', (chunk: Buffer) => {
      if (this.#state !== 'open') return;
      try {
        for (const bytes of deframer.push(chunk)) handler.onMessage(decode(bytes));
      } catch (error) {
        this.finish(this.#options.toGrpcError(error));
      }
      this.#pauseWhenFull();
    });
    this.#stream.on('end', () => handler.onEnd?.());
    this.#stream.on('close', () => {
      if (this.#state === 'open') this.#options.onFinished(GRPC_CODE.canceled);
      this.#state = 'closed';
      handler.onClose?.();
      for (const fn of this.#asking.splice(0)) fn();
    });
  }

  /** Sends a message that has its frame, or a piece of one. */
  send(piece: Buffer): void {
    if (this.#state !== 'open') return;
    if (this.#pending.length === 0) queueMicrotask(() => this.#flush());
    this.#pending.push(piece);
    this.#pendingBytes += piece.length;
  }

  /** Calls `fn` at once when there is room and nobody else waits for it, or in its turn; at the latest when the call has ended, and nothing is sent. */
  whenRoom(fn: () => void): void {
    if (this.#state !== 'closed' && (this.#asking.length > 0 || this.#full)) this.#asking.push(fn);
    else fn();
  }

  /** Resolves when there is room; rejects when the call has ended. */
  room(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.whenRoom(() => (this.#state === 'open' ? resolve() : reject(new GrpcError(GRPC_CODE.canceled, 'the call has ended'))));
    });
  }

  /** Ends the call: with OK, or what went wrong. */
  finish(error?: GrpcError): void {
    if (this.#state !== 'open') return;
    this.#flush();
    this.#state = 'finishing';
    this.#options.onFinished(error?.code ?? GRPC_CODE.ok);
    this.#stream.on('wantTrailers', () => this.#stream.sendTrailers(trailers(error)));
    this.#stream.end();
  }

  get #full(): boolean {
    return this.#stream.writableLength + this.#pendingBytes > BUFFER_BYTES_MAX;
  }

  #flush(): void {
    const [first] = this.#pending;
    if (!first || this.#state !== 'open') return;
    this.#stream.write(this.#pending.length === 1 ? first : Buffer.concat(this.#pending));
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #pauseWhenFull(): void {
    if (!this.#full || this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }

  #onDrain(): void {
    while (this.#asking.length > 0 && !this.#full) this.#asking.shift()?.();
    if (this.#paused && !this.#full) {
      this.#paused = false;
      this.#stream.resume();
    }
  }
}

/** The trailers of an answer. */
export const trailers = (error: GrpcError | undefined): Record<string, string> =>
  error ? { 'grpc-status': String(error.code), 'grpc-message': encodeMessage(error.message) } : { 'grpc-status': '0' };
