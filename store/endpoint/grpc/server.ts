/**
 * The server's side of gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md) on Node's own HTTP/2: what etcd's clients use of it. Compression is not
 * offered; deadlines are the client's to keep, who ends the stream.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Logger } from '../../../runtime/index.ts';
import type { Method } from '../../rpc/index.ts';
import { StreamCall, type StreamHandler, trailers } from './call.ts';
import { Deframer, frame } from './framing.ts';
import { GRPC_CODE, type GrpcCode, GrpcError } from './status.ts';

interface UnaryRoute {
  readonly path: string;
  readonly answer: (request: Buffer) => Promise<Buffer>;
}

interface StreamRoute {
  readonly path: string;
  readonly open: (call: StreamCall) => void;
}

/** A method with what does it. */
export type Route = UnaryRoute | StreamRoute;

/** A method with one request and one answer; `sizeBytes` is the request's. */
export function unary<Q, QD, S, SD>(method: Method<Q, QD, S, SD>, answer: (request: Q, sizeBytes: number) => Promise<SD> | SD): Route {
  return { path: method.path, answer: async (bytes) => method.responseSerialize(await answer(decoded(method, bytes), bytes.length)) };
}

/** A method with a stream of answers, or of requests and answers. */
export function streaming<Q, QD, S, SD>(method: Method<Q, QD, S, SD>, open: (call: StreamCall) => StreamHandler<Q>): Route {
  return { path: method.path, open: (call) => call.start((bytes) => decoded(method, bytes), open(call)) };
}

function decoded<Q>(method: { requestDeserialize(bytes: Buffer): Q }, bytes: Buffer): Q {
  try {
    return method.requestDeserialize(bytes);
  } catch (error) {
    throw new GrpcError(GRPC_CODE.internal, `grpc: error while unmarshalling request: ${String(error)}`, { cause: error });
  }
}

/** What is counted. */
export interface CallObserver {
  onStarted(path: string): void;
  onFinished(path: string, code: GrpcCode): void;
}

export interface GrpcServerOptions {
  readonly routes: readonly Route[];
  readonly messageBytesMax: number;
  readonly observer: CallObserver;
  /** What an error of the parts behind is to a client. */
  readonly toGrpcError: (error: unknown) => GrpcError;
  readonly logger: Logger;
}

export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #calls = new Set<StreamCall>();
  #stopping: GrpcError | undefined;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#routes = new Map(options.routes.map((route) => [route.path, route]));
  }

  /** Whether a request is for this server. */
  static isCall(headers: IncomingHttpHeaders): boolean {
    return headers[':method'] === 'POST' && (headers['content-type'] ?? '').startsWith('application/grpc');
  }

  handle(stream: ServerHttp2Stream, path: string): void {
    // Why a client went away is the client's business; that it did, 'close' tells.
    stream.on('error', (error) => this.#options.logger.trace({ err: error, path }, 'stream broken off'));
    const route = this.#routes.get(path);
    if (!route) {
      refuse(stream, unknownMethod(path));
      return;
    }
    this.#options.observer.onStarted(path);
    if (this.#stopping) this.#refuse(stream, path, this.#stopping);
    else if ('answer' in route) this.#unary(stream, route);
    else this.#streaming(stream, route);
  }

  /** Ends the calls that would not end by themselves, and refuses new ones. */
  stop(reason: GrpcError): void {
    this.#stopping = reason;
    for (const call of this.#calls) call.finish(reason);
  }

  #unary(stream: ServerHttp2Stream, route: UnaryRoute): void {
    const deframer = new Deframer(this.#options.messageBytesMax);
    let request: Buffer | undefined;
    let refused = false;
    stream.on('data', (chunk: Buffer) => {
      if (refused) return;
      try {
        for (const message of deframer.push(chunk)) request ??= message;
      } catch (error) {
        refused = true;
        this.#refuse(stream, route.path, this.#options.toGrpcError(error));
      }
    });
    stream.on('end', () => {
      if (refused) return;
      if (request) this.#answer(stream, route, request);
      else this.#refuse(stream, route.path, new GrpcError(GRPC_CODE.internal, 'grpc: there was no whole request'));
    });
  }

  #answer(stream: ServerHttp2Stream, route: UnaryRoute, request: Buffer): void {
    route.answer(request).then(
      (answer) => {
        this.#options.observer.onFinished(route.path, GRPC_CODE.ok);
        reply(stream, frame(answer));
      },
      (error: unknown) => this.#refuse(stream, route.path, this.#options.toGrpcError(error)),
    );
  }

  #refuse(stream: ServerHttp2Stream, path: string, error: GrpcError): void {
    this.#options.observer.onFinished(path, error.code);
    refuse(stream, error);
  }

  #streaming(stream: ServerHttp2Stream, { path, open }: StreamRoute): void {
    const { messageBytesMax, observer, toGrpcError } = this.#options;
    const call = new StreamCall(stream, { messageBytesMax, toGrpcError, onFinished: (code) => observer.onFinished(path, code) });
    this.#calls.add(call);
    stream.on('close', () => this.#calls.delete(call));
    open(call);
  }
}

const OK_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
const WITH_TRAILERS = { waitForTrailers: true };
const OK_TRAILERS = { 'grpc-status': '0' };

function reply(stream: ServerHttp2Stream, framed: Buffer): void {
  if (stream.destroyed) return;
  stream.respond(OK_HEADERS, WITH_TRAILERS);
  stream.on('wantTrailers', () => stream.sendTrailers(OK_TRAILERS));
  stream.end(framed);
}

/** An answer without a message: headers and trailers in one. */
function refuse(stream: ServerHttp2Stream, error: GrpcError): void {
  if (stream.destroyed) return;
  stream.respond({ ...OK_HEADERS, ...trailers(error) }, { endStream: true });
  // What of the request has not come yet is not waited for.
  if (!stream.readableEnded) stream.resume();
}

/** As Go's gRPC server says it. */
function unknownMethod(path: string): GrpcError {
  const [, service = '', method = ''] = path.split('/');
  return new GrpcError(GRPC_CODE.unimplemented, `unknown method ${method} for service ${service}`);
}
