import { isIP } from 'node:net';
import type { HttpResponse } from '../../cri.ts';
import type { ProcessContext } from '../program.ts';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** The API server as client-go's `rest.InClusterConfig` finds it. */
export interface InCluster {
  readonly url: string;
  /** Read anew for each request: the kubelet writes another before it runs out. */
  authorization(): Promise<string>;
}

/** @throws Error with client-go's text outside of a cluster, or without a token. */
export async function inCluster(context: ProcessContext): Promise<InCluster> {
  const environment = await context.environment();
  const [host, port] = [environment.get('KUBERNETES_SERVICE_HOST'), environment.get('KUBERNETES_SERVICE_PORT')];
  if (!host || !port)
    throw new Error('unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined');
  const files = await context.files();
  const authorization = async () => `Bearer ${(await files.readFile(TOKEN_PATH)).toString().trim()}`;
  await authorization();
  return { url: `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`, authorization };
}

/** A GET over HTTPS, from inside a pod. */
export const get = (context: ProcessContext, text: string, headers: Readonly<Record<string, string>>): Promise<HttpResponse> =>
  send(context, new URL(text), { method: 'GET', headers });

/** A request from inside a pod. */
interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBody?: ((piece: string) => void) | undefined;
}

async function send({ network }: ProcessContext, url: URL, { headers, ...request }: Sent): Promise<HttpResponse> {
  const dialled = await network.dial(url.hostname, Number(url.port || 443));
  const path = `${url.pathname}${url.search}`;
  return await dialled.http({ ...request, path, headers: { host: url.host, ...headers }, tls: true }, url.hostname);
}

/** A request that the API server refused; the message is its own. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** The reason of its Status. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A request to the API server as the account of the pod, with JSON both ways. @throws RefusedError, ConnectError */
export async function ask(
  context: ProcessContext,
  server: InCluster,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: object | undefined },
): Promise<unknown> {
  const text = body && Buffer.from(JSON.stringify(body)).toString('latin1');
  const headers = await headersTo(server, method === 'PATCH' ? 'application/merge-patch+json' : body && 'application/json');
  return accepted(await send(context, new URL(path, server.url), { method, headers, body: text }));
}

/** A change that a watch tells of. */
export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

/**
 * Follows what changes, as the account of the pod, until the API server ends it or the signal does.
 *
 * @param path with the query that makes it a watch
 * @throws RefusedError, ConnectError
 */
export async function watch(
  context: ProcessContext,
  server: InCluster,
  path: string,
  { signal, onEvent }: { readonly signal: AbortSignal; onEvent(event: WatchEvent): void },
): Promise<void> {
  let text = '';
  const onBody = (piece: string) => {
    const lines = `${text}${piece}`.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) onEvent(JSON.parse(Buffer.from(line, 'latin1').toString()) as WatchEvent);
  };
  const answer = await send(context, new URL(path, server.url), { method: 'GET', headers: await headersTo(server), signal, onBody });
  if (answer.status >= 300) accepted(answer);
}

const headersTo = async (server: InCluster, contentType?: string): Promise<Record<string, string>> => ({
  authorization: await server.authorization(),
  accept: 'application/json',
  ...(contentType ? { 'content-type': contentType } : {}),
});

/** @throws RefusedError */
function accepted({ status, body }: HttpResponse): unknown {
  const object: unknown = JSON.parse(Buffer.from(body, 'latin1').toString());
  if (status < 300) return object;
  const { reason = '', message = '' } = object as { reason?: string; message?: string };
  throw new RefusedError(reason, message);
}
