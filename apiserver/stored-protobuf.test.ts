/** A store whose objects kube-apiserver wrote, as protobuf: they are served as if we had. */
import { expect, test } from 'vitest';
import type { KubeObject } from '../api/index.ts';
import { BUILT_IN_KINDS, encodeProtobuf } from '../api/schema.ts';
import { openMemoryStore } from '../store/index.ts';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

const managedFields = [
  { manager: 'kubectl', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { '.': {}, 'f:k': {} } } },
];
const metadata = { uid: 'u-1', creationTimestamp: '2024-05-06T07:08:09Z', labels: { app: 'web' }, managedFields };

const STORED: Readonly<
  Record<string, { readonly place: string; readonly path: string; readonly object: KubeObject & Record<string, unknown> }>
> = {
  '/configmaps': {
    place: '/registry/configmaps/default/a',
    path: '/api/v1/namespaces/default/configmaps',
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default', ...metadata },
      data: { k: 'v' },
      binaryData: { b: 'AP8=' },
    },
  },
  '/services': {
    place: '/registry/services/specs/default/web',
    path: '/api/v1/namespaces/default/services',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default', ...metadata },
      spec: {
        ports: [{ protocol: 'TCP', port: 80, targetPort: 'http' }],
        selector: { app: 'web' },
        clusterIP: '10.0.0.7',
        type: 'ClusterIP',
      },
      status: { loadBalancer: {} },
    },
  },
  'apps/deployments': {
    place: '/registry/deployments/default/web',
    path: '/apis/apps/v1/namespaces/default/deployments',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default', ...metadata },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'nginx', resources: { limits: { cpu: '100m', memory: '1Gi' } } }] },
        },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: 1 } },
      },
      status: { replicas: 3 },
    },
  },
};

function encoded(id: string, object: KubeObject & Record<string, unknown>): Buffer {
  const kind = BUILT_IN_KINDS.find(({ info }) => `${info.group}/${info.resource}` === id);
  if (!kind) throw new Error(`${id} is no kind`);
  return encodeProtobuf(kind.message, object, { apiVersion: String(object.apiVersion), kind: String(object.kind) });
}

async function filled() {
  const store = await openMemoryStore();
  for (const [id, { place, object }] of Object.entries(STORED)) {
    await store.txn({ compare: [], success: [{ op: 'put', key: place, value: encoded(id, object) }] });
  }
  return store;
}

const strategies = Object.fromEntries(Object.keys(STORED).map((id) => [id, plainStrategy()]));

test('objects stored as protobuf are read, listed, selected, changed, watched and deleted', async () => {
  await using api = await startTestServer({ strategies, store: await filled() });
  for (const { path, object } of Object.values(STORED)) {
    const { name } = object.metadata;
    const read = await api.request('GET', `${path}/${name}`);
    expect(read.status).toBe(200);
    const { resourceVersion, ...rest } = read.json().metadata;
    expect({ ...read.json(), metadata: rest }).toEqual(object);
    expect(Number(resourceVersion)).toBeGreaterThan(1);
    const list = await api.request('GET', `${path}?labelSelector=app%3Dweb&fieldSelector=metadata.name%3D${name}`);
    expect(list.json<{ items: unknown[] }>().items).toHaveLength(1);
  }
  const path = STORED['/configmaps']?.path ?? '';
  using watch = await api.watch(`${path}?watch=1&resourceVersion=0`);
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { data: { k: 'v' } } });
  const changed = await api.request('PATCH', `${path}/a`, {
    body: { data: { more: 'yes' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(changed.json()).toMatchObject({ data: { k: 'v', more: 'yes' }, binaryData: { b: 'AP8=' }, metadata: { uid: 'u-1' } });
  expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { k: 'v', more: 'yes' } } });
  expect((await api.request('DELETE', `${path}/a`)).status).toBe(200);
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { data: { more: 'yes' } } });
});

test('one that comes while the server runs, from a kube-apiserver on the same store, is told to watchers', async () => {
  await using api = await startTestServer({ strategies });
  const { path, place, object } = STORED['/configmaps'] ?? { path: '', place: '', object: { metadata: { name: '' } } };
  using watch = await api.watch(`${path}?watch=1`);
  await api.store.txn({ compare: [], success: [{ op: 'put', key: place, value: encoded('/configmaps', object) }] });
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a', uid: 'u-1' }, data: { k: 'v' } } });
});

test('one that is stored in a version that differs in its name only is read', async () => {
  const store = await openMemoryStore();
  const value = encoded('apps/deployments', { ...STORED['apps/deployments']?.object, apiVersion: 'apps/v1beta2' } as KubeObject &
    Record<string, unknown>);
  await store.txn({ compare: [], success: [{ op: 'put', key: '/registry/deployments/default/web', value }] });
  const former = { ...strategies, 'apps/deployments': { ...plainStrategy(), formerNames: ['apps/v1beta2'] } };
  await using api = await startTestServer({ strategies: former, store });
  const answer = await api.request('GET', '/apis/apps/v1/namespaces/default/deployments/web');
  expect(answer.json()).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } });
});

test('one that is stored in another version is not taken for this one', async () => {
  const store = await openMemoryStore();
  const value = encoded('apps/deployments', { ...STORED['apps/deployments']?.object, apiVersion: 'apps/v9' } as KubeObject &
    Record<string, unknown>);
  await store.txn({ compare: [], success: [{ op: 'put', key: '/registry/deployments/default/web', value }] });
  await using api = await startTestServer({ strategies, store });
  expect((await api.request('GET', '/apis/apps/v1/namespaces/default/deployments/web')).json()).toEqual({
    ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 500 },
    message: 'no kind "Deployment" is registered for version "apps/v9" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  });
});

test.each([
  ['cut off', encoded('/configmaps', STORED['/configmaps']?.object ?? { metadata: { name: '' } }).subarray(0, 60), 'unexpected EOF'],
  [
    'JSON that is cut off',
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a",',
    "couldn't get version/kind; json parse error: unexpected end of JSON input",
  ],
  ['of something else', '{"kind":"Secret","apiVersion":"v1"}', 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'],
])('one that is %s is an error for those who ask for it, and keeps no server from starting', async (_name, value, message) => {
  const store = await openMemoryStore();
  await store.txn({ compare: [], success: [{ op: 'put', key: '/registry/configmaps/default/a', value: Buffer.from(value) }] });
  await using api = await startTestServer({ strategies, store });
  const path = '/api/v1/namespaces/default/configmaps';
  for (const url of [path, `${path}/a`]) expect((await api.request('GET', url)).json()).toMatchObject({ code: 500, message });
  expect((await api.request('POST', path, { body: { metadata: { name: 'b' } } })).status).toBe(201);
  // Nothing of a collection is deleted when one of it cannot be read.
  expect((await api.request('DELETE', path)).json()).toMatchObject({ code: 500, message });
  expect((await api.request('GET', `${path}/b`)).status).toBe(200);
  expect((await api.request('GET', '/api/v1/namespaces/other/configmaps')).status).toBe(200);
});
