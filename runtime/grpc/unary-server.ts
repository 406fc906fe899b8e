import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { CODE, GrpcError } from './grpc-error.ts';
import type { Method } from './method.ts';
import { frameOf, messageIn } from './unary-frame.ts';

/** A method with what does it. */
export interface UnaryHandler {
  readonly path: string;
  answer(request: Buffer): Promise<Buffer>;
}

/** Has a function answer a method; a GrpcError that it throws is the answer, any other is one of code Unknown. */
export const handling = <Q, QD, S, SD>(method: Method<Q, QD, S, SD>, answer: (request: Q) => Promise<SD> | SD): UnaryHandler => ({
  path: method.path,
  answer: async (bytes) => method.responseSerialize(await answer(method.requestDeserialize(bytes))),
});

const OK = { ':status': 200, 'content-type': 'application/grpc' };

/** Answers calls of one request and one answer, on connections that somebody else takes. */
export class UnaryServer {
  readonly #handlers: ReadonlyMap<string, UnaryHandler>;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(handlers: readonly UnaryHandler[]) {
    this.#handlers = new Map(handlers.map((handler) => [handler.path, handler]));
  }

  accept(connection: Duplex): void {
    const session = performServerHandshake(connection);
    this.#sessions.add(session);
    session.on('error', () => undefined); // 'close' follows
    session.on('close', () => this.#sessions.delete(session));
    session.on('stream', (stream, { ':path': path = '' }) => {
      stream.on('error', () => undefined); // the client has gone
      this.#serve(stream, path).catch((error: unknown) => refuse(stream, error));
    });
  }

  /** Ends all connections. */
  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async #serve(stream: ServerHttp2Stream, path: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    const handler = this.#handlers.get(path);
    const [, service = '', name = ''] = path.split('/');
    if (!handler) throw new GrpcError(CODE.unimplemented, `unknown method ${name} for service ${service}`);
    const request = messageIn(Buffer.concat(chunks));
    if (!request) throw new GrpcError(CODE.internal, 'cardinality violation: received no request message from non-client-streaming RPC');
    const answer = await handler.answer(request);
    if (stream.destroyed) return;
    stream.respond(OK, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frameOf(answer));
  }
}

function refuse(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed) return;
  const { number = CODE.unknown, details = error instanceof Error ? error.message : String(error) } =
    error instanceof GrpcError ? error : {};
  stream.respond({ ...OK, 'grpc-status': String(number), 'grpc-message': encodeURIComponent(details) }, { endStream: true });
}
