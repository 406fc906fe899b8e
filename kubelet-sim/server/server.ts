import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type Clock, generateKey, issueCertificate, keyToPem, type Logger, type Service, UserError } from '../../runtime/index.ts';
import { type LocatedPod, openLog, RequestError } from './container-logs.ts';
import { LogOptionsError, parseLogOptions } from './log-options.ts';
import { logText } from './log-text.ts';
import { type StreamOptions, StreamServer, type StreamWork } from './streams.ts';

const CERTIFICATE_MS = 365 * 86_400_000;
/** A certificate is good from a little before now: clocks differ. */
const SKEW_MS = 3_600_000;

export interface KubeletServerOptions {
  readonly address: string;
  readonly port: number;
  readonly advertiseAddress: string;
  /** Clients must show a certificate of this CA; without one, nothing but `/healthz` is answered. `none`: anybody may, over plain HTTP (tests). */
  readonly clientCa: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly locate: (namespace: string, pod: string) => LocatedPod | undefined;
  /** All pods, for `/pods`. */
  readonly pods: () => readonly object[];
}

export interface KubeletServer extends Service {
  readonly url: string | undefined;
  readonly port: number;
}

/** The HTTPS server that all nodes of a process share: logs, exec and attach, for the API server. */
export function createKubeletServer(options: KubeletServerOptions): KubeletServer {
  return new SharedServer(options);
}

class SharedServer implements KubeletServer {
  readonly #options: KubeletServerOptions;
  readonly #server: Server;
  readonly #streams = new StreamServer();
  #port = 0;

  constructor(options: KubeletServerOptions) {
    this.#options = options;
    this.#server =
      options.clientCa === 'none'
        ? createServer()
        : createTlsServer({ ...this.#certificate(), ca: options.clientCa, requestCert: true, rejectUnauthorized: false });
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => this.#fail(response, error));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
  }

  get url(): string | undefined {
    const scheme = this.#options.clientCa === 'none' ? 'http' : 'https';
    return this.#port === 0 ? undefined : `${scheme}://${this.#options.advertiseAddress}:${this.#port}`;
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

  #certificate(): { key: string; cert: string } {
    const { clock, advertiseAddress } = this.#options;
    const key = generateKey();
    const cert = issueCertificate({
      subject: { commonName: 'system:node:nanokube', organizations: ['system:nodes'] },
      key,
      use: 'server',
      hosts: [...new Set([advertiseAddress, 'localhost', '127.0.0.1'])],
      notBeforeMs: clock.now() - SKEW_MS,
      notAfterMs: clock.now() + CERTIFICATE_MS,
    });
    return { key: keyToPem(key), cert };
  }

  #isAllowed({ socket }: IncomingMessage): boolean {
    return this.#options.clientCa === 'none' || (socket instanceof TLSSocket && socket.authorized);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/healthz') return void response.end('ok');
    if (!this.#isAllowed(request)) throw new RequestError(401, 'Unauthorized');
    const [, verb, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    if (verb === 'pods')
      return void response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#options.pods() }));
    if (verb !== 'containerLogs') throw new RequestError(404, '404 page not found');
    await this.#logs(response, rest, url.searchParams);
  }

  async #logs(
    response: ServerResponse,
    [namespace = '', pod = '', container = '']: readonly string[],
    query: URLSearchParams,
  ): Promise<void> {
    const options = parseLogOptions(query, this.#options.clock.now());
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    const batches = openLog(this.#locate(namespace, pod), container, { ...options, signal: abort.signal });
    response.setHeader('content-type', 'text/plain');
    response.flushHeaders();
    for await (const chunk of logText(batches, options)) {
      if (abort.signal.aborted) return;
      if (!response.write(chunk)) await new Promise<void>((resolve) => response.once('drain', resolve).once('close', resolve));
    }
    response.end();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      if (!this.#isAllowed(request)) throw new RequestError(401, 'Unauthorized');
      const url = new URL(request.url ?? '/', 'http://localhost');
      const [, verb = '', namespace = '', pod = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
      const container = rest.at(-1) ?? '';
      const options = streamOptions(url.searchParams);
      const work = this.#workOf({
        verb,
        located: this.#locate(namespace, pod),
        container,
        options,
        command: url.searchParams.getAll('command'),
      });
      this.#streams.serve(request, socket, head, { options, work });
    } catch (error) {
      const { status, message } = error instanceof RequestError ? error : { status: 500, message: String(error) };
      socket.end(
        `HTTP/1.1 ${status} ${status === 404 ? 'Not Found' : 'Error'}\r\ncontent-length: ${Buffer.byteLength(message)}\r\nconnection: close\r\n\r\n${message}`,
      );
    }
  }

  #workOf(request: {
    verb: string;
    located: LocatedPod;
    container: string;
    options: StreamOptions;
    command: readonly string[];
  }): StreamWork {
    const { verb, located, container, options, command } = request;
    const id = located.worker.containerId(container);
    const { runtime } = located.agent;
    if (id === undefined) throw new RequestError(404, `container not found ("${container}")`);
    if (verb === 'exec') return (streams, signal) => runtime.exec(id, { command, tty: options.tty, streams, signal });
    if (verb !== 'attach') throw new RequestError(404, '404 page not found');
    return async (streams, signal) => {
      await runtime.attach(id, streams, signal);
      return undefined;
    };
  }

  #locate(namespace: string, pod: string): LocatedPod {
    const located = this.#options.locate(namespace, pod);
    if (!located) throw new RequestError(404, 'pod does not exist');
    return located;
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent) return void response.destroy();
    const status = error instanceof RequestError ? error.status : error instanceof LogOptionsError ? 400 : 500;
    if (status === 500) this.#options.logger.error({ err: error }, 'request failed');
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}

const portOf = (address: string | AddressInfo | null): number => (typeof address === 'object' && address ? address.port : 0);

/** Parameters of the kubelet's own URLs, and those of the API server's. */
function streamOptions(query: URLSearchParams): StreamOptions {
  const asked = (...names: string[]) => names.some((name) => query.get(name) === '1' || query.get(name) === 'true');
  return { stdin: asked('input', 'stdin'), stdout: asked('output', 'stdout'), stderr: asked('error', 'stderr'), tty: asked('tty') };
}
