// The HTTPS server that the API server is reached by, with the answers and limits of Go's.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext, TLSSocket } from 'node:tls';
import {
  type Clock,
  type NamedCertificate,
  namedContexts,
  serveWith,
  type TlsLimits,
  tlsLimits,
  trusting,
  UserError,
} from '../../runtime/index.ts';
import { Http1Request, Http1Response } from './http1.ts';
import { createHttp2 } from './http2.ts';
import type { HandleRequest } from './messages.ts';

/** Connections that are silent for longer are closed; longer than any client waits between two requests. */
const KEEP_ALIVE_MS = 180_000;
/** How long a client may take to send a request's headers. */
const HEADERS_TIMEOUT_MS = 32_000;
/** Bytes of a request's first line and headers: what Go's server takes by default, with its reserve. */
const HEADER_BYTES_MAX = 1024 * 1024 + 4096;

/** What Go's server says to what is no request that it would read, and ends the connection. */
const refusal = (status: string) => `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
const NOT_HTTP = refusal('400 Bad Request');
const TOO_LONG = refusal('431 Request Header Fields Too Large');

/** PEMs of the serving side, and of the CA of client certificates. */
export interface ServingTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
  /** For clients that ask for other names. */
  readonly named?: readonly NamedCertificate[] | undefined;
}

/** What can be set of the server. */
export interface HttpOptions {
  /** Streams that a client may have open on one connection of HTTP/2. */
  readonly streamsMax: number;
  /** Whether a client of HTTP/2 is to connect anew after a request; never unless given. */
  readonly movesOn?: (() => boolean) | undefined;
  /** What connections may be made with; what Go serves by itself unless given. */
  readonly tlsLimits?: TlsLimits | undefined;
  /** Whether clients may speak HTTP/2; they may unless given. */
  readonly http2?: boolean | undefined;
  readonly clock: Clock;
}

/** A server that is listening, or will be. */
export interface HttpServer {
  /** Where it listens; undefined until it does. */
  readonly port: number | undefined;
  listen(host: string, port: number): Promise<void>;
  /** Serves new connections with other certificates, for names only if it began with some, and takes client certificates of other CAs. */
  serveWith(tls: ServingTls): void;
  /** Takes no connections any more, and closes those on which nothing is being answered; resolves when the others are done. */
  close(): Promise<void>;
  /** Ends all connections at once. */
  destroy(): void;
  /** How many connections were given up before TLS was agreed upon. */
  handshakeErrors(): number;
}

/**
 * Every request goes to one function, which knows what there is at which path and whether it may have a body. Clients that offer HTTP/2 are answered
 * in it; who wants to switch to another protocol comes with HTTP/1.1.
 */
export function createHttpServer(
  tls: ServingTls,
  handleRequest: HandleRequest,
  { streamsMax, movesOn, tlsLimits: limits = tlsLimits('VersionTLS12', []), http2: hasHttp2 = true, clock }: HttpOptions,
): HttpServer {
  const handle = withOwnOptions(handleRequest);
  /** Clients are trusted whatever the certificate. */
  const contextsWith = ({ cert, clientCa, named = [] }: ServingTls) =>
    namedContexts(named, cert, (certificate) => ({ ...secureContext({ ...certificate, clientCa }), ...limits }));
  let contextOf = contextsWith(tls);
  const options = {
    ...(tls.named?.length ? { SNICallback: contextFor } : {}),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: hasHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    maxHeaderSize: HEADER_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    IncomingMessage: Http1Request,
    ServerResponse: Http1Response,
  };
  function contextFor(name: string, done: (error: null, context?: SecureContext) => void): void {
    done(null, contextOf(name));
  }
  /** Connections that were told already why what comes on them is not read. */
  const answered = new WeakSet<Duplex>();
  const server = https.createServer(options, (request, response) => {
    if (!isEncodedOtherwise(request)) return handle(request, response);
    answered.add(request.socket);
    response.writeHead(501, NOT_TO_BE_READ).end('Unsupported transfer encoding');
  });
  serveWith(server, { ...secureContext(tls), ...limits });
  server.maxHeadersCount = 0; // all of them: none is left out
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = 0;
  hearExpectations(server, handle);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (answered.has(socket)) return; // it is closed once the answer is written
    if (socket.writable) socket.end(error.code === 'HPE_HEADER_OVERFLOW' ? TOO_LONG : NOT_HTTP);
    else socket.destroy();
  });
  const handshakes = countFailures(server);
  const http2 = createHttp2(handle, { streamsMax, movesOn, headerBytesMax: HEADER_BYTES_MAX, idleMs: KEEP_ALIVE_MS, clock });
  const http1 = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') {
      http2.take(socket);
      return;
    }
    for (const speak of http1) speak.call(server, socket);
    // A parser that is fed by the connection itself is fed on while it is paused, which it takes for an error: a large request right behind a
    // large answer would be refused. With a listener the data goes through the stream, which waits.
    socket.on('data', ignore);
  });
  const upgraded = takeUpgrades(server, handle);
  return {
    get port() {
      const address = server.address();
      return typeof address === 'object' ? address?.port : undefined;
    },
    handshakeErrors: () => handshakes.failed,
    listen: async (host, port) => {
      server.listen({ host, port });
      await once(server, 'listening');
    },
    serveWith: (other) => {
      contextOf = contextsWith(other);
      serveWith(server, { ...secureContext(other), ...limits });
    },
    close: async () => {
      for (const socket of upgraded) socket.destroy();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      http2.close();
      await closed;
    },
    destroy: () => {
      server.closeAllConnections();
      http2.destroy();
    },
  };
}

/** Counts connections that are given up before TLS is agreed upon. */
function countFailures(server: https.Server<typeof Http1Request, typeof Http1Response>): { readonly failed: number } {
  const handshakes = { failed: 0 };
  server.on('tlsClientError', () => handshakes.failed++);
  return handshakes;
}

/** What is asked of the server as a whole (`OPTIONS *`) it answers by itself, as Go's does. */
const withOwnOptions =
  (handle: HandleRequest): HandleRequest =>
  (request, response, upgrade) => {
    if (request.method !== 'OPTIONS' || request.url !== '*') return handle(request, response, upgrade);
    response.writeHead(200, { 'Content-Length': '0' });
    response.end();
  };

/** @returns the connections that HTTP is done with, or may be soon: the server does not close them. */
function takeUpgrades(server: https.Server<typeof Http1Request, typeof Http1Response>, handle: HandleRequest): ReadonlySet<Duplex> {
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request, socket: Socket, head: Buffer) => {
    socket.off('data', ignore);
    const response = new Http1Response(request);
    response.assignSocket(socket);
    response.shouldKeepAlive = false;
    response.once('finish', () => socket.end().resume());
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    socket.on('error', () => socket.destroy());
    handle(request, response, { socket, head, detach: () => response.detachSocket(socket) });
  });
  return upgraded;
}

/** Clients that wait with a body until they are told to send it, and those that expect what there is not. */
function hearExpectations(server: https.Server<typeof Http1Request, typeof Http1Response>, handle: HandleRequest): void {
  server.on('checkContinue', (request, response) => {
    request.waitFor(() => response.writeContinue());
    handle(request, response);
  });
  server.on('checkExpectation', (request, response) => {
    if (request.headers.expect === '') handle(request, response);
    else response.writeHead(417, { Connection: 'close', 'Content-Length': '0' }).end();
  });
}

const NOT_TO_BE_READ = { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' };

/** Whether a body comes in another form than in chunks, which are all that is known. */
const isEncodedOtherwise = ({ headers: { 'transfer-encoding': encoding } }: Http1Request): boolean =>
  encoding !== undefined && encoding.toLowerCase() !== 'chunked';

const ignore = (): void => undefined;

/** TLS sessions can be resumed across restarts of a server with the same key, as long as it trusts the same clients. */
const secureContext = ({ cert, key, clientCa = '' }: ServingTls) => ({
  cert,
  key,
  ...trusting(clientCa),
  ticketKeys: createHash('sha384').update(key).update(clientCa).digest(),
});

/** What to change when the server cannot listen. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return new UserError(`port ${port} on ${host} is in use; choose another with --secure-port (0 picks a free one)`);
  if (code === 'EACCES')
    return new UserError(`port ${port} on ${host} may not be used by this user; choose one above 1023 with --secure-port`);
  if (code === 'EADDRNOTAVAIL') return new UserError(`address ${host} is not one of this machine's; choose another with --bind-address`);
  return error;
}
