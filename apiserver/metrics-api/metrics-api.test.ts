import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../api/index.ts';
import { ALL_KINDS } from '../../api/schema.ts';
import { generateKey, issueCertificate, keyToPem, systemClock, VirtualClock } from '../../runtime/index.ts';
import { metricsStrategies } from '../strategies/metrics/metrics.ts';
import { plainStrategy, startTestServer } from '../testing/test-server.ts';

const BASE = '/apis/metrics.k8s.io/v1beta1';

/** Kubelets of two nodes behind one port; what their pods use can be changed. */
async function kubelets() {
  const key = generateKey();
  const now = systemClock.now();
  const subject = { commonName: 'n' };
  const cert = issueCertificate({
    subject,
    key,
    use: 'server',
    hosts: ['127.0.0.1'],
    notBeforeMs: now - 60_000,
    notAfterMs: now + 3_600_000,
  });
  const asked: string[] = [];
  const state = { nanoCores: 1_500_000 };
  const used = (name: string) => ({
    name,
    cpu: { time: '2026-01-01T00:00:00Z', usageNanoCores: state.nanoCores },
    memory: { workingSetBytes: 3 * 1024 * 1024 },
  });
  const server = https.createServer({ key: keyToPem(key), cert }, (request, response) => {
    const node = (request.headers.host ?? '').split(':')[0] ?? '';
    asked.push(node);
    const podRef = { name: `on-${node}`, namespace: 'default' };
    response.end(JSON.stringify({ node: used(''), pods: [{ podRef, containers: [used('a'), used('b')] }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    state,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function cluster(port: number) {
  const clock = new VirtualClock(systemClock.now());
  const strategies = { '/nodes': plainStrategy(), '/pods': plainStrategy(), ...Object.fromEntries(metricsStrategies) };
  const api = await startTestServer({ strategies, kinds: ALL_KINDS, clock });
  const create = async (path: string, body: object) => expect((await api.request('POST', path, { body })).status).toBe(201);
  for (const name of ['n1', 'n2']) {
    const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } };
    await create('/api/v1/nodes', { metadata: { name, labels: { zone: name } }, status });
    const spec = { nodeName: name, containers: [{ name: 'a' }, { name: 'b' }] };
    const pod = { metadata: { name: `on-${name}`, labels: { app: name } }, spec, status: { phase: 'Running' } };
    await create('/api/v1/namespaces/default/pods', pod);
  }
  await create('/api/v1/namespaces/default/pods', { metadata: { name: 'waits' }, spec: { containers: [{ name: 'a' }] } });
  return { api, clock };
}

interface List {
  readonly items: (KubeObject & Record<string, unknown>)[];
}

test('usage of nodes and pods, by name and by selector; only the kubelets that know are asked, once in 15 seconds', async () => {
  await using known = await kubelets();
  const { api, clock } = await cluster(known.port);
  await using _ = api;
  const pods = (await api.request('GET', `${BASE}/namespaces/default/pods?labelSelector=app%3Dn1`)).json<List & KubeObject>();
  expect(pods.kind).toBe('PodMetricsList');
  expect(pods.items).toMatchObject([
    {
      metadata: { name: 'on-n1', namespace: 'default', labels: { app: 'n1' } },
      timestamp: '2026-01-01T00:00:00Z',
      window: '15s',
      containers: [
        { name: 'a', usage: { cpu: '1500u', memory: '3Mi' } },
        { name: 'b', usage: { cpu: '1500u', memory: '3Mi' } },
      ],
    },
  ]);
  expect(known.asked).toEqual(['n1']);
  expect((await api.request('GET', `${BASE}/nodes/n1`)).json()).toMatchObject({
    kind: 'NodeMetrics',
    usage: { cpu: '1500u', memory: '3Mi' },
  });
  expect(known.asked).toEqual(['n1']);
  known.state.nanoCores = 2_000_000_000;
  expect((await api.request('GET', `${BASE}/nodes`)).json<List>().items.map(({ usage }) => usage)).toMatchObject([
    { cpu: '1500u' },
    { cpu: '2' },
  ]);
  await clock.advance(15_000);
  expect((await api.request('GET', `${BASE}/nodes/n1`)).json()).toMatchObject({ usage: { cpu: '2' } });
  expect((await api.request('GET', `${BASE}/pods`)).json<List>().items).toHaveLength(2);
});

test('what is not known is not found, as metrics-server says it', async () => {
  await using api = (await cluster(1)).api; // nobody listens there
  const said = async (path: string) => (await api.request('GET', `${BASE}/${path}`)).json<{ message: string }>().message;
  expect(await said('nodes/none')).toBe('nodes "none" not found');
  expect(await said('nodes/n1')).toBe('nodemetrics.metrics.k8s.io "n1" not found');
  expect(await said('namespaces/default/pods/none')).toBe('pods "none" not found');
  expect(await said('namespaces/default/pods/waits')).toBe('podmetrics.metrics.k8s.io "default/waits" not found');
  expect((await api.request('GET', `${BASE}/nodes`)).json<List>().items).toEqual([]);
});

test('tables have metrics-server’s columns', async () => {
  await using known = await kubelets();
  await using api = (await cluster(known.port)).api;
  const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const table = (await api.request('GET', `${BASE}/namespaces/default/pods`, { headers })).json<{
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[] }[];
  }>();
  expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
  expect(table.rows.map(({ cells }) => cells)).toEqual([
    ['on-n1', '3m', '6Mi', '15s'],
    ['on-n2', '3m', '6Mi', '15s'],
  ]);
});
