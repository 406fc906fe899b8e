import { beforeEach, expect, test } from 'vitest';
import type { Endpoint, EndpointSlice, Live, Service } from '../../../../api/index.ts';
import { seededRandom, VirtualClock } from '../../../../runtime/index.ts';
import { Affinities } from './affinities.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import type { Protocol } from './listener.ts';
import { type Sender, ServiceRouter } from './service-routes.ts';

const META = { namespace: 'default', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const ADDRESS = '10.96.0.7';
const POD: Sender = { ip: '10.244.0.2', node: 'n1', isPod: true };
const HOST: Sender = { ip: '172.18.0.2', node: 'n1', isPod: false };

let clock: VirtualClock;
let service: Live<Service>;
let endpoints: Endpoint[];
let sixth: Endpoint[];
let router: ServiceRouter;

beforeEach(() => {
  clock = new VirtualClock();
  endpoints = [];
  sixth = [];
  service = aService({});
  const slice = (protocol: string, addressType = 'IPv4'): Live<EndpointSlice> => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...META, name: protocol, uid: protocol },
    addressType,
    endpoints: addressType === 'IPv4' ? endpoints : sixth,
    ports: [{ name: protocol === 'TCP' ? 'http' : 'dns', protocol, port: protocol === 'TCP' ? 8080 : 8081 }],
  });
  const directory: ClusterDirectory = {
    domain: 'cluster.local',
    dnsServers: [],
    services: () => Promise.resolve([service]),
    slices: () => Promise.resolve([slice('TCP'), slice('UDP'), slice('TCP', 'IPv6')]),
    policies: () => Promise.resolve([]),
    namespaceLabels: () => Promise.resolve({}),
    nodeLabels: (node) => Promise.resolve({ 'topology.kubernetes.io/zone': node === 'n1' ? 'a' : 'b' }),
  };
  router = new ServiceRouter({ directory, affinities: new Affinities(), random: seededRandom(3), clock });
});

function aService(spec: Service['spec']): Live<Service> {
  const ports = [
    { name: 'http', port: 80, nodePort: 30_080 },
    { name: 'dns', port: 80, nodePort: 30_080, protocol: 'UDP' },
  ];
  const usual = { clusterIP: ADDRESS, clusterIPs: [ADDRESS], ports };
  return { apiVersion: 'v1', kind: 'Service', metadata: { ...META, name: 'web', uid: 'web' }, spec: { ...usual, ...spec }, status: {} };
}

const at = (ip: string, nodeName: string, more: Partial<Endpoint> = {}): Endpoint => ({ addresses: [ip], nodeName, ...more });

/** Where many packets go, or why they go nowhere. */
async function goes(sender: Sender, { address = ADDRESS, port = 80, protocol = 'TCP' as Protocol, node }: Wish = {}): Promise<string[]> {
  const found = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const route = await router.route({ address, port, protocol }, sender, node).catch((error: { failure: string }) => error.failure);
    found.add(typeof route === 'string' ? route : route ? `${route.endpoint.ip}:${route.endpoint.port}` : 'nobody');
  }
  return [...found].sort();
}

interface Wish {
  readonly address?: string;
  readonly port?: number;
  readonly protocol?: Protocol;
  readonly node?: string;
}

test('one port number of two protocols leads to two ports', async () => {
  endpoints.push(at('10.244.0.3', 'n1'));
  expect(await goes(POD)).toEqual(['10.244.0.3:8080']);
  expect(await goes(POD, { protocol: 'UDP' })).toEqual(['10.244.0.3:8081']);
  expect(await goes(POD, { protocol: 'UDP', port: 30_080, node: 'n2' })).toEqual(['10.244.0.3:8081']);
  service = aService({ ports: [{ name: 'http', port: 80 }] });
  expect(await goes(POD, { protocol: 'UDP' })).toEqual(['timeout']);
});

test('without endpoints it refuses; an address that is no service’s is nobody’s', async () => {
  expect(await goes(POD)).toEqual(['refused']);
  expect(await goes(POD, { address: '10.96.0.8' })).toEqual(['nobody']);
  expect(await goes(POD, { port: 31_000, node: 'n1' })).toEqual(['nobody']);
});

test('internalTrafficPolicy Local leads to the sender’s node only, and nowhere when nobody is there', async () => {
  service = aService({ internalTrafficPolicy: 'Local' });
  endpoints.push(at('10.244.0.3', 'n1'), at('10.244.1.3', 'n2'));
  expect(await goes(POD)).toEqual(['10.244.0.3:8080']);
  expect(await goes({ ...POD, node: 'n3' })).toEqual(['timeout']);
});

test('externalTrafficPolicy Local leads to the node that was asked, but for those who are on it', async () => {
  service = aService({ externalTrafficPolicy: 'Local' });
  endpoints.push(at('10.244.0.3', 'n1'), at('10.244.1.3', 'n2'));
  const both = ['10.244.0.3:8080', '10.244.1.3:8080'];
  expect(await goes(HOST, { port: 30_080, node: 'n2' })).toEqual(['10.244.1.3:8080']);
  expect(await goes(HOST, { port: 30_080, node: 'n3' })).toEqual(['timeout']);
  expect(await goes(HOST, { port: 30_080, node: 'n1' })).toEqual(both);
  expect(await goes(POD, { port: 30_080, node: 'n1' })).toEqual(both);
  expect(await goes(POD, { port: 30_080, node: 'n3' })).toEqual(['timeout']);
  expect(await goes(HOST)).toEqual(both);
});

test('with a local policy, endpoints that end serve when no ready one is on the node', async () => {
  service = aService({ internalTrafficPolicy: 'Local' });
  const ending = { conditions: { ready: false, serving: true, terminating: true } };
  endpoints.push(at('10.244.0.3', 'n1', ending), at('10.244.1.3', 'n2'));
  expect(await goes(POD)).toEqual(['10.244.0.3:8080']);
});

test('session affinity holds for as long as the client comes back, and the endpoint is there', async () => {
  service = aService({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } } });
  endpoints.push(...[3, 4, 5, 6].map((i) => at(`10.244.0.${i}`, 'n1')));
  const [first = ''] = await goes(POD);
  expect(await goes(POD)).toEqual([first]);
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) {
    await clock.advance(11_000);
    for (const where of await goes(POD)) seen.add(where);
  }
  expect(seen.size).toBeGreaterThan(1);
  const [last = ''] = await goes(POD);
  endpoints.splice(0, 4, ...endpoints.filter(({ addresses }) => `${addresses[0]}:8080` !== last));
  expect(await goes(POD)).not.toContain(last);
});

test('hints keep traffic in the zone, or on the node, that they name', async () => {
  const zone = (name: string) => ({ hints: { forZones: [{ name }] } });
  endpoints.push(at('10.244.0.3', 'n1', zone('a')), at('10.244.1.3', 'n2', zone('b')));
  expect(await goes(POD)).toEqual(['10.244.0.3:8080']);
  const node = (name: string) => ({ hints: { forNodes: [{ name }] } });
  endpoints.splice(0, 2, at('10.244.0.3', 'n1', node('n1')), at('10.244.1.3', 'n2', node('n2')));
  expect(await goes({ ...POD, node: 'n2' })).toEqual(['10.244.1.3:8080']);
});

test('services that say that another looks after them, or that they are headless, are left alone', async () => {
  endpoints.push(at('10.244.0.3', 'n1'));
  for (const name of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']) {
    service.metadata.labels = { [name]: '' };
    expect(await goes(POD)).toEqual(['nobody']);
  }
});

test('a load balancer with source ranges lets in those in them, and nodes', async () => {
  service = aService({ loadBalancerSourceRanges: ['10.244.0.0/30', '192.168.0.0/16'] });
  service.status = { loadBalancer: { ingress: [{ ip: '198.18.0.1' }] } };
  endpoints.push(at('10.244.0.3', 'n1'));
  const balancer = { address: '198.18.0.1' };
  expect(await goes(POD, balancer)).toEqual(['10.244.0.3:8080']);
  expect(await goes({ ...POD, ip: '10.244.1.2' }, balancer)).toEqual(['timeout']);
  expect(await goes(HOST, balancer)).toEqual(['10.244.0.3:8080']);
  expect(await goes({ ...POD, ip: '10.244.1.2' })).toEqual(['10.244.0.3:8080']);
});

test('each family has its own endpoints, and node ports of services of that family', async () => {
  service = aService({ clusterIPs: [ADDRESS, 'fd00:96::7'], ipFamilies: ['IPv4', 'IPv6'] });
  endpoints.push(at('10.244.0.3', 'n1'));
  const six = { address: 'fd00:96::7' };
  expect(await goes(POD, six)).toEqual(['refused']);
  sixth.push(at('fd00:244::3', 'n1'));
  expect(await goes(POD, six)).toEqual(['fd00:244::3:8080']);
  expect(await goes(POD)).toEqual(['10.244.0.3:8080']);
  const nodePort = { port: 30_080, node: 'n1' };
  expect(await goes(POD, { ...nodePort, address: 'fd00:172::2' })).toEqual(['fd00:244::3:8080']);
  service = aService({ ipFamilies: ['IPv4'] });
  expect(await goes(POD, { ...nodePort, address: '172.18.0.2' })).toEqual(['10.244.0.3:8080']);
  expect(await goes(POD, { ...nodePort, address: 'fd00:172::2' })).toEqual(['nobody']);
});

test('the API server is behind its service whatever the family of the address it says is its own', async () => {
  service = aService({ clusterIP: 'fd00:96::1', clusterIPs: ['fd00:96::1'], ipFamilies: ['IPv6'] });
  service.metadata.name = 'kubernetes';
  endpoints.push(at('192.0.2.2', 'n1'));
  expect(await goes(POD, { address: 'fd00:96::1' })).toEqual(['192.0.2.2:8080']);
});
