// HTTP/1.1 over undici's pool, by its dispatch interface: no streams or promises between the socket and us.
//
// Invariants
// T1  A request settles once: with an answer, with the signal's reason, or with a ConnectionError.
// T2  Watches have connections of their own: however many there are, requests never wait for one.
// T3  A stream holds at most STREAM_BYTES_MAX unread; beyond, the socket is paused.
import { createRequire } from 'node:module';
import type { Dispatcher, Pool } from 'undici';
import { checkServerIdentity, onAbort, trusting } from '../runtime/index.ts';
import { ConnectionError } from './errors.ts';
import type { ClientConfig, ClientOptions, RawResponse } from './types.ts';

/** Connections for requests, unless told otherwise. */
const CONNECTIONS_DEFAULT = 32;
/** How long an idle connection is kept; the server closes them later. */
const KEEP_ALIVE_MS = 30_000;
/** Longest wait for an answer to begin, and between two parts of it. */
const RESPONSE_MS_MAX = 90_000;
/** Unread bytes of a stream beyond which its socket is paused. */
const STREAM_BYTES_MAX = 4 * 2 ** 20;
/** What a reader is given at once, when more than that has come in: some milliseconds to parse. */
const PIECE_BYTES = 256 * 2 ** 10;

export interface TransportRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest silence of a stream. */
  readonly idleMsMax?: number | undefined;
}

/** An answer whose body comes in by and by. */
export interface StreamResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** To be read to its end or left by `return`, which closes the connection. */
  readonly chunks: AsyncGenerator<Buffer, void>;
}

/** The connections to one API server. */
export class Transport {
  readonly #server: string;
  readonly #requests: Pool;
  readonly #streams: Pool;

  constructor(config: ClientConfig & Pick<ClientOptions, 'connections' | 'responseMsMax'>) {
    this.#server = config.server;
    const NewPool = loadPool();
    const responseMsMax = config.responseMsMax ?? RESPONSE_MS_MAX;
    const common = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      headersTimeout: responseMsMax,
      bodyTimeout: responseMsMax,
      connect: tlsOptions(config),
    };
    this.#requests = new NewPool(config.server, { ...common, connections: config.connections ?? CONNECTIONS_DEFAULT });
    this.#streams = new NewPool(config.server, common);
  }

  /** Sends a request and reads the whole answer. */
  send(request: TransportRequest): Promise<RawResponse> {
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(this.#server, request.signal, { resolve, reject });
      exchange.dispatch(this.#requests, request);
    });
  }

  /** Sends a request and resolves once the head of the answer is there. */
  stream(request: TransportRequest): Promise<StreamResponse> {
    return new Promise((resolve, reject) => {
      const stream = new ByteStream();
      const exchange = new Exchange(this.#server, request.signal, { resolve, reject, stream });
      exchange.dispatch(this.#streams, request);
    });
  }

  /** Breaks whatever is under way. */
  async close(): Promise<void> {
    const error = new ConnectionError('the client was closed', { code: 'CLOSED' });
    await Promise.all([this.#requests.destroy(error), this.#streams.destroy(error)]);
  }
}

/**
 * The pool alone: all of undici, with fetch, caches and mocks, takes three times as long to load (60 ms against 20). The short way is by a
 * path inside the package, so when a later version moves the file, the long way does.
 */
function loadPool(): typeof Pool {
  const require = createRequire(import.meta.url);
  try {
    return require('undici/lib/dispatcher/pool.js');
  } catch {
    return require('undici').Pool;
  }
}

function tlsOptions({ ca, cert, key, insecureSkipTlsVerify, tlsServerName }: ClientConfig) {
  return {
    checkServerIdentity,
    ...trusting(ca),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
    ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
  };
}

type Settle =
  | { readonly stream?: undefined; resolve(response: RawResponse): void; reject(error: unknown): void }
  | { readonly stream: ByteStream; resolve(response: StreamResponse): void; reject(error: unknown): void };

/** One request and its answer, as undici tells of it. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #server: string;
  readonly #signal: AbortSignal | undefined;
  readonly #settle: Settle;
  readonly #chunks: Buffer[] = [];
  #aborted: Disposable | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Record<string, string> = {};
  #over = false;

  constructor(server: string, signal: AbortSignal | undefined, settle: Settle) {
    this.#server = server;
    this.#signal = signal;
    this.#settle = settle;
  }

  dispatch(pool: Pool, { method, path, headers, body, idleMsMax }: TransportRequest): void {
    if (this.#signal?.aborted) {
      this.#settle.reject(this.#signal.reason);
      return;
    }
    this.#aborted = this.#signal && onAbort(this.#signal, () => this.#abort());
    // A DELETE may have a body in Kubernetes; undici would close the connection after it, for fear of other servers.
    const options = { method, path, headers, reset: false, ...(body === undefined ? {} : { body }) };
    pool.dispatch(idleMsMax === undefined ? options : { ...options, bodyTimeout: idleMsMax }, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('aborted while it waited for a connection'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: NodeJS.Dict<string | string[]>): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flatten(headers);
    const { stream } = this.#settle;
    if (!stream) return;
    stream.attach(controller, () => this.#finish());
    this.#settle.resolve({ status, headers: this.#headers, chunks: stream.read() });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settle.stream) this.#settle.stream.push(chunk);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#finish();
    if (this.#settle.stream) this.#settle.stream.end();
    else this.#settle.resolve({ status: this.#status, headers: this.#headers, body: join(this.#chunks) });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#fail(toConnectionError(this.#server, error));
  }

  #abort(): void {
    const reason: unknown = this.#signal?.reason;
    this.#fail(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error('aborted'));
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#finish();
    this.#settle.stream?.fail(error);
    this.#settle.reject(error);
  }

  #finish(): void {
    this.#over = true;
    this.#aborted?.[Symbol.dispose]();
  }
}

/** Chunks between the socket, which pushes, and a reader, who pulls. */
class ByteStream {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #error: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #left: () => void = () => undefined;

  attach(controller: Dispatcher.DispatchController, left: () => void): void {
    this.#controller = controller;
    this.#left = left;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > STREAM_BYTES_MAX) this.#controller?.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#error = { error };
    this.#wake?.();
  }

  /** What has come in, in pieces of some 256 KB where there is so much; on an error what came before it is given first. */
  async *read(): AsyncGenerator<Buffer, void> {
    try {
      for (;;) {
        const chunk = this.#take();
        if (chunk) yield chunk;
        else if (this.#error) throw this.#error.error;
        else if (this.#ended) return;
        else await this.#more();
      }
    } finally {
      if (!this.#ended && !this.#error) {
        this.#left();
        this.#controller?.abort(new Error('the reader left'));
      }
    }
  }

  #take(): Buffer | undefined {
    if (this.#chunks.length === 0) return undefined;
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#chunks) {
      if (bytes >= PIECE_BYTES) break;
      count++;
      bytes += length;
    }
    const chunk = join(this.#chunks.splice(0, count));
    this.#bytes -= bytes;
    if (this.#bytes <= STREAM_BYTES_MAX && this.#controller?.paused) this.#controller.resume();
    return chunk;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

const join = (chunks: readonly Buffer[]): Buffer => (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));

function flatten(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function toConnectionError(server: string, error: Error): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const detail = first instanceof Error && first.message !== '' ? first.message : (code ?? 'connection failed');
  return new ConnectionError(`cannot talk to ${server}: ${detail}`, { code, cause: error });
}
