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

async function send(
  { network }: ProcessContext,
  url: URL,
  {
    headers,
    ...request
  }: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string | undefined },
): Promise<HttpResponse> {
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
  const headers = {
    authorization: await server.authorization(),
    accept: 'application/json',
    ...(body ? { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' } : {}),
  };
  const text = body && Buffer.from(JSON.stringify(body)).toString('latin1');
  const answer = await send(context, new URL(path, server.url), { method, headers, body: text });
  const object: unknown = JSON.parse(Buffer.from(answer.body, 'latin1').toString());
  if (answer.status < 300) return object;
  const { reason = '', message = '' } = object as { reason?: string; message?: string };
  throw new RefusedError(reason, message);
}
