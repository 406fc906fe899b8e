import { familyOf, type IpFamily, type Live, type Service } from '../../../../api/index.ts';
import type { HttpResponse } from '../../cri.ts';
import type { SimulatedHost, SimulatedNode } from '../sandbox.ts';
import { serveHttpStream } from './http-stream.ts';
import { BadAnswer, type Listener, type ServedRequest } from './listener.ts';
import type { Target } from './remote-pods.ts';
import { ofFamily } from './service-routes.ts';

/** Ports of kube-proxy: its metrics, on the node's loopback only, and its health. */
const METRICS_PORT = 10_249;
const HEALTH_PORT = 10_256;
const LOOPBACK = /^127\.|^::1$/;
const MODE = 'iptables';

/**
 * What kube-proxy itself serves on a node: its mode, its health, and for Services of type LoadBalancer with a local policy whether the
 * node has endpoints of them (upstream `pkg/proxy/healthcheck`).
 */
export async function kubeProxyAt(
  host: SimulatedHost,
  node: SimulatedNode,
  { address, port, protocol }: Target,
): Promise<Listener | undefined> {
  if (protocol !== 'TCP') return undefined;
  const now = () => new Date(host.clock.now()).toISOString().replace('T', ' ').replace('Z', ' +0000 UTC');
  if (port === METRICS_PORT && LOOPBACK.test(address))
    return serving((path) => (path === '/proxyMode' ? text(MODE) : path === '/healthz' ? text('ok') : undefined));
  if (port === HEALTH_PORT)
    return serving((path) =>
      HEALTH_PATHS.has(path) ? json(200, `{"lastUpdated": "${now()}","currentTime": "${now()}", "nodeEligible": true}`) : undefined,
    );
  const service = (await host.directory?.services())?.find(({ spec }) => spec.healthCheckNodePort === port);
  return service && (await healthOf(host, node, service, familyOf(address)));
}

const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/livez']);

async function healthOf(
  host: SimulatedHost,
  node: SimulatedNode,
  { metadata: { name, namespace = '' } }: Live<Service>,
  family: IpFamily,
): Promise<Listener> {
  const slices = ofFamily((await host.directory?.slices(namespace, name)) ?? [], family);
  const addresses = slices
    .flatMap(({ endpoints = [] }) => endpoints)
    .filter(({ nodeName, conditions }) => nodeName === node.name && conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses);
  const count = new Set(addresses).size;
  const body = `{\n\t"service": {\n\t\t"namespace": ${JSON.stringify(namespace)},\n\t\t"name": ${JSON.stringify(name)}\n\t},\n\t"localEndpoints": ${count},\n\t"serviceProxyHealthy": true\n}`;
  const answer = json(count > 0 ? 200 : 503, body);
  return serving(() => ({ ...answer, headers: { ...answer.headers, 'x-load-balancing-endpoint-weight': String(count) } }));
}

function serving(answer: (path: string) => HttpResponse | undefined): Listener {
  const http = ({ path, tls }: ServedRequest): Promise<HttpResponse> => {
    if (tls) return Promise.reject(new BadAnswer('http: server gave HTTP response to HTTPS client'));
    return Promise.resolve(answer(path.replace(/[?#].*$/, '')) ?? { ...text('404 page not found\n'), status: 404 });
  };
  return { http, stream: (connection) => serveHttpStream(http, connection) };
}

const text = (body: string): HttpResponse => ({
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body,
});

const json = (status: number, body: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
  body,
});
