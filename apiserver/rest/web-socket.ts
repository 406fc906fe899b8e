import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { apiError } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { WatchStream } from '../watch-cache/watch-client.ts';

/** Whether a client wants to be answered over a WebSocket. */
export const asksForWebSocket = ({ request, upgrade }: Exchange): boolean =>
  upgrade !== undefined && request.headers.upgrade?.toLowerCase() === 'websocket';

/** A token may be sent as if it were a protocol. */
const TOKEN = 'base64url.bearer.authorization.k8s.io.';

/** The protocols that a client offers, without its token. */
const offered = ({ request }: Exchange): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith(TOKEN));

interface Accepted {
  readonly client: WebSocket;
  readonly socket: Socket;
  /** Resolves when the connection is no more. */
  readonly closed: Promise<void>;
}

/** What a client says that shakes hands as RFC 6455 has it. */
const isHandshake = ({ headers }: Exchange['request']): boolean =>
  /^[+/0-9a-z]{22}==$/i.test(headers['sec-websocket-key'] ?? '') && headers['sec-websocket-version'] === '13';

/**
 * Switches a client's connection over; the protocol is one that it offers. Nothing is awaited.
 *
 * @throws ApiError (400) when the client does not shake hands as it should.
 */
function accept({ request, upgrade }: Exchange, protocol: string | undefined): Accepted {
  if (!upgrade || !isHandshake(request)) throw apiError.badRequest('not a WebSocket handshake');
  const { socket, head } = upgrade;
  const { headers, method } = request;
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => protocol ?? false });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  const clients: WebSocket[] = [];
  upgrade.detach();
  server.handleUpgrade({ headers, method } as IncomingMessage, socket, head, (accepted) => clients.push(accepted));
  const [client] = clients;
  if (!client) throw new Error('the WebSocket was not accepted');
  client.on('error', () => socket.destroy());
  return { client, socket, closed };
}

/** How connections are closed when all has been said (RFC 6455, 7.4.1), as Go's x/net/websocket does. */
const NORMAL = 1000;

/** How the bytes of a stream are put into messages; a client that names no protocol is sent bytes. */
const BYTE_PROTOCOLS: ReadonlyMap<string, (bytes: Buffer) => Buffer | string> = new Map<string, (bytes: Buffer) => Buffer | string>([
  ['binary.k8s.io', (bytes) => bytes],
  ['base64.binary.k8s.io', (bytes) => bytes.toString('base64')],
]);

/** The most bytes of a stream in a message. */
const MESSAGE_BYTES_MAX = 2048;

/**
 * Answers with a stream in messages: an empty one first, which says that it has begun. Upstream: `wsstream.Reader`,
 * `k8s.io/apiserver/pkg/util/wsstream`.
 *
 * @throws ApiError (403) when the client offers only protocols that are not known.
 */
export async function streamOverWebSocket(exchange: Exchange, stream: Readable): Promise<void> {
  const names = offered(exchange);
  const protocol = names.find((name) => BYTE_PROTOCOLS.has(name));
  const message = BYTE_PROTOCOLS.get(protocol ?? (names.length === 0 ? 'binary.k8s.io' : ''));
  if (!message) {
    stream.destroy();
    const why = `requested protocol(s) are not supported: [${names.join(' ')}]; supports [ ${[...BYTE_PROTOCOLS.keys()].join(' ')}]`;
    throw apiError.custom({ code: 403, reason: 'Forbidden', message: why });
  }
  const { client, socket, closed } = accept(exchange, protocol);
  socket.once('close', () => stream.destroy());
  client.send(message(Buffer.alloc(0)));
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      for (let at = 0; at < bytes.length; at += MESSAGE_BYTES_MAX) client.send(message(bytes.subarray(at, at + MESSAGE_BYTES_MAX)));
      if (socket.writableNeedDrain) await Promise.race([new Promise<void>((resolve) => void socket.once('drain', resolve)), closed]);
    }
  } catch {
    // The kubelet is gone, or the client: either way this is the end of it.
  }
  client.close(NORMAL);
  await closed;
}

/** What `url.ParseRequestURI` takes: a path, or whatever has a scheme. */
const ORIGIN = /^(?:\*$|\/|[a-z][+.0-9a-z-]*:)/i;

/** A watch over a WebSocket: each event is a message, a text unless it is protobuf. */
export class WatchSocket implements WatchStream {
  readonly #client: WebSocket;
  readonly #socket: Socket;
  readonly #isText: boolean;
  /** Resolves when the connection is no more. */
  readonly closed: Promise<void>;

  private constructor({ client, socket, closed }: Accepted, isText: boolean) {
    this.#client = client;
    this.#socket = socket;
    this.#isText = isText;
    this.closed = closed;
  }

  /**
   * Switches over at once.
   *
   * @throws ApiError (403) when the client does not say where it comes from (`checkOrigin` of Go's x/net/websocket, which upstream's watches
   * have and its streams have not); (400) when it does not shake hands as it should.
   */
  static open(exchange: Exchange, isText: boolean): WatchSocket {
    const { request } = exchange;
    if (isHandshake(request) && !ORIGIN.test(request.headers.origin ?? ''))
      throw apiError.custom({ code: 403, reason: 'Forbidden', message: 'null origin' });
    return new WatchSocket(accept(exchange, offered(exchange)[0]), isText);
  }

  get writableLength(): number {
    return this.#client.bufferedAmount;
  }

  /** Writes any number of whole frames. */
  write(frames: Buffer): boolean {
    for (const message of this.#isText ? lines(frames) : counted(frames)) this.#client.send(message, { binary: !this.#isText });
    return !this.#socket.writableNeedDrain;
  }

  once(event: 'drain' | 'close', listener: () => void): void {
    this.#socket.once(event, listener);
  }

  off(event: 'drain' | 'close', listener: () => void): void {
    this.#socket.off(event, listener);
  }

  end(): void {
    this.#client.close(NORMAL);
  }

  destroy(): void {
    this.#client.terminate();
  }
}

const NEWLINE = 0x0a;

function* lines(frames: Buffer): Iterable<Buffer> {
  for (let at = 0; at < frames.length; ) {
    const found = frames.indexOf(NEWLINE, at);
    const end = found < 0 ? frames.length : found + 1;
    yield frames.subarray(at, end);
    at = end;
  }
}

const LENGTH_BYTES = 4;

/** Frames with their lengths before them. */
function* counted(frames: Buffer): Iterable<Buffer> {
  for (let at = 0; at + LENGTH_BYTES <= frames.length; ) {
    const start = at + LENGTH_BYTES;
    at = start + frames.readUInt32BE(at);
    yield frames.subarray(start, at);
  }
}
