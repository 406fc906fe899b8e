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
export async function get({ network }: ProcessContext, text: string, headers: Readonly<Record<string, string>>): Promise<HttpResponse> {
  const url = new URL(text);
  const dialled = await network.dial(url.hostname, Number(url.port || 443));
  return await dialled.http(
    { method: 'GET', path: `${url.pathname}${url.search}`, headers: { host: url.host, ...headers }, tls: true },
    url.hostname,
  );
}
