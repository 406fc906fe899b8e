/** What etcd answers to plain HTTP (server/etcdserver/api/etcdhttp): `/health`, `/version`, `/metrics`, and the newer `/livez` and `/readyz`. */
import { createServer, type Server } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { answerHealth, type HealthCheck, pingCheck } from '../../runtime/index.ts';
import { ALARM_NAMES } from './alarms.ts';
import { type Backend, ETCD_CLUSTER_VERSION, ETCD_VERSION } from './backend.ts';
import type { EndpointMetrics } from './metrics.ts';

interface HttpAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';
/** The key that health is asked of: it need not be there. */
const HEALTH_KEY = 'health';

export class HttpFace {
  readonly #backend: Backend;
  readonly #metrics: EndpointMetrics;

  constructor(backend: Backend, metrics: EndpointMetrics) {
    this.#backend = backend;
    this.#metrics = metrics;
  }

  /** The server of HTTP/1; it is given its connections. */
  createHttp1(): Server {
    return createServer((request, response) => {
      this.#answer(request.method ?? '', request.url ?? '/').then(
        ({ status, type, body }) => {
          // A connection that is kept would hold up the stop.
          response.writeHead(status, { ...headersOf(type), connection: 'close' });
          response.end(request.method === 'HEAD' ? '' : body);
        },
        (error: Error) => response.destroy(error),
      );
    });
  }

  /** The same over HTTP/2, which curl speaks with TLS. */
  handleHttp2(stream: ServerHttp2Stream, method: string, path: string): void {
    stream.on('error', () => stream.close());
    this.#answer(method, path).then(
      ({ status, type, body }) => {
        if (stream.destroyed) return;
        stream.respond({ ':status': status, ...headersOf(type) });
        stream.end(method === 'HEAD' ? '' : body);
      },
      () => stream.close(),
    );
  }

  async #answer(method: string, url: string): Promise<HttpAnswer> {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, type: TEXT_TYPE, body: 'Method Not Allowed\n' };
    if (pathname === '/health') return await this.#health(searchParams.getAll('exclude'));
    if (pathname === '/version') return json(200, { etcdserver: ETCD_VERSION, etcdcluster: ETCD_CLUSTER_VERSION });
    if (pathname === '/metrics') return { status: 200, type: this.#metrics.contentType, body: await this.#metrics.text(this.#backend) };
    const health = await answerHealth(url, [pingCheck, this.#storeCheck]);
    return { status: 404, body: '404 page not found\n', ...health, type: TEXT_TYPE };
  }

  get #storeCheck(): HealthCheck {
    const check = async () => {
      await this.#backend.store.range({ key: HEALTH_KEY }, { keysOnly: true });
    };
    return { name: 'store', check };
  }

  /** etcd's server/etcdserver/api/etcdhttp/metrics.go: an alarm, or a store that does not answer, is no health. */
  async #health(excluded: readonly string[]): Promise<HttpAnswer> {
    const alarm = this.#backend.alarms
      .get(0)
      .map(({ alarm: type }) => ALARM_NAMES[type] ?? String(type))
      .find((name) => !excluded.includes(name));
    if (alarm !== undefined) return json(503, { health: 'false', reason: `ALARM ${alarm}` });
    try {
      await this.#storeCheck.check();
    } catch (error) {
      return json(503, { health: 'false', reason: `RANGE ERROR:${error instanceof Error ? error.message : String(error)}` });
    }
    return json(200, { health: 'true', reason: '' });
  }
}

const json = (status: number, body: unknown): HttpAnswer => ({ status, type: JSON_TYPE, body: JSON.stringify(body) });

const headersOf = (type: string): Record<string, string> => ({ 'content-type': type, 'x-content-type-options': 'nosniff' });
