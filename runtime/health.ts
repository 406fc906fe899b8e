import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';
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

const ENDPOINTS: readonly HealthEndpoint[] = ['healthz', 'livez', 'readyz'];

/** The check that is always in order: the process answers. */
export const pingCheck: HealthCheck = { name: 'ping', check: () => undefined };

/**
 * Answers `/healthz`, `/livez`, `/readyz` and `/readyz/NAME`, with `?verbose` and `?exclude=NAME`, in upstream's words.
 *
 * @returns undefined for any other path.
 */
export async function answerHealth(url: string, checks: readonly HealthCheck[]): Promise<HealthAnswer | undefined> {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, endpoint, name] = pathname.split('/');
  const known = ENDPOINTS.find((e) => e === endpoint);
  if (!known) return undefined;
  const counting = checks.filter(({ endpoints = ENDPOINTS }) => endpoints.includes(known));
  if (name) return await answerOne(counting.find((check) => check.name === name));
  return await answerAll(known, counting, searchParams);
}

async function answerOne(check: HealthCheck | undefined): Promise<HealthAnswer | undefined> {
  if (!check) return undefined;
  const failure = await failureOf(check);
  return failure === undefined ? { status: 200, body: 'ok' } : { status: 500, body: `internal server error: ${failure}\n` };
}

async function answerAll(endpoint: string, checks: readonly HealthCheck[], query: URLSearchParams): Promise<HealthAnswer> {
  const excluded = new Set(query.getAll('exclude'));
  const results = await Promise.all(
    checks.map(async (check) => {
      if (excluded.delete(check.name)) return { ok: true, line: `[+]${check.name} excluded: ok\n` };
      const ok = (await failureOf(check)) === undefined;
      return { ok, line: ok ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n` };
    }),
  );
  const unknown = [...excluded]
    .sort()
    .map((name) => JSON.stringify(name))
    .join(', ');
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
  readonly checks: readonly HealthCheck[];
  readonly metrics?: Metrics | undefined;
}

/** Serves health and metrics over plain HTTP, for a process that is not an API server. */
export function createHealthServer({ port, host, checks, metrics }: HealthServerOptions): Service {
  const respond = async (url: string): Promise<HealthAnswer & { readonly type: string }> => {
    const text = await metrics?.textAt(url.split('?')[0] ?? '');
    if (metrics && text !== undefined) return { status: 200, body: text, type: metrics.contentType };
    const answer = (await answerHealth(url, [pingCheck, ...checks])) ?? { status: 404, body: '404 page not found\n' };
    return { ...answer, type: 'text/plain; charset=utf-8' };
  };
  const server = createServer((request, response) => {
    respond(request.url ?? '/').then(
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
