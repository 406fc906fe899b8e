// Requests and answers, alike for HTTP/1.1 and HTTP/2.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Clock } from '../../runtime/index.ts';

/** A request. */
export interface HttpRequest {
  readonly method?: string | undefined;
  /** The path and the query. */
  readonly url?: string | undefined;
  /** By names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** The connection; undefined once it is gone. */
  readonly socket: Socket | undefined;
  /** Whether it has a body, of whatever length. */
  readonly hasBody: boolean;
  /** The body, to be read once. */
  readonly body: Readable;
  /** Whether the body has come to its end. */
  readonly complete: boolean;
  /** No more of the body is read than was read, once the answer is out. */
  abandon(response: HttpResponse, clock: Clock): void;
}

/** What of a request may say who sends it. */
export type RequestOrigin = Pick<HttpRequest, 'url' | 'headers' | 'rawHeaders' | 'socket'>;

/** An answer. */
export interface HttpResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  /** Whether nobody is there any more who could be answered. */
  readonly destroyed: boolean;
  /** Bytes that wait to be sent. */
  readonly writableLength: number;
  readonly writableFinished: boolean;
  /** Whether all of it was given, out or not. */
  readonly writableEnded: boolean;
  /** Set to false, the connection is not used for other requests afterwards. */
  shouldKeepAlive: boolean;
  /** Whether other requests may be under way on the same connection: HTTP/2. */
  readonly isMultiplexed?: boolean | undefined;
  /** Whether what is written goes out in chunks; never in HTTP/2. */
  readonly chunkedEncoding?: boolean | undefined;
  /** The connection, where it may be written to in chunks. */
  readonly socket?: Socket | null | undefined;
  /** What a stream of bytes can be piped into, once the head is written. */
  readonly sink: NodeJS.WritableStream;
  getHeader(name: string): unknown;
  setHeader(name: string, value: string | number): unknown;
  /** @param headers by name, or names and values in turn. */
  writeHead(status: number, headers: OutgoingHttpHeaders | string[]): unknown;
  flushHeaders(): void;
  /** @returns false when `drain` should be waited for. */
  write(chunk: Buffer): boolean;
  end(chunk?: Buffer | string): unknown;
  destroy(error?: Error): unknown;
  /** `finish`: all is handed over; `close`: it is over, whether finished or not. */
  once(event: 'drain' | 'finish' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'finish' | 'close', listener: () => void): unknown;
}

/** A connection whose client asked to speak something else than HTTP. */
export interface Upgrade {
  readonly socket: Socket;
  /** What the client sent already behind its request. */
  readonly head: Buffer;
  /** Takes the connection from the answer, which is not going to be given. */
  detach(): void;
}

/** Answers a request; `upgrade` is there when the client wants to speak something else. */
export type HandleRequest = (request: HttpRequest, response: HttpResponse, upgrade?: Upgrade) => void;

/** Answers with what another server's answer has as its body; resolves when it is out, or broken off. */
export function pipeAnswer(answer: Readable, response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', () => {
      answer.destroy();
      resolve();
    });
    answer.once('error', () => response.destroy());
    answer.once('aborted', () => response.destroy());
    answer.pipe(response.sink);
  });
}
