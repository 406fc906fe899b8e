import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpResponse, RuntimeService } from '../runtime/cri.ts';
import { type Call, podOf } from './call.ts';

/** Bytes of a request's body that are passed on. */
const BODY_BYTES_MAX = 3 * 1024 * 1024;

/** Headers that belong to a connection, not to what is said over it. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'authorization',
]);

/**
 * `/podProxy/NAMESPACE/POD/[https:]PORT/…`: what listens on a port of a pod. Upstream's API server has the pods' network and asks them
 * itself; here only the node has it.
 */
export async function proxyToPod(call: Call, response: ServerResponse): Promise<void> {
  const { node, worker } = podOf(call);
  const [, , , target = ''] = call.segments;
  const port = Number(target.replace(/^https:/, ''));
  const path = `/${call.url.pathname.split('/').slice(5).join('/')}${call.url.search}`;
  const sandbox = worker.sandboxId === undefined ? undefined : node.runtime.podSandboxStatus(worker.sandboxId);
  const abort = new AbortController();
  response.on('close', () => abort.abort());
  let answer: HttpResponse;
  try {
    if (!sandbox?.ready) throw new Error(`dial tcp :${port}: connect: no route to host`);
    answer = await exchange(node.runtime, sandbox.id, port, {
      request: call.request,
      path,
      tls: target.startsWith('https:'),
      signal: abort.signal,
    });
  } catch (error) {
    return refuse(response, error);
  }
  const headers = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()));
  response.writeHead(answer.status, Object.fromEntries(headers)).end(answer.body);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly tls: boolean;
  readonly signal: AbortSignal;
}

async function exchange(
  runtime: RuntimeService,
  sandboxId: string,
  port: number,
  { request, path, tls, signal }: Exchange,
): Promise<HttpResponse> {
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, String(value)] as const],
  );
  const body = await bodyOf(request);
  const asked = { method: request.method ?? 'GET', path, headers: Object.fromEntries(headers), signal };
  return await runtime.connect(sandboxId, port).http({ ...asked, ...(body === '' ? {} : { body }), ...(tls ? { tls } : {}) });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error('http: request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What upstream's API server says of a pod that it cannot reach. */
function refuse(response: ServerResponse, error: unknown): void {
  const message = `error trying to reach service: ${error instanceof Error ? error.message : String(error)}`;
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'ServiceUnavailable', code: 503 };
  response.writeHead(503, { 'content-type': 'application/json' }).end(`${JSON.stringify(status)}\n`);
}
