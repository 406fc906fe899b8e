import { afterEach, describe, expect, test } from 'vitest';
import type { Event } from '../api/index.ts';
import { openMemoryStore, prefixRange, type Store } from '../store/index.ts';
import { faultyStore } from '../test/support/faulty-store.ts';
import { eventStrategy } from './strategies/core/event.ts';
import { serviceStrategy } from './strategies/core/service/strategy.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/services';

const stack: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of stack.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

/** API servers side by side on one store. */
async function servers(count: number, options: { range?: string; ports?: { from: number; to: number }; store?: Store } = {}) {
  const store = options.store ?? (await openMemoryStore());
  if (!options.store) stack.push({ [Symbol.asyncDispose]: () => store.close() });
  const all: TestServer[] = [];
  for (let i = 0; i < count; i++) {
    const server = await startTestServer({
      // Each behind a network of its own, so that it learns late of what the others do.
      store: faultyStore(store),
      serves: ['/services', '/events'],
      strategies: (objects) => ({
        '/events': eventStrategy(0),
        '/services': serviceStrategy({
          serviceClusterIpRange: options.range ?? '10.0.0.0/24',
          serviceNodePortRange: options.ports ?? { from: 30_000, to: 30_100 },
          eventTtlSeconds: 0,
          objects,
        }),
      }),
    });
    stack.push(server);
    all.push(server);
  }
  const claims = async () => {
    const ips = await store.range(prefixRange('/registry/ipaddresses/'));
    const ports = await store.range(prefixRange('/registry/ranges/servicenodeports/'));
    return [...ips.kvs, ...ports.kvs].map(({ key }) => key.slice(key.lastIndexOf('/') + 1)).sort();
  };
  const [first, second = first] = all;
  if (!first || !second) throw new Error('no server');
  return { first, second, store, claims };
}

const service = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
const create = (server: TestServer, name: string, spec: object = {}, query = '') =>
  server.request('POST', PATH + query, { body: service(name, spec) });
interface Made {
  spec: { clusterIP: string; ports: { nodePort?: number; name?: string }[]; healthCheckNodePort?: number };
}

describe('cluster IPs', () => {
  test('are given once, by however many servers at the same time, until none is left', async () => {
    const { first, second, claims } = await servers(2, { range: '10.0.0.0/27' });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => create(i % 2 ? first : second, `s${i}`)));
    const made = answers.filter(({ status }) => status === 201).map((answer) => answer.json<Made>().spec.clusterIP);
    expect(made.length).toBe(30);
    expect(new Set(made).size).toBe(30);
    expect(await claims()).toEqual(made.sort());
    for (const refused of answers.filter(({ status }) => status !== 201)) {
      expect(refused.json()).toMatchObject({
        code: 500,
        message: expect.stringContaining('failed to allocate a serviceIP: range is full'),
      });
    }
    const gone = await second.request('DELETE', `${PATH}/s0`);
    expect([200, 404]).toContain(gone.status);
    const again = await create(first, 'again');
    expect(again.status).toBe(gone.status === 200 ? 201 : 500);
  });

  test('that are asked for by name are had by one', async () => {
    const { first, second, claims } = await servers(2);
    const answers = await Promise.all([create(first, 'a', { clusterIP: '10.0.0.9' }), create(second, 'b', { clusterIP: '10.0.0.9' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
    const refused = answers.find(({ status }) => status === 422);
    expect(refused?.json().message).toContain(
      'spec.clusterIPs: Invalid value: ["10.0.0.9"]: failed to allocate IP 10.0.0.9: provided IP is already allocated',
    );
    expect(await claims()).toEqual(['10.0.0.9']);
    const winner = answers[0]?.status === 201 ? 'a' : 'b';
    await second.request('DELETE', `${PATH}/${winner}`);
    expect(await claims()).toEqual([]);
    expect((await create(first, 'c', { clusterIP: '10.0.0.9' })).status).toBe(201);
  });

  test('that a Service lacks are made, and it is told', async () => {
    const { first, store, claims } = await servers(1);
    await create(first, 'a', { clusterIP: '10.0.0.9' });
    await store.txn({ compare: [], success: [{ op: 'delete', range: { key: '/registry/ipaddresses/10.0.0.9' } }] });
    const headers = { 'content-type': 'application/merge-patch+json' };
    await first.request('PATCH', `${PATH}/a`, { body: { metadata: { labels: { a: 'b' } } }, headers });
    const events = async () => (await first.request('GET', '/api/v1/namespaces/default/events')).json<{ items: Event[] }>().items;
    await expect.poll(events).toMatchObject([
      {
        metadata: { name: expect.stringMatching(/^a\.[0-9a-f]+$/) },
        type: 'Warning',
        reason: 'ClusterIPNotAllocated',
        action: 'ClusterIPAllocation',
        message: 'Cluster IP [IPv4]: 10.0.0.9 is not allocated; repairing',
        reportingComponent: 'ipallocator-repair-controller',
        involvedObject: { kind: 'Service', apiVersion: 'v1', name: 'a', namespace: 'default' },
      },
    ]);
    expect(await claims()).toEqual(['10.0.0.9']);
  });

  test('are objects as upstream has them, and are given back when a Service no longer needs one', async () => {
    const { first, store, claims } = await servers(1);
    await create(first, 'a', { clusterIP: '10.0.0.9' });
    const { kvs } = await store.range({ key: '/registry/ipaddresses/10.0.0.9' });
    expect(JSON.parse(String(kvs[0]?.value))).toMatchObject({
      kind: 'IPAddress',
      apiVersion: 'networking.k8s.io/v1',
      metadata: {
        name: '10.0.0.9',
        labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
      },
      spec: { parentRef: { resource: 'services', namespace: 'default', name: 'a' } },
    });
    const body = service('a', { type: 'ExternalName', externalName: 'example.org', ports: [] });
    expect((await first.request('PUT', `${PATH}/a`, { body })).status).toBe(200);
    expect(await claims()).toEqual([]);
    await create(first, 'dry', {}, '?dryRun=All');
    expect(await claims()).toEqual([]);
  });
});

describe('node ports', () => {
  test('are given once, by however many servers at the same time', async () => {
    const { first, second, claims } = await servers(2, { ports: { from: 30_000, to: 30_019 } });
    const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => create(i % 2 ? first : second, `s${i}`, { type: 'NodePort' })));
    const made = answers.filter(({ status }) => status === 201).map((answer) => answer.json<Made>().spec);
    expect(made.length).toBe(20);
    expect(new Set(made.map(({ ports }) => ports[0]?.nodePort)).size).toBe(20);
    expect((await claims()).length).toBe(40);
  });

  test('move with an update, and one that is taken is refused', async () => {
    const { first, second, claims } = await servers(2);
    await create(first, 'a', { clusterIP: 'None', type: 'ClusterIP' });
    await create(first, 'b', { type: 'NodePort', clusterIP: '10.0.0.9', ports: [{ port: 80, nodePort: 30_001 }] });
    const put = (nodePort: number, server = second) =>
      server.request('PUT', `${PATH}/b`, { body: service('b', { type: 'NodePort', ports: [{ port: 80, nodePort }] }) });
    expect((await put(30_002)).status).toBe(200);
    expect(await claims()).toEqual(['10.0.0.9', '30002']);
    await create(first, 'c', { type: 'NodePort', clusterIP: '10.0.0.10', ports: [{ port: 80, nodePort: 30_003 }] });
    const refused = await put(30_003);
    expect(refused.status).toBe(422);
    expect(refused.json().message).toContain('spec.ports[0].nodePort: Invalid value: 30003: provided port is already allocated');
    expect((await put(30_999)).json().message).toContain(
      'provided port is not in the valid range. The range of valid ports is 30000-30100',
    );
    expect(await claims()).toEqual(['10.0.0.10', '10.0.0.9', '30002', '30003']);
  });

  test('are not those of a Service of another type that carries their numbers', async () => {
    const { first, claims } = await servers(1);
    const ports = [{ port: 80, nodePort: 30_001 }];
    await create(first, 'a', { type: 'NodePort', clusterIP: '10.0.0.9', ports });
    expect((await create(first, 'b', { type: 'ExternalName', externalName: 'x.y', ports })).status).toBe(201);
    await first.request('DELETE', `${PATH}/b`);
    expect(await claims()).toEqual(['10.0.0.9', '30001']);
  });

  test('that are taken are refused in a dry run, which takes none', async () => {
    const { first, second, claims } = await servers(2);
    const spec = (nodePort: number) => ({ type: 'NodePort', clusterIP: '10.0.0.9', ports: [{ port: 80, nodePort }] });
    await create(first, 'a', spec(30_001));
    expect((await create(second, 'b', spec(30_001), '?dryRun=All')).status).toBe(422);
    // Nobody asks whose an address is.
    expect((await create(second, 'b', spec(30_002), '?dryRun=All')).status).toBe(201);
    const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_001 };
    expect((await create(second, 'b', local, '?dryRun=All')).status).toBe(500);
    await create(first, 'c', { ...spec(30_003), clusterIP: '10.0.0.10' });
    const body = service('a', spec(30_003));
    expect((await second.request('PUT', `${PATH}/a?dryRun=All`, { body })).status).toBe(422);
    expect(await claims()).toEqual(['10.0.0.10', '10.0.0.9', '30001', '30003']);
  });

  test('a dry run makes its numbers up, as upstream: it looks at no range of ports, and at the first one of addresses', async () => {
    const { first, claims } = await servers(1);
    const tried = async (spec: object) => {
      const answer = await create(first, 'a', spec, '?dryRun=All');
      return answer.status === 201 ? answer.json<Made>().spec : answer.json<{ message: string }>().message;
    };
    expect(await tried({ type: 'NodePort', ports: [1, 2].map((port) => ({ name: `p${port}`, port })) })).toMatchObject({
      clusterIP: '10.0.0.0',
      ports: [{ nodePort: 32_769 }, { nodePort: 32_770 }],
    });
    expect(await tried({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 5 }] })).toMatchObject({
      ports: [{ nodePort: 5 }],
      healthCheckNodePort: 6,
    });
    expect(await tried({ clusterIP: '10.0.0.7' })).toMatchObject({ clusterIP: '10.0.0.7' });
    expect(await tried({ clusterIP: '10.1.0.7' })).toContain(
      'failed to allocate IP 10.1.0.7: the provided IP (10.1.0.7) is not in the valid range. The range of valid IPs is 10.0.0.0/24',
    );
    expect(await claims()).toEqual([]);
  });

  test('one number serves two protocols of one Service', async () => {
    const { first, claims } = await servers(1);
    const ports = [
      { name: 't', port: 53, nodePort: 30_053, protocol: 'TCP' },
      { name: 'u', port: 53, nodePort: 30_053, protocol: 'UDP' },
    ];
    expect((await create(first, 'dns', { type: 'NodePort', clusterIP: '10.0.0.9', ports })).status).toBe(201);
    expect(await claims()).toEqual(['10.0.0.9', '30053']);
    await first.request('DELETE', `${PATH}/dns`);
    expect(await claims()).toEqual([]);
  });
});

test('claims that are missing are made at the start, those without a Service go, and what others keep there stays', async () => {
  const { first, store } = await servers(1);
  await create(first, 'a', { type: 'NodePort', clusterIP: '10.0.0.9', ports: [{ port: 80, nodePort: 30_001 }] });
  const { kvs } = await store.range({ key: '/registry/ipaddresses/10.0.0.9' });
  const gateway = Buffer.from('{"kind":"IPAddress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"10.0.0.77"}}');
  await store.txn({
    compare: [],
    success: [
      { op: 'delete', range: { key: '/registry/ipaddresses/10.0.0.9' } },
      { op: 'delete', range: { key: '/registry/ranges/servicenodeports/30001' } },
      { op: 'put', key: '/registry/ipaddresses/10.0.0.66', value: kvs[0]?.value ?? gateway },
      { op: 'put', key: '/registry/ranges/servicenodeports/30066', value: Buffer.from('{}') },
      { op: 'put', key: '/registry/ipaddresses/10.0.0.77', value: gateway },
    ],
  });
  const { claims } = await servers(1, { store });
  expect(await claims()).toEqual(['10.0.0.77', '10.0.0.9', '30001']);
});

test('claims that are missing are made when their Service changes, however it came into the store', async () => {
  const { first, store, claims } = await servers(1);
  const ports = [{ port: 80, nodePort: 30_001 }];
  await create(first, 'a', { type: 'NodePort', clusterIP: '10.0.0.9', ports });
  const lost = ['/registry/ipaddresses/10.0.0.9', '/registry/ranges/servicenodeports/30001'];
  await store.txn({ compare: [], success: lost.map((key) => ({ op: 'delete', range: { key } })) });
  const body = service('a', { type: 'NodePort', clusterIP: '10.0.0.9', ports: [{ ...ports[0], name: 'web' }] });
  expect((await first.request('PUT', `${PATH}/a`, { body })).status).toBe(200);
  await expect.poll(claims).toEqual(['10.0.0.9', '30001']);
  const metadata = { name: 'old', namespace: 'default', creationTimestamp: '2020-01-01T00:00:00Z' };
  const spec = { type: 'ClusterIP', clusterIP: '10.0.0.11', clusterIPs: ['10.0.0.11'], ports: [{ port: 80 }] };
  const stored = JSON.stringify({ kind: 'Service', apiVersion: 'v1', metadata, spec });
  await store.txn({ compare: [], success: [{ op: 'put', key: '/registry/services/specs/default/old', value: Buffer.from(stored) }] });
  await expect.poll(claims).toEqual(['10.0.0.11', '10.0.0.9', '30001']);
});
