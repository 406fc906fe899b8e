import { createServer, type Server } from 'node:http';
import { HealthSlis } from './health-slis.ts';
import { METRICS_TYPE, type Metrics } from './metrics.ts';
import { type Service, UserError } from './service.ts';

/** The three questions: does it live, can it take work, and (older) either. */
export type HealthEndpoint = 'healthz' | 'livez' | 'readyz';

/** Something that must be in order. */
export interface HealthCheck {
  readonly name: string;
  /** The endpoints it counts for; all unless given. */
  readonly endpoints?: readonly HealthEndpoint[] | undefined;
  /** Throws or rejects when it is not in order. */
  check(): void | Promise<void>;
}

/** What is answered to a health request. */
export interface HealthAnswer {
  readonly status: number;
  readonly body: string;
}

/** An answer that has a media type of its own. */
export interface TypedHealthAnswer extends HealthAnswer {
  readonly type: string;
}

const ENDPOINTS: readonly HealthEndpoint[] = ['healthz', 'livez', 'readyz'];
const SLIS_PATH = '/metrics/slis';
const TEXT_TYPE = 'text/plain; charset=utf-8';

/** The check that is always in order: the process answers. */
export const pingCheck: HealthCheck = { name: 'ping', check: () => undefined };

/** The check of what must not be asked any more: it fails from the signal on. Upstream: `NewShutdownHealthz`. */
export const shutdownCheck = (signal: AbortSignal, endpoints?: readonly HealthEndpoint[]): HealthCheck => ({
  name: 'shutdown',
  endpoints,
  check: () => {
    if (signal.aborted) throw new Error('process is shutting down');
  },
});

/** The health of a process that is no API server: what its checks say, and how they came out so far. */
export class Health {
  readonly #checks: () => readonly HealthCheck[];
  readonly #pages: ReadonlyMap<string, () => object>;
  readonly #slis = new HealthSlis();

  /**
   * @param checks asked each time: those of controllers come and go.
   * @param pages what a process has to say of itself beside, as JSON, by path.
   */
  constructor(checks: () => readonly HealthCheck[] = () => [], pages: ReadonlyMap<string, () => object> = new Map()) {
    this.#checks = checks;
    this.#pages = pages;
  }

  /**
   * Answers the health endpoints, the pages, and `/metrics/slis`, of which a DELETE begins anew.
   *
   * @returns undefined for any other path.
   */
  async answer(method: string, url: string): Promise<TypedHealthAnswer | undefined> {
    const [path = ''] = url.split('?');
    const page = this.#pages.get(path);
    if (page) return { status: 200, body: JSON.stringify(page()), type: 'application/json' };
    if (path !== SLIS_PATH) {
      const answer = await answerHealth(url, this.#checks(), this.#slis);
      return answer && { ...answer, type: TEXT_TYPE };
    }
    if (method !== 'DELETE') return { status: 200, body: this.#slis.text(), type: METRICS_TYPE };
    this.#slis.reset();
    return { status: 200, body: 'metrics reset\n', type: TEXT_TYPE };
  }
}

/**
 * Answers `/healthz`, `/livez`, `/readyz` and `/readyz/NAME`, with `?verbose` and `?exclude=NAME`, in upstream's words. An endpoint for which no
 * check counts has {@link pingCheck}. Upstream: apiserver/pkg/server/healthz/healthz.go.
 *
 * @param slis where it is counted how the checks of a whole endpoint come out
 * @returns undefined for any other path.
 */
export async function answerHealth(url: string, checks: readonly HealthCheck[], slis?: HealthSlis): Promise<HealthAnswer | undefined> {
  const { pathname, searchParams } = new URL(url.replace(/^\/+/, '/'), 'http://localhost');
  const [, endpoint, name] = pathname.split('/');
  const known = ENDPOINTS.find((e) => e === endpoint);
  if (!known) return undefined;
  const given = checks.filter(({ endpoints = ENDPOINTS }) => endpoints.includes(known));
  const counting = given.length > 0 ? given : [pingCheck];
  if (name) return await answerOne(counting.find((check) => check.name === name));
  return await answerAll(known, counting, { query: searchParams, slis });
}

async function answerOne(check: HealthCheck | undefined): Promise<HealthAnswer | undefined> {
  if (!check) return undefined;
  const failure = await failureOf(check);
  return failure === undefined ? { status: 200, body: 'ok' } : { status: 500, body: `internal server error: ${failure}\n` };
}

interface Asked {
  readonly query: URLSearchParams;
  readonly slis: HealthSlis | undefined;
}

async function answerAll(endpoint: HealthEndpoint, checks: readonly HealthCheck[], { query, slis }: Asked): Promise<HealthAnswer> {
  const excluded = new Set(query.getAll('exclude'));
  const unmatched = new Set(excluded);
  const results = await Promise.all(
    checks.map(async (check) => {
      unmatched.delete(check.name);
      if (excluded.has(check.name)) return { ok: true, line: `[+]${check.name} excluded: ok\n` };
      const ok = (await failureOf(check)) === undefined;
      slis?.observe(check.name, endpoint, ok);
      return { ok, line: ok ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n` };
    }),
  );
  const unknown = [...unmatched]
    .sort()
    .map((name) => JSON.stringify(name))
    .join(',');
  const warning = unknown === '' ? '' : `warn: some health checks cannot be excluded: no matches for ${unknown}\n`;
  const lines = results.map(({ line }) => line).join('') + warning;
  if (!results.every(({ ok }) => ok)) return { status: 500, body: `${lines}${endpoint} check failed\n` };
  return { status: 200, body: query.has('verbose') ? `${lines}${endpoint} check passed\n` : 'ok' };
}

async function failureOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface HealthServerOptions {
  /** 0 for a free one. */
  readonly port: number;
  readonly host: string;
  readonly health: Health;
  readonly metrics?: Metrics | undefined;
}

/** Serves health and metrics over plain HTTP, for a process that is not an API server. */
export function createHealthServer({ port, host, health, metrics }: HealthServerOptions): Service {
  const respond = async (method: string, url: string): Promise<TypedHealthAnswer> => {
    const text = await metrics?.textAt(url.split('?')[0] ?? '');
    if (metrics && text !== undefined) return { status: 200, body: text, type: metrics.contentType };
    return (await health.answer(method, url)) ?? { status: 404, body: '404 page not found\n', type: TEXT_TYPE };
  };
  const server = createServer((request, response) => {
    respond(request.method ?? 'GET', request.url ?? '/').then(
      ({ status, body, type }) => {
        response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
        response.end(request.method === 'HEAD' ? '' : body);
      },
      (error: Error) => response.destroy(error),
    );
  });
  return {
    get url() {
      return urlOf(server);
    },
    start: () => listen(server, port, host),
    stop: () => close(server),
  };
}

function urlOf(server: Server): string | undefined {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return undefined;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const taken = 'code' in cause && cause.code === 'EADDRINUSE';
      const why = taken ? 'the port is in use; choose another, or 0 for none' : cause.message;
      reject(new UserError(`cannot serve health checks on ${host}:${port}: ${why}`, { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
