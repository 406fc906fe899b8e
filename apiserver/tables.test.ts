// Values of Tables that take more than one object's own strategy: upstream's `pkg/printers/internalversion`.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../api/index.ts';
import { openMemoryStore, type Store } from '../store/index.ts';
import { daemonSetStrategy } from './strategies/apps/daemon-set.ts';
import { deploymentStrategy } from './strategies/apps/deployment.ts';
import { eventStrategy } from './strategies/core/event.ts';
import { limitRangeStrategy } from './strategies/core/limit-range.ts';
import { serviceStrategy } from './strategies/core/service/strategy.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Table {
  readonly columnDefinitions: readonly { name: string; description: string }[];
  readonly rows: readonly { cells: unknown[]; object: object }[];
}

let store: Store;
let server: TestServer;

beforeEach(async () => {
  store = await openMemoryStore();
  server = await startTestServer({
    store,
    serves: ['/services', '/events', '/limitranges', 'apps/deployments', 'apps/daemonsets'],
    strategies: (objects) => ({
      '/services': serviceStrategy({
        serviceClusterIpRange: '10.0.0.0/24',
        serviceNodePortRange: { from: 30_000, to: 30_100 },
        eventTtlSeconds: 0,
        objects,
      }),
      '/events': eventStrategy(3600),
      '/limitranges': limitRangeStrategy,
      'apps/deployments': deploymentStrategy,
      'apps/daemonsets': daemonSetStrategy,
    }),
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await store.close();
});

async function tableOf(path: string): Promise<Table> {
  return (await server.request('GET', path, { headers: TABLE })).json<Table>();
}

const cellsOf = async (path: string): Promise<unknown[]> => (await tableOf(path)).rows[0]?.cells ?? [];

it('has no list of rows where there are none and the kind has no table of its own, else an empty one', async () => {
  const rowsOf = async (resource: string) => (await tableOf(`/api/v1/namespaces/default/${resource}`)).rows;
  expect([await rowsOf('limitranges'), await rowsOf('events')]).toEqual([null, []]);
});

it('a service of a load balancer shows each of its addresses once, sorted, then those from outside', async () => {
  const path = '/api/v1/namespaces/default/services';
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }], selector: { app: 'a', 'app.kubernetes.io/name': 'b' } };
  const made = await server.request('POST', path, { body: { metadata: { name: 's' }, spec } });
  expect(made.status).toBe(201);
  expect((await cellsOf(`${path}/s`))[3]).toBe('<pending>');
  await server.request('PATCH', `${path}/s`, { body: { spec: { externalIPs: ['192.0.2.1'] } }, headers: MERGE });
  expect((await cellsOf(`${path}/s`))[3]).toBe('192.0.2.1');
  const ingress = [{ ip: '203.0.113.9' }, { hostname: 'a.example.com' }, { ip: '203.0.113.10' }, { ip: '203.0.113.9' }];
  await server.request('PATCH', `${path}/s/status`, { body: { status: { loadBalancer: { ingress } } }, headers: MERGE });
  const cells = await cellsOf(`${path}/s`);
  expect(cells[3]).toBe('203.0.113.10,203.0.113.9,a.example.com,192.0.2.1');
  expect(cells[6]).toBe('app.kubernetes.io/name=b,app=a');
});

it('an event shows where it comes from even if it does not say who saw it', async () => {
  const path = '/api/v1/namespaces/default/events';
  const event = { metadata: { name: 'e' }, involvedObject: { namespace: 'default', name: 'p' }, source: { host: 'n' } };
  expect((await server.request('POST', path, { body: event })).status).toBe(201);
  const cells = await cellsOf(`${path}/e`);
  expect([cells[3], cells[5], cells[8]]).toEqual(['/p', ', n', 1]);
});

it('a Scale is a Table of its own', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const selector = { matchLabels: { app: 'a' } };
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
  const made = await server.request('POST', path, { body: { metadata: { name: 'd' }, spec: { replicas: 2, selector, template } } });
  expect(made.status).toBe(201);
  const { columnDefinitions, rows } = await tableOf(`${path}/d/scale`);
  expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
  expect(columnDefinitions[1]?.description).toBe('replicas is the desired number of instances for the scaled object.');
  expect(rows[0]?.cells).toEqual(['d', 2, 0, expect.stringMatching(/^\d+s$/)]);
  expect(rows[0]?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'd' } });
  const patched = await server.request('PATCH', `${path}/d/scale`, { body: { spec: { replicas: 0 } }, headers: { ...MERGE, ...TABLE } });
  expect(patched.json<Table>().rows[0]?.cells.slice(0, 3)).toEqual(['d', 0, 0]);
  expect((await server.request('GET', `${path}/d/scale`)).json()).toMatchObject({ kind: 'Scale', spec: {} });
});

it('annotations that are fields of the internal version are not in metadata that is told of alone', async () => {
  const path = '/apis/apps/v1/namespaces/default/daemonsets';
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
  const spec = { selector: { matchLabels: { app: 'a' } }, template };
  const generation = { 'deprecated.daemonset.template.generation': '1' };
  const metadata = { name: 'd', annotations: { own: 'yes' } };
  const made = (await server.request('POST', path, { body: { metadata, spec } })).json();
  expect(made.metadata.annotations).toEqual({ own: 'yes', ...generation });
  await server.request('POST', path, { body: { metadata: { name: 'bare' }, spec } });
  const partial = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
  const alone = (await server.request('GET', `${path}/d`, { headers: partial })).json();
  expect(alone.metadata.annotations).toEqual({ own: 'yes' });
  expect((await server.request('GET', `${path}/bare`, { headers: partial })).json().metadata).not.toHaveProperty('annotations');
  const annotations = async (query: string) =>
    (await tableOf(`${path}${query}`)).rows.map(({ object }) => (object as KubeObject).metadata.annotations);
  expect(await annotations('')).toEqual([undefined, { own: 'yes' }]);
  expect(await annotations('?includeObject=Object')).toEqual([generation, { own: 'yes', ...generation }]);
  using watch = await server.watch(`${path}?watch=1&fieldSelector=metadata.name=d`, partial);
  expect((await watch.next())?.object.metadata.annotations).toEqual({ own: 'yes' });
});
