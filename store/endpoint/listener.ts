/**
 * A port on which gRPC (HTTP/2) and plain HTTP/1 are both served, with TLS or without: the first bytes of a connection say which it is.
 *
 * ```
 *   net or TLS server --connection--> first bytes "PRI"? --yes--> HTTP/2 server
 *                                                        --no---> HTTP/1 server
 * ```
 */

import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Clock, serveWith, trusting, UserError } from '../../runtime/index.ts';
import { EMPTY_SETTINGS, Http2Opening, type OpeningStep } from './http2/opening.ts';

/** How HTTP/2 begins (RFC 9113, 3.4), as far as no method of HTTP/1 begins so. */
const HTTP2_PREFACE = 'PRI';
/** How long a connection may take to say anything. */
const SILENCE_MS_MAX = 10_000;
const PORT_MAX = 65_535;

/** Certificates of the https URLs, in PEM. */
export interface EndpointTls {
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate of one of these. */
  readonly clientCa?: string | undefined;
  /** Clients must show a certificate; of a well-known CA unless `clientCa` names others. */
  readonly clientCertAuth?: boolean | undefined;
}

/** An URL to listen on. */
export interface ListenUrl {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

/** @throws UserError when it is no URL that can be listened on. */
export function parseListenUrl(text: string): ListenUrl {
  const match = /^(https?):\/\/(\[[0-9a-fA-F:]+\]|[^:/[\]]+):(\d+)\/?$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > PORT_MAX) throw new UserError(`cannot listen on "${text}": give a URL such as http://127.0.0.1:2379`);
  return { secure: match[1] === 'https', host: (match[2] ?? '').replace(/^\[|\]$/g, ''), port };
}

export interface ListenerOptions {
  readonly url: ListenUrl;
  readonly tls: EndpointTls | undefined;
  readonly http1: HttpServer;
  readonly http2: Http2Server;
  readonly clock: Clock;
}

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those that have not said yet what they want. */
  readonly #opening = new Set<Socket>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = options.url.secure ? secureServer(options.tls) : createServer();
    this.#server.on(options.url.secure ? 'secureConnection' : 'connection', (socket: Socket) => this.#onConnection(socket));
  }

  /** With the port that it really is. */
  get url(): string {
    const { secure, host } = this.#options.url;
    const { port } = this.#server.address() as AddressInfo;
    return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  start(): Promise<void> {
    const { host, port } = this.#options.url;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const taken = 'code' in cause && cause.code === 'EADDRINUSE';
        const why = taken ? 'the port is in use; choose another with --listen-client-urls, or 0 for a free one' : cause.message;
        reject(new UserError(`cannot listen on ${host}:${port}: ${why}`, { cause }));
      });
      this.#server.listen(port, host, () => resolve());
    });
  }

  /** Takes no more connections. */
  close(): void {
    if (this.#server.listening) this.#server.close();
    for (const socket of this.#opening) socket.destroy();
  }

  /** Ends the connections there are. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves once there are no connections. */
  async idle(): Promise<void> {
    for (const socket of this.#sockets) if (!socket.closed) await once(socket, 'close').catch(() => socket.destroy());
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    this.#opening.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#opening.delete(socket);
    });
    // A connection that breaks is closed, and that is all there is to do about it.
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const timer = this.#options.clock.setTimer(SILENCE_MS_MAX, () => socket.destroy());
    socket.on('close', () => timer.cancel());
    const hand = (bytes: Buffer, to: HttpServer | Http2Server) => {
      socket.off('readable', onReadable);
      timer.cancel();
      this.#opening.delete(socket);
      socket.unshift(bytes);
      to.emit('connection', socket);
    };
    const opening = new Opening();
    const onReadable = () => {
      for (let bytes: Buffer | null = socket.read(); bytes !== null; bytes = socket.read()) {
        const step = opening.push(bytes);
        if (step.type === 'http1') return hand(step.bytes, this.#options.http1);
        if (step.type === 'done') return hand(step.bytes, this.#options.http2);
        if (step.type !== 'answer') continue;
        socket.write(EMPTY_SETTINGS);
        // An HTTP/2 connection may be silent.
        timer.cancel();
      }
    };
    socket.on('readable', onReadable);
  }
}

/** Tells HTTP/1 from HTTP/2, by as many bytes as it takes. */
class Opening {
  #first: Buffer = Buffer.alloc(0);
  #http2: Http2Opening | undefined;

  push(chunk: Buffer): OpeningStep | { readonly type: 'http1'; readonly bytes: Buffer } {
    if (this.#http2) return this.#http2.push(chunk);
    this.#first = Buffer.concat([this.#first, chunk]);
    const head = this.#first.toString('latin1', 0, HTTP2_PREFACE.length);
    if (head !== HTTP2_PREFACE) return HTTP2_PREFACE.startsWith(head) ? { type: 'wait' } : { type: 'http1', bytes: this.#first };
    this.#http2 = new Http2Opening();
    return this.#http2.push(this.#first);
  }
}

function secureServer(tls: EndpointTls | undefined): Server {
  if (!tls) throw new UserError('an https URL needs a certificate and its key: give --cert-file and --key-file');
  const { cert, key, clientCa, clientCertAuth = false } = tls;
  // A CA of clients alone means that they are asked for certificates too, as in etcd (client/pkg/transport/listener.go).
  const asked = clientCertAuth || clientCa !== undefined;
  try {
    const server = createTlsServer({ requestCert: asked, rejectUnauthorized: asked, ALPNProtocols: ['h2', 'http/1.1'] });
    serveWith(server, { cert, key, ...trusting(clientCa), minVersion: 'TLSv1.2' });
    return server;
  } catch (cause) {
    throw new UserError(`the certificate cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
