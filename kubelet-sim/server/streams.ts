import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { type Clock, type Logger, writeApart } from '../../runtime/index.ts';
import type { Connection } from '../runtime/cri.ts';
import {
  CHANNEL_PROTOCOLS,
  type Forward,
  forwardOverChannels,
  forwardOverSpdy,
  PORT_FORWARD_PROTOCOL,
  TUNNEL_PROTOCOLS,
} from './port-forward.ts';
import type { RemoteCommand } from './remote-command.ts';
import { RequestError } from './request-error.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';
import { runOverSpdy, SPDY_COMMAND_PROTOCOLS } from './spdy-command.ts';
import { COMMAND_PROTOCOLS, runOverWebSocket } from './web-socket-command.ts';

/** A request to switch over, as Node hands it out. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** What a connection is to be used for. */
export type StreamPurpose =
  | { readonly command: RemoteCommand }
  | { readonly forward: Forward; readonly ports: readonly number[] }
  | { readonly connection: Connection };

/** Those that carry several streams. */
type OfStreams = Exclude<StreamPurpose, { connection: Connection }>;

/**
 * Turns upgrade requests into streams, as a kubelet does for exec, attach and portForward.
 *
 * ```
 * WebSocket, v5 … channel.k8s.io     a command                    kubectl since 1.31, client libraries
 * SPDY/3.1, v4 … channel.k8s.io      a command                    kubectl before
 * WebSocket, SPDY/3.1+portforward    SPDY frames, as below        kubectl since 1.31
 * SPDY/3.1, portforward              a pair of streams each       kubectl before
 * WebSocket, v4.channel.k8s.io       a pair of channels each      client libraries
 * tcp                                bytes                        our API server, to webhooks in pods
 * ```
 */
export class StreamServer {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sockets = new Set<Duplex>();
  readonly #commands = new WebSocketServer({ noServer: true, handleProtocols: choiceOf([...COMMAND_PROTOCOLS.keys()]) });
  readonly #forwards = new WebSocketServer({ noServer: true, handleProtocols: choiceOf([...TUNNEL_PROTOCOLS, ...CHANNEL_PROTOCOLS]) });

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Takes over an upgrade request. @throws RequestError when the client speaks nothing that is known here. */
  serve(upgrade: Upgrade, purpose: StreamPurpose): void {
    this.#sockets.add(upgrade.socket);
    upgrade.socket.once('close', () => this.#sockets.delete(upgrade.socket));
    const asked = (upgrade.request.headers.upgrade ?? '').toLowerCase();
    if ('connection' in purpose) this.#serveBytes(upgrade, purpose.connection);
    else if (asked === 'websocket') this.#serveWebSocket(upgrade, purpose);
    else if (asked === 'spdy/3.1') this.#serveSpdy(upgrade, purpose);
    else throw new RequestError(400, 'Upgrade request required');
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#commands.close();
    this.#forwards.close();
  }

  #serveWebSocket({ request, socket, head }: Upgrade, purpose: OfStreams): void {
    const server = 'command' in purpose ? this.#commands : this.#forwards;
    const offered = request.headers['sec-websocket-protocol'];
    if (offered !== undefined) request.headers['sec-websocket-protocol'] = tokenOf(offered);
    writeApart(socket);
    server.handleUpgrade(request, socket, head, (client) => {
      const ended = 'command' in purpose ? runOverWebSocket(client, purpose.command, this.#clock) : forwardOverWebSocket(client, purpose);
      this.#follow(ended, () => client.terminate());
    });
  }

  #serveSpdy({ request, socket, head }: Upgrade, purpose: OfStreams): void {
    const known = 'command' in purpose ? SPDY_COMMAND_PROTOCOLS : [PORT_FORWARD_PROTOCOL];
    const protocol = negotiate(request, known);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
    );
    if (head.length > 0) socket.unshift(head);
    const open = (onStream: (stream: SpdyStream) => void) => new SpdyConnection(socket, onStream);
    if ('forward' in purpose) forwardOverSpdy(open, purpose.forward);
    else this.#follow(runOverSpdy(open, purpose.command, { protocol, clock: this.#clock }), () => socket.destroy());
  }

  #serveBytes({ socket, head }: Upgrade, connection: Connection): void {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    const ended = connection.pipe(socket, (chunk) => socket.write(chunk)).then(() => void socket.end());
    this.#follow(ended, () => socket.destroy());
  }

  #follow(work: Promise<void>, end: () => void): void {
    work.catch((error: unknown) => {
      this.#logger.debug({ err: error }, 'streaming connection broken off');
      end();
    });
  }
}

function forwardOverWebSocket(client: WebSocket, { forward, ports }: Extract<StreamPurpose, { forward: Forward }>): Promise<void> {
  const isTunnel = TUNNEL_PROTOCOLS.some((protocol) => protocol === client.protocol);
  if (!isTunnel) return forwardOverChannels(client, ports, forward);
  const duplex = createWebSocketStream(client);
  forwardOverSpdy((onStream) => new SpdyConnection(duplex, onStream), forward);
  return Promise.resolve();
}

/** A protocol's name as HTTP allows names: upstream's has a slash in it. */
const tokenOf = (name: string): string => name.replaceAll('SPDY/3.1+', 'spdy3.1.');

const choiceOf =
  (known: readonly string[]) =>
  (offered: Set<string>): string | false =>
    known.find((protocol) => offered.has(tokenOf(protocol))) ?? false;

/** The protocol spoken over SPDY. @throws RequestError (403), as upstream, when client and server have none in common. */
function negotiate(request: IncomingMessage, known: readonly string[]): string {
  const offered = (request.headersDistinct['x-stream-protocol-version'] ?? [])
    .flatMap((line) => line.split(','))
    .map((text) => text.trim());
  const oldest = known.at(-1) ?? '';
  const chosen = offered.length === 0 ? oldest : known.find((protocol) => offered.includes(protocol));
  if (chosen !== undefined) return chosen;
  throw new RequestError(
    403,
    `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${known.join(' ')}]`,
  );
}
