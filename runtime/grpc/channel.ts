import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import type { Random } from '../random.ts';
import { CODE, GrpcError } from './grpc-error.ts';
import type { UnaryMethod } from './method.ts';
import { frameOf, messageIn } from './unary-frame.ts';

/** Opens a connection; rejects with an error that has Go's words for it, e.g. `dial unix /x.sock: connect: connection refused`. */
export type Dial = () => Promise<Duplex>;

/** Waits between tries to connect (grpc/doc/connection-backoff.md). */
const BACKOFF_MS = { first: 1000, factor: 1.6, max: 120_000, jitter: 0.2 };
/** How long a server has until it speaks HTTP/2. */
const CONNECT_MS = 20_000;

export interface ChannelOptions {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly random: Random;
  /** Told each time there is a connection, and each time there is none any more. */
  readonly onChange?: ((isConnected: boolean) => void) | undefined;
}

/**
 * Calls methods of one server, over connections that somebody else opens. It connects when it is first needed and whenever a connection
 * ends; while the last try has failed, calls fail at once.
 *
 * ```
 *   idle ──call, connect()──► connecting ──settings──► ready ──connection ends──┐
 *                               ▲  └──failed──► waiting ──back-off──┐           │
 *                               └───────────────────────────────────┴───────────┘
 * ```
 *
 * Source: grpc/doc/connectivity-semantics-and-api.md, and grpc-go's `pick_first` for what calls are told.
 */
export class Channel {
  readonly #options: ChannelOptions;
  #session: ClientHttp2Session | undefined;
  #connecting: Promise<ClientHttp2Session> | undefined;
  /** Why the last try failed. */
  #failure: GrpcError | undefined;
  #failures = 0;
  #retry: Timer | undefined;
  /** Who waits for a connection. */
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  /** Nobody is connected to before the first call, or {@link connect}. */
  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Connects, and from now on whenever there is no connection. */
  connect(): void {
    this.#open().catch(() => undefined); // tried again later; calls are told why
  }

  /** Waits for a connection so long, however often it takes. @throws GrpcError when there is none by then */
  connected(timeoutMs: number): Promise<void> {
    if (this.#session) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = () => {
        timer.cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        this.#waiting.delete(done);
        reject(new GrpcError(CODE.deadlineExceeded, 'context deadline exceeded'));
      });
      this.#waiting.add(done);
      this.connect();
    });
  }

  /** Asks once, and waits for an answer, and for a connection under way, so long. @throws GrpcError */
  call<QD, S>(method: UnaryMethod<QD, S>, request: QD, timeoutMs: number): Promise<S> {
    return new Promise<S>((resolve, reject) => {
      let stream: ClientHttp2Stream | undefined;
      let isLate = false;
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        isLate = true;
        reject(new GrpcError(CODE.deadlineExceeded, 'context deadline exceeded'));
        stream?.close(constants.NGHTTP2_CANCEL);
      });
      const ask = async () => {
        const session = await this.#ready();
        if (isLate) throw new GrpcError(CODE.deadlineExceeded, 'context deadline exceeded');
        stream = session.request({
          ':method': 'POST',
          ':path': method.path,
          ':scheme': 'http',
          ':authority': 'localhost',
          'content-type': 'application/grpc',
          te: 'trailers',
          'user-agent': 'grpc-node',
        });
        stream.end(frameOf(method.requestSerialize(request)));
        return method.responseDeserialize(await answerOf(stream));
      };
      ask()
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }

  /** Ends the connection, and what is under way. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#session?.destroy();
  }

  async #ready(): Promise<ClientHttp2Session> {
    if (this.#session) return this.#session;
    if (this.#isClosed) throw new GrpcError(CODE.canceled, 'grpc: the client connection is closing');
    if (this.#failure) throw this.#failure;
    return await this.#open();
  }

  #open(): Promise<ClientHttp2Session> {
    if (this.#session) return Promise.resolve(this.#session);
    this.#connecting ??= this.#try().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #try(): Promise<ClientHttp2Session> {
    try {
      const session = await this.#handshake(await this.#options.dial());
      this.#failure = undefined;
      this.#failures = 0;
      this.#session = session;
      session.on('close', () => this.#lost(session));
      for (const done of [...this.#waiting]) done();
      this.#options.onChange?.(true);
      return session;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#failure = new GrpcError(CODE.unavailable, `connection error: desc = "transport: Error while dialing: ${why}"`);
      const { first, factor, max, jitter } = BACKOFF_MS;
      const delayMs = Math.min(max, first * factor ** this.#failures++) * (1 + jitter * (2 * this.#options.random.next() - 1));
      if (!this.#isClosed) this.#retry = this.#options.clock.setTimer(delayMs, () => this.connect());
      throw this.#failure;
    }
  }

  /** A connection is of use once the server has sent its settings. */
  #handshake(connection: Duplex): Promise<ClientHttp2Session> {
    return new Promise((resolve, reject) => {
      const session = connect('http://localhost', { createConnection: () => connection });
      const timer = this.#options.clock.setTimer(CONNECT_MS, () => session.destroy());
      session.on('error', () => undefined); // 'close' follows
      session.once('remoteSettings', () => {
        timer.cancel();
        if (this.#isClosed) session.destroy();
        resolve(session);
      });
      session.once('close', () => {
        timer.cancel();
        reject(new Error('error reading server preface: EOF'));
      });
    });
  }

  #lost(session: ClientHttp2Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#options.onChange?.(false);
    if (!this.#isClosed) this.connect();
  }
}

/** @throws GrpcError for any other answer than OK with one message */
function answerOf(stream: ClientHttp2Stream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status: IncomingHttpHeaders = {};
    const note = (headers: IncomingHttpHeaders) => {
      if (headers['grpc-status'] !== undefined) status = headers;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => undefined); // 'close' follows
    stream.on('close', () => {
      const { 'grpc-status': code, 'grpc-message': text = '' } = status;
      const message = messageIn(Buffer.concat(chunks));
      if (code === undefined) reject(new GrpcError(CODE.unavailable, 'error reading from server: EOF'));
      else if (code !== '0') reject(new GrpcError(Number(code), decodeURIComponent(String(text))));
      else if (!message)
        reject(new GrpcError(CODE.internal, 'cardinality violation: received no response message from non-server-streaming RPC'));
      else resolve(message);
    });
  });
}
