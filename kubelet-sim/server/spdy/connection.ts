import type { Duplex } from 'node:stream';
import { Feed } from '../feed.ts';
import { HeaderCodec, type SpdyHeaders } from './header-codec.ts';

/** Types of control frames (SPDY protocol, draft 3.1, section 2.6). */
const FRAME = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;
const VERSION = 0x8003;
const FLAG_FIN = 1;
/** Reason of a reset: the stream is to end (`CANCEL`), or was never opened (`INVALID_STREAM`). */
const RESET = { invalidStream: 2, refused: 3, cancel: 5 } as const;

const HEAD_BYTES = 8;
/** Frames are not larger than this, though the protocol allows 16 MiB. */
const FRAME_BYTES_MAX = 8 * 1024 * 1024;
/** What is sent in one frame. */
const DATA_BYTES_MAX = 32 * 1024;
/** While more than this waits to be read by us, nothing is taken from the connection. */
const UNREAD_BYTES_MAX = 1024 * 1024;
/** While more than this waits to be read by the other side, a connection is broken off. */
const UNSENT_BYTES_MAX = 256 * 1024 * 1024;
/** Streams open at the same time. */
const STREAMS_MAX = 4096;

/** One of the byte streams of a connection, opened by the client. */
export class SpdyStream {
  readonly id: number;
  readonly headers: SpdyHeaders;
  readonly input = new Feed();
  readonly #connection: SpdyConnection;
  #ended = false;

  constructor(connection: SpdyConnection, id: number, headers: SpdyHeaders) {
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
  }

  /** We send nothing more. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  write(chunk: Buffer): void {
    if (this.#ended) return;
    for (let at = 0; at < chunk.length; at += DATA_BYTES_MAX) {
      this.#connection.sendData(this.id, chunk.subarray(at, at + DATA_BYTES_MAX), false);
    }
  }

  /** Nothing more is sent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection.sendData(this.id, Buffer.alloc(0), true);
  }

  /** Ends the stream in both directions. */
  reset(): void {
    this.#ended = true;
    this.input.end();
    this.#connection.reset(this.id);
  }
}

/**
 * The server's side of a SPDY/3.1 connection as Kubernetes uses it: streams that the client opens, with headers that say what each is for,
 * bytes both ways, pings. As in the library that clients use (moby/spdystream), there are no windows: TCP's own keep either side from
 * running ahead.
 *
 * Invariant: frames are dealt with one after the other, in their order, since header blocks are one compressed stream.
 */
export class SpdyConnection {
  readonly #duplex: Duplex;
  readonly #codec = new HeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #abort = new AbortController();

  /** @param onStream told of each stream once the client was told that it is open. */
  constructor(duplex: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#duplex = duplex;
    this.#onStream = onStream;
    duplex.on('error', () => this.close());
    duplex.on('close', () => this.close());
    this.#read().then(
      () => this.close(),
      () => this.close(),
    );
  }

  /** Aborted when the connection has ended. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What was written is still sent. */
  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(new Error('the client went away'));
    for (const stream of this.#streams.values()) stream.input.end();
    this.#streams.clear();
    this.#duplex.end();
    this.#codec.close();
  }

  sendData(id: number, data: Buffer, isLast: boolean): void {
    if (!this.#streams.has(id)) return;
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE(((isLast ? FLAG_FIN : 0) << 24) | data.length, 4);
    this.#send(head, data);
    if (isLast) this.#settle(id, true);
  }

  reset(id: number, reason: number = RESET.cancel): void {
    this.#streams.delete(id);
    const body = Buffer.alloc(8);
    body.writeUInt32BE(id, 0);
    body.writeUInt32BE(reason, 4);
    this.#sendControl(FRAME.rstStream, body);
  }

  async #read(): Promise<void> {
    let rest = Buffer.alloc(0);
    for await (const chunk of this.#duplex) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= HEAD_BYTES) {
        const length = rest.readUInt32BE(4) & 0xffffff;
        if (length > FRAME_BYTES_MAX) throw new Error('a SPDY frame is too large');
        if (rest.length < HEAD_BYTES + length) break;
        await this.#receive(rest.subarray(0, HEAD_BYTES), rest.subarray(HEAD_BYTES, HEAD_BYTES + length));
        rest = rest.subarray(HEAD_BYTES + length);
      }
    }
  }

  async #receive(head: Buffer, body: Buffer): Promise<void> {
    const flags = head.readUInt8(4);
    if ((head.readUInt8(0) & 0x80) === 0) return await this.#receiveData(head.readUInt32BE(0), body, (flags & FLAG_FIN) !== 0);
    switch (head.readUInt16BE(2)) {
      case FRAME.synStream:
        return await this.#open(body, (flags & FLAG_FIN) !== 0);
      case FRAME.rstStream:
        return this.#forget(body.readUInt32BE(0));
      case FRAME.ping:
        return this.#sendControl(FRAME.ping, body);
      case FRAME.goAway:
        return;
      default: // settings, headers, window updates: nothing that matters here
    }
  }

  async #receiveData(id: number, data: Buffer, isLast: boolean): Promise<void> {
    const stream = this.#streams.get(id);
    if (!stream) return this.reset(id, RESET.invalidStream);
    stream.input.push(Buffer.from(data));
    if (isLast) stream.input.end();
    this.#settle(id, false);
    if (stream.input.size <= UNREAD_BYTES_MAX || this.#abort.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#abort.signal.addEventListener('abort', () => resolve(), { once: true });
      stream.input.onTaken = () => {
        if (stream.input.size <= UNREAD_BYTES_MAX) resolve();
      };
    });
  }

  async #open(body: Buffer, isEmpty: boolean): Promise<void> {
    const id = body.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#codec.unpack(body.subarray(10));
    if (this.#streams.size >= STREAMS_MAX) return this.reset(id, RESET.refused);
    const stream = new SpdyStream(this, id, headers);
    this.#streams.set(id, stream);
    if (isEmpty) stream.input.end();
    const answer = Buffer.alloc(4);
    answer.writeUInt32BE(id);
    this.#sendControl(FRAME.synReply, Buffer.concat([answer, await this.#codec.pack(new Map())]));
    this.#onStream(stream);
  }

  /** Lets go of a stream that has ended both ways. */
  #settle(id: number, weEnded: boolean): void {
    const stream = this.#streams.get(id);
    if (stream?.input.hasEnded && (weEnded || stream.hasEnded)) this.#streams.delete(id);
  }

  #forget(id: number): void {
    this.#streams.get(id)?.input.end();
    this.#streams.delete(id);
  }

  #sendControl(type: number, body: Buffer): void {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt16BE(VERSION, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(body.length, 4);
    this.#send(head, body);
  }

  #send(head: Buffer, body: Buffer): void {
    if (this.#duplex.writableEnded || this.#duplex.destroyed) return;
    this.#duplex.write(body.length > 0 ? Buffer.concat([head, body]) : head);
    if (this.#duplex.writableLength > UNSENT_BYTES_MAX) this.#duplex.destroy(new Error('the client does not read'));
  }
}
