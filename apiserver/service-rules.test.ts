// What Services may say, and what becomes of it when their type changes: `validateService`, `pkg/registry/core/service`.
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { openMemoryStore, prefixRange, type Store } from '../store/index.ts';
import { serviceStrategy } from './strategies/core/service/strategy.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/services';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const LOAD_BALANCER = { type: 'LoadBalancer' };
const LOCAL = { ...LOAD_BALANCER, externalTrafficPolicy: 'Local' };

let store: Store;
let server: TestServer;

beforeEach(async () => {
  store = await openMemoryStore();
  server = await startTestServer({
    store,
    serves: ['/services'],
    strategies: (objects) => ({
      '/services': serviceStrategy({
        serviceClusterIpRange: '10.0.0.0/24',
        serviceNodePortRange: { from: 30_000, to: 30_100 },
        eventTtlSeconds: 0,
        objects,
      }),
    }),
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await store.close();
});

interface Spec {
  readonly ports: { nodePort?: number }[];
  readonly healthCheckNodePort?: number;
}

async function send(method: string, path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await server.request(method, path, { body, headers });
  const { spec, details, message } = answer.json<{
    spec?: Spec;
    message?: string;
    details?: { causes?: { field: string; message: string }[] };
  }>();
  const problems = (details?.causes ?? []).map(({ field, message: why }) => `${field}: ${why}`);
  return { status: answer.status, spec, message, problems, warning: answer.headers.warning };
}

const create = (spec: object, metadata: object = {}) =>
  send('POST', PATH, { metadata: { name: 'a', ...metadata }, spec: { ports: [{ port: 80 }], ...spec } });
const change = (spec: object) => send('PATCH', `${PATH}/a`, { spec }, MERGE);

async function takenPorts(): Promise<number[]> {
  const { kvs } = await store.range(prefixRange('/registry/ranges/servicenodeports/'));
  return kvs.map(({ key }) => Number(key.slice(key.lastIndexOf('/') + 1))).sort();
}

describe('rules', () => {
  it.each([
    [
      'an external policy inside',
      { externalTrafficPolicy: 'Local' },
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
    [
      'a health check port without need',
      { healthCheckNodePort: 30_001 },
      [
        "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ],
    ],
    [
      'a class without a load balancer',
      { loadBalancerClass: 'a/b' },
      ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    ],
    [
      'node port choice without a load balancer',
      { allocateLoadBalancerNodePorts: true },
      ["spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    ],
    [
      'source ranges without a load balancer',
      { loadBalancerSourceRanges: ['10.0.0.0/8'] },
      ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    ],
    [
      'wrong source ranges',
      { ...LOAD_BALANCER, loadBalancerSourceRanges: [' 10.0.0.0/8 ', 'x'] },
      ['spec.LoadBalancerSourceRanges[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    ],
    [
      'a wrong class',
      { ...LOAD_BALANCER, loadBalancerClass: 'a b' },
      [expect.stringMatching(/^spec.loadBalancerClass: Invalid value: "a b": name part must consist/)],
    ],
    [
      'node ports inside',
      { ports: [{ port: 80, nodePort: 30_001 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'None for others',
      { ...LOAD_BALANCER, clusterIP: 'None' },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for LoadBalancer services'],
    ],
  ])('refuse %s', async (...[, spec, problems]) => {
    expect((await create(spec)).problems).toEqual(problems);
  });

  it('look at annotations that were fields once', async () => {
    const annotations = {
      'service.kubernetes.io/topology-mode': 'Auto',
      'service.kubernetes.io/topology-aware-hints': 'auto',
      'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, y',
    };
    const refused = await create(LOAD_BALANCER, { annotations });
    expect(refused.problems).toEqual([
      'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Auto": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
      'metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Invalid value: "y": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
  });

  it.each([
    [{ clusterIP: 'None', externalIPs: ['198.51.100.1'] }, 'spec.externalIPs is ignored for headless services'],
    [{ clusterIP: 'None', sessionAffinity: 'ClientIP' }, 'spec.SessionAffinity is ignored for headless services'],
    [
      { externalIPs: ['198.51.100.01'] },
      'spec.externalIPs[0]: non-standard IP address \\"198.51.100.01\\" will be considered invalid in a future Kubernetes release: use \\"198.51.100.1\\"',
    ],
    [
      { loadBalancerIP: '198.51.100.01' },
      'spec.loadBalancerIP: non-standard IP address \\"198.51.100.01\\" will be considered invalid in a future Kubernetes release: use \\"198.51.100.1\\"',
    ],
    [{ externalName: 'a.example' }, 'spec.externalName is ignored when spec.type is not \\"ExternalName\\"'],
  ])('warn of %j', async (spec, text) => {
    expect((await create(spec)).warning).toBe(`299 - "${text}"`);
  });
});

test('an ExternalName has no internal traffic policy, given or left over', async () => {
  const external = { type: 'ExternalName', externalName: 'a.example', internalTrafficPolicy: 'Local' };
  expect((await create(external)).spec).not.toHaveProperty('internalTrafficPolicy');
  const { metadata } = (await server.request('GET', `${PATH}/a`)).json<{ metadata: { managedFields: unknown } }>();
  expect(JSON.stringify(metadata.managedFields)).toContain('"f:internalTrafficPolicy":{}');
  expect((await change({ internalTrafficPolicy: 'None' })).problems[0]).toContain('spec.internalTrafficPolicy: Unsupported value: "None"');
});

describe('node ports', () => {
  it('are shared by ports of one number', async () => {
    const ports = [
      { name: 't', port: 53 },
      { name: 'u', port: 53, protocol: 'UDP' },
      { name: 'x', port: 54 },
    ];
    const { spec } = await create({ type: 'NodePort', ports });
    const [tcp, udp, other] = (spec?.ports ?? []).map(({ nodePort }) => nodePort);
    expect(tcp).toBe(udp);
    expect(other).not.toBe(tcp);
    expect(await takenPorts()).toEqual([tcp, other].sort());
  });

  it('are not chosen for a load balancer that wants none, yet taken where they are asked for', async () => {
    const wantsNone = { ...LOAD_BALANCER, allocateLoadBalancerNodePorts: false };
    const { spec } = await create({
      ...wantsNone,
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81, nodePort: 30_050 },
      ],
    });
    expect(spec?.ports.map(({ nodePort }) => nodePort)).toEqual([undefined, 30_050]);
    expect(await takenPorts()).toEqual([30_050]);
    const { spec: changed } = await change({ allocateLoadBalancerNodePorts: true });
    expect(changed?.ports[0]?.nodePort).toBeGreaterThanOrEqual(30_000);
    await change({ type: 'ClusterIP' });
    expect(await takenPorts()).toEqual([]);
  });

  it('stay when none are chosen any more, until an update leaves them out', async () => {
    await create({ ...LOAD_BALANCER, ports: [{ port: 80, nodePort: 30_050 }] });
    await change({ allocateLoadBalancerNodePorts: false });
    expect(await takenPorts()).toEqual([30_050]);
    const { spec } = await change({ ports: [{ port: 80 }] });
    expect(spec?.ports[0]?.nodePort).toBeUndefined();
    expect(await takenPorts()).toEqual([]);
  });

  it('go with the type, though ports come and go at the same time', async () => {
    const first = { name: 'a', port: 80, nodePort: 30_050 };
    await create({ type: 'NodePort', ports: [first, { name: 'b', port: 81, nodePort: 30_051 }] });
    const added = { type: 'ClusterIP', ports: [first, { name: 'c', port: 82 }] };
    expect((await change({ ...added, ports: [first, { name: 'c', port: 82, nodePort: 30_052 }] })).status).toBe(422);
    expect((await change(added)).spec?.ports.map(({ nodePort }) => nodePort)).toEqual([undefined, undefined]);
    expect(await takenPorts()).toEqual([]);
  });

  it('that two ports of a protocol would share are refused', async () => {
    await create({ type: 'NodePort', ports: [{ name: 'a', port: 80, nodePort: 30_050 }] });
    const both = [
      { name: 'a', port: 80, nodePort: 30_050 },
      { name: 'b', port: 81, nodePort: 30_050 },
    ];
    expect(await change({ ports: both })).toMatchObject({ status: 500, message: 'duplicate nodePort: {TCP 30050}' });
  });
});

it('an address that changes alone is one that may not change', async () => {
  await create({});
  expect((await change({ clusterIP: 'None', clusterIPs: null })).problems).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
  ]);
});

describe('the health check port', () => {
  it('comes with a local policy, stays, and goes with it', async () => {
    const { spec } = await create(LOCAL);
    const port = spec?.healthCheckNodePort ?? 0;
    expect(await takenPorts()).toContain(port);
    // The port is chosen at random: a fixed other one would once in a hundred runs be this one.
    expect((await change({ healthCheckNodePort: port + 1 })).problems).toEqual(['spec.healthCheckNodePort: Forbidden: field is immutable']);
    const { spec: changed } = await change({ externalTrafficPolicy: 'Cluster' });
    expect(changed?.healthCheckNodePort).toBeUndefined();
    expect(await takenPorts()).not.toContain(port);
  });

  it('keeps the class of its load balancer for good', async () => {
    await create({ ...LOCAL, loadBalancerClass: 'a/b' });
    expect((await change({ loadBalancerClass: 'a/c' })).problems).toEqual([
      'spec.loadBalancerClass: Invalid value: "a/c": may not change once set',
    ]);
    // Of any other type no class is asked for, which upstream says twice.
    expect((await change({ type: 'ClusterIP', externalTrafficPolicy: null, loadBalancerClass: 'a/c' })).problems).toEqual(
      new Array(2).fill("spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"),
    );
  });
});
