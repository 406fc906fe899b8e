import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, HealthSlis, type Logger, type Service, serveWith, trusting, UserError } from '../../runtime/index.ts';
import { PEER_PROTOCOL } from '../peers/peer-protocol.ts';
import type { KubeletAccess } from './access.ts';
import { type Call, callOf, containerOf, nodeNameOf, nodeOf, podOf } from './call.ts';
import { checkpoint } from './checkpoint.ts';
import { openLog } from './container-logs.ts';
import { checkEnabled } from './disabled.ts';
import { serveHealth, serveSlis } from './healthz.ts';
import { countRequest, whenAnswered } from './http-counts.ts';
import { parseLogOptions } from './log-options.ts';
import { logText } from './log-text.ts';
import { serveNodeLogs } from './node-logs.ts';
import { proxyToPod } from './pod-proxy.ts';
import { REPORTS } from './reports.ts';
import { NO_PAGE, RequestError, UntypedError } from './request-error.ts';
import { checkRoute, MethodNotAllowed, movedTo } from './routes.ts';
import type { ServedNodes } from './served-nodes.ts';
import type { ServerIdentity } from './server-identity.ts';
import { purposeOf, runOnce } from './stream-purpose.ts';
import { StreamServer, type Upgrade } from './streams.ts';

/** A command that is to be run is in the request's line: as much as Go's server takes. */
const HEADER_BYTES_MAX = 1024 * 1024;

/** What is served over connections that are switched over, and over no other. */
const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portForward']);

const SLIS = '/metrics/slis';

/** How long a connection is kept that nobody uses: upstream's `IdleTimeout`, `pkg/kubelet/server`. */
const IDLE_MS = 90_000;

export interface KubeletServerOptions {
  readonly address: string;
  readonly port: number;
  readonly advertiseAddress: string;
  /** CA of client certificates, as PEM; without it nobody is known by one. */
  readonly clientCa: string | undefined;
  readonly identity: ServerIdentity;
  /** Takes over connections of other processes, whose pods reach ours. */
  readonly acceptPeer?: ((socket: Duplex) => Promise<void>) | undefined;
  readonly access: KubeletAccess;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodes: ServedNodes;
}

export interface KubeletServer extends Service {
  readonly url: string | undefined;
  readonly port: number;
}

/** The HTTPS server of all kubelets of a process: logs, exec, attach, port forwarding, statistics (upstream `pkg/kubelet/server/server.go`). */
export function createKubeletServer(options: KubeletServerOptions): KubeletServer {
  return new SharedServer(options);
}

class SharedServer implements KubeletServer {
  readonly #options: KubeletServerOptions;
  readonly #server: Server;
  readonly #streams: StreamServer;
  /** How health came out, by node; '' is for all together. */
  readonly #slis = new Map<string, HealthSlis>();
  #port = 0;

  constructor(options: KubeletServerOptions) {
    this.#options = options;
    this.#streams = new StreamServer(options);
    const { key, cert } = options.identity;
    this.#server = createTlsServer({ requestCert: true, rejectUnauthorized: false, maxHeaderSize: HEADER_BYTES_MAX });
    serveWith(this.#server, { key, cert, ...trusting(options.clientCa) });
    this.#server.keepAliveTimeout = IDLE_MS;
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => this.#fail(response, error));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade({ request, socket, head }).catch((error: unknown) => this.#refuse(socket, error));
    });
  }

  get url(): string | undefined {
    return this.#port === 0 ? undefined : `https://${this.#options.advertiseAddress}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  start(): Promise<void> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) =>
        reject(new UserError(`cannot listen on ${address}:${port} (${error.message}); choose another with --port`)),
      );
      this.#server.listen(port, address, () => {
        this.#port = portOf(this.#server.address());
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#streams.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Which node is meant, as it is counted. @throws Unreachable */
  #received(request: IncomingMessage, end: (done: () => void) => void): Call {
    const { nodes, clock } = this.#options;
    const call = callOf(request, nodes);
    if (nodes.node(nodeNameOf(call))?.isReachable === false) throw new Unreachable();
    countRequest(call, clock, end);
    return call;
  }

  /** @throws RequestError unless whoever calls may, and what they ask for is there */
  async #admit(call: Call): Promise<void> {
    await this.#options.access.check(call.request, call.url.pathname, nodeNameOf(call));
    checkRoute(call);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = this.#received(request, whenAnswered(response));
    const [verb] = call.segments;
    const moved = movedTo(call);
    if (moved !== undefined) return sendElsewhere(moved, call, response); // whoever asks
    await this.#admit(call);
    if (verb === 'containerLogs') return await this.#logs(call, response);
    if (verb === 'podProxy') return await proxyToPod(call, response);
    if (verb === 'logs') return await serveNodeLogs(call, response);
    if (verb === 'checkpoint') return checkpoint(call);
    if (verb === 'run') return await runOnce(call, response);
    if (verb === 'healthz') return await serveHealth(call, response, this.#slisOf(nodeNameOf(call)));
    if (call.url.pathname === SLIS) return serveSlis(call, response, this.#slisOf(nodeOf(call).name));
    if (STREAMS.has(verb ?? '')) {
      purposeOf(call);
      throw new RequestError(500, 'Upgrade request required\n');
    }
    const report = REPORTS.get(call.url.pathname.replace(/(.)\/$/, '$1'));
    if (!report) checkEnabled(call.url.pathname);
    if (!report) throw new RequestError(404, NO_PAGE);
    report(call, response);
  }

  #slisOf(node: string): HealthSlis {
    const known = this.#slis.get(node) ?? new HealthSlis();
    this.#slis.set(node, known);
    return known;
  }

  async #logs(call: Call, response: ServerResponse): Promise<void> {
    const options = parseLogOptions(call.url.searchParams, this.#options.clock.now());
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    const batches = openLog(podOf(call, `pod "${call.segments[2] ?? ''}" does not exist`), containerOf(call), {
      ...options,
      signal: abort.signal,
    });
    response.flushHeaders(); // without a type, as upstream's
    for await (const chunk of logText(batches, options)) {
      if (abort.signal.aborted) return;
      if (!response.write(chunk)) await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
    }
    // The last bytes leave before the end does: an API server that shows a log over a WebSocket loses those that come with it (`messageCopy`, wsstream).
    await new Promise((resolve) => setImmediate(resolve));
    response.end();
  }

  async #upgrade(upgrade: Upgrade): Promise<void> {
    const { socket, request } = upgrade;
    const broken = () => socket.destroy();
    socket.on('error', broken);
    const { acceptPeer } = this.#options;
    if (request.headers.upgrade === PEER_PROTOCOL && acceptPeer) return await acceptPeer(socket);
    const call = this.#received(request, (done) => socket.once('close', done));
    await this.#admit(call);
    this.#streams.serve(upgrade, purposeOf(call));
  }

  #refuse(socket: Duplex, error: unknown): void {
    if (error instanceof Unreachable) return void socket.destroy();
    const { status, message } = error instanceof RequestError ? error : { status: 500, message: String(error) };
    if (!(error instanceof RequestError)) this.#options.logger.error({ err: error }, 'request failed');
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(message)}\r\nconnection: close\r\n\r\n${message}`,
    );
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent || error instanceof Unreachable) return void response.destroy();
    const status = error instanceof RequestError ? error.status : 500;
    if (!(error instanceof RequestError)) this.#options.logger.error({ err: error }, 'request failed');
    const text = error instanceof Error ? error.message : String(error);
    // Upstream's router and its handlers end what they say differently.
    if (error instanceof MethodNotAllowed) response.setHeader('allow', error.allowed.join(', '));
    const type = error instanceof UntypedError ? {} : { 'content-type': 'text/plain; charset=utf-8' };
    response.writeHead(status, type).end(text === NO_PAGE ? `${text}\n` : text);
  }
}

function sendElsewhere(location: string, { request }: Call, response: ServerResponse): void {
  response.writeHead(301, { location, 'content-type': 'text/html; charset=utf-8' });
  response.end(request.method === 'GET' ? `<a href="${location}">Moved Permanently</a>.\n\n` : '');
}

/** The node is down, or cut off: a connection to it just breaks. */
class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const portOf = (address: string | AddressInfo | null): number => (typeof address === 'object' && address ? address.port : 0);
