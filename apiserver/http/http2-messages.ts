import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { constants, type OutgoingHttpHeaders as Http2Headers, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from './messages.ts';

/** Statuses of answers that have no body (RFC 9110, 15.3.5, 15.4.5). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
/** What is said of a connection, which HTTP/2 does not say in headers (RFC 9113, 8.2.2). */
const OF_CONNECTIONS: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Told to who waits with a body. */
const CONTINUE = { ':status': 100 };

/** A request on a stream of HTTP/2. */
export class Http2Request implements HttpRequest {
  readonly headers: IncomingHttpHeaders;
  readonly #stream: ServerHttp2Stream;
  readonly #rawHeaders: readonly string[];
  /** Whether the client waits with its body until it is asked for it. */
  #waits: boolean;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#stream = stream;
    this.headers = headers;
    this.#rawHeaders = rawHeaders;
    this.#waits = headers.expect?.toLowerCase() === '100-continue';
  }

  /** Asks the client for it, if it waits for that, once somebody wants it. */
  get body(): ServerHttp2Stream {
    const stream = this.#stream;
    if (this.#waits && !stream.headersSent && !stream.destroyed && this.hasBody) stream.additionalHeaders(CONTINUE);
    this.#waits = false;
    return stream;
  }

  get method(): string | undefined {
    return this.#own(':method');
  }

  get url(): string | undefined {
    return this.#own(':path');
  }

  /** Without the method, the path and what else HTTP/2 has among them. */
  get rawHeaders(): readonly string[] {
    let own = 0;
    while (this.#rawHeaders[own]?.startsWith(':')) own += 2;
    return this.#rawHeaders.slice(own);
  }

  /** One for all requests of a connection. */
  get socket(): Socket | undefined {
    const { session } = this.#stream;
    return session?.destroyed === false ? session.socket : undefined;
  }

  get hasBody(): boolean {
    return !this.#stream.endAfterHeaders;
  }

  get complete(): boolean {
    return this.#stream.endAfterHeaders || this.#stream.readableEnded;
  }

  /** The stream is given up, the connection is not. */
  abandon(response: HttpResponse): void {
    response.once('finish', () => this.#stream.close(constants.NGHTTP2_NO_ERROR));
  }

  #own(name: string): string | undefined {
    const value = this.headers[name];
    return typeof value === 'string' ? value : undefined;
  }
}

/** An answer on a stream of HTTP/2. */
export class Http2Response implements HttpResponse {
  readonly isMultiplexed = true;
  readonly #stream: ServerHttp2Stream;
  readonly #isHead: boolean;
  #headers: Record<string, string | string[]> = {};
  #status = 200;

  constructor(stream: ServerHttp2Stream, isHead: boolean) {
    this.#stream = stream;
    this.#isHead = isHead;
  }

  get statusCode(): number {
    return this.#status;
  }

  get headersSent(): boolean {
    return this.#stream.headersSent;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  get writableLength(): number {
    return this.#stream.writableLength;
  }

  get writableEnded(): boolean {
    return this.#stream.writableEnded;
  }

  get writableFinished(): boolean {
    return this.#stream.writableFinished;
  }

  get sink(): NodeJS.WritableStream {
    return this.#stream;
  }

  get shouldKeepAlive(): boolean {
    return this.#stream.session?.closed === false;
  }

  /** As Go's server does for an answer that is to close the connection: no new streams, those that are open go on. */
  set shouldKeepAlive(keep: boolean) {
    if (!keep) this.#stream.session?.close();
  }

  getHeader(name: string): string | string[] | undefined {
    return this.#headers[name.toLowerCase()];
  }

  setHeader(name: string, value: string | number): void {
    this.#headers[name.toLowerCase()] = String(value);
  }

  writeHead(status: number, headers: OutgoingHttpHeaders | string[]): void {
    this.#status = status;
    if (Array.isArray(headers)) for (let i = 0; i + 1 < headers.length; i += 2) this.#add(headers[i] ?? '', headers[i + 1] ?? '');
    else for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.#add(name, value);
    if (this.destroyed) return;
    const all: Http2Headers = this.#headers;
    all[':status'] = status;
    this.#stream.respond(all, { endStream: this.#isHead || WITHOUT_BODY.has(status) });
  }

  flushHeaders(): void {
    // The head is sent when it is written.
  }

  write(chunk: Buffer): boolean {
    return this.#isOpen ? this.#stream.write(chunk) : true;
  }

  end(chunk?: Buffer | string): void {
    if (!this.#isOpen) return;
    if (chunk === undefined) this.#stream.end();
    else this.#stream.end(chunk);
  }

  destroy(error?: Error): void {
    if (error) this.#stream.destroy(error);
    else this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  once(event: 'drain' | 'finish' | 'close', listener: () => void): void {
    this.#stream.once(event, listener);
  }

  off(event: 'drain' | 'finish' | 'close', listener: () => void): void {
    this.#stream.off(event, listener);
  }

  get #isOpen(): boolean {
    return this.#stream.writable && !this.destroyed;
  }

  #add(name: string, value: string | number | readonly string[]): void {
    const lower = name.toLowerCase();
    if (OF_CONNECTIONS.has(lower)) return;
    const values = Array.isArray(value) ? value.map(String) : [String(value)];
    const before = this.#headers[lower];
    this.#headers[lower] =
      before === undefined && values.length === 1 ? (values[0] ?? '') : [...(before === undefined ? [] : [before].flat()), ...values];
  }
}
