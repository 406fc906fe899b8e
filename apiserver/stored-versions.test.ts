// Objects that another API server left in the store, in a version that is not the one we store, or without what defaults say.
import { expect, test } from 'vitest';
import type { KindInfo, KubeObject } from '../api/index.ts';
import { ALL_KINDS, BUILT_IN_KINDS, encodeProtobuf } from '../api/schema.ts';
import { openMemoryStore } from '../store/index.ts';
import { mutatingWebhookConfigurationStrategy } from './strategies/admissionregistration/webhook-configuration.ts';
import { customResourceDefinitionStrategy } from './strategies/apiextensions/custom-resource-definition.ts';
import { horizontalPodAutoscalerStrategy } from './strategies/autoscaling/horizontal-pod-autoscaler.ts';
import { persistentVolumeClaimStrategy } from './strategies/core/persistent-volume-claim.ts';
import { resourceClaimStrategy } from './strategies/resource/resource-claim.ts';
import { resourceClaimTemplateStrategy } from './strategies/resource/resource-claim-template.ts';
import { startTestServer } from './testing/test-server.ts';

const strategies = {
  '/persistentvolumeclaims': persistentVolumeClaimStrategy,
  'apiextensions.k8s.io/customresourcedefinitions': customResourceDefinitionStrategy(),
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': mutatingWebhookConfigurationStrategy,
  'resource.k8s.io/resourceclaims': resourceClaimStrategy,
  'resource.k8s.io/resourceclaimtemplates': resourceClaimTemplateStrategy,
  'autoscaling/horizontalpodautoscalers': horizontalPodAutoscalerStrategy,
};

type Written = KubeObject & { readonly spec: Record<string, unknown> };
type Body = KubeObject & { spec: Record<string, unknown>; status: Record<string, unknown> };
type Store = Awaited<ReturnType<typeof openMemoryStore>>;

// Only the present versions are served: the others need not be, to be read.
const serve = (store: Store) =>
  startTestServer({
    strategies,
    kinds: ALL_KINDS,
    isServed: (info) => BUILT_IN_KINDS.some((kind) => kind.info === info),
    store,
  });

const put = (store: Store, key: string, value: Buffer) => store.txn({ compare: [], success: [{ op: 'put', key, value }] });

/** What kube-apiserver 1.34 stores in an older version, and what older ones did, as they store it and as JSON. */
const LEFT: readonly { place: string; path: string; object: Record<string, unknown>; spec: object }[] = [
  {
    place: '/registry/resourceclaims/default/c',
    path: '/apis/resource.k8s.io/v1/namespaces/default/resourceclaims/c',
    object: {
      apiVersion: 'resource.k8s.io/v1beta1',
      kind: 'ResourceClaim',
      spec: { devices: { requests: [{ name: 'a', deviceClassName: 'gpu', allocationMode: 'All' }] } },
    },
    spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'gpu', allocationMode: 'All' } }] } },
  },
  {
    place: '/registry/resourceclaimtemplates/default/c',
    path: '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates/c',
    object: {
      apiVersion: 'resource.k8s.io/v1beta2',
      kind: 'ResourceClaimTemplate',
      spec: { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'gpu', allocationMode: 'All' } }] } } },
    },
    spec: { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'gpu', allocationMode: 'All' } }] } } },
  },
  {
    place: '/registry/horizontalpodautoscalers/default/c',
    path: '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/c',
    object: {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      spec: {
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      },
    },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    },
  },
];

test.each(['protobuf', 'JSON'])('what lies in the store in another version, as %s, is served', async (form) => {
  const store = await openMemoryStore();
  for (const { place, object } of LEFT) {
    const whole = { ...object, metadata: { name: 'c', namespace: 'default', uid: 'u-1' } };
    const { apiVersion, kind } = object;
    const message = ALL_KINDS.find(({ info }) => `${info.group}/${info.version}` === apiVersion && info.kind === kind)?.message;
    if (!message) throw new Error(`there is no ${apiVersion} ${kind}`);
    const value =
      form === 'JSON'
        ? Buffer.from(JSON.stringify(whole))
        : encodeProtobuf(message, whole, { apiVersion: String(apiVersion), kind: String(kind) });
    await put(store, place, value);
  }
  await using server = await serve(store);
  for (const { path: url, spec } of LEFT) {
    const read = (await server.request('GET', url)).json<Body>();
    expect(read.spec).toMatchObject(spec);
    const headers = { 'content-type': 'application/merge-patch+json' };
    const changed = await server.request('PATCH', url, { body: { metadata: { labels: { a: 'b' } } }, headers });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.json<Body>()).toMatchObject({ metadata: { uid: 'u-1', labels: { a: 'b' } }, spec });
  }
});

test('a claim that was stored with the older word for where its data comes from has the newer one too', async () => {
  const store = await openMemoryStore();
  const dataSource = { kind: 'PersistentVolumeClaim', name: 'other' };
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, dataSource };
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c', namespace: 'default' }, spec };
  await put(store, '/registry/persistentvolumeclaims/default/c', Buffer.from(JSON.stringify(claim)));
  await using server = await serve(store);
  const answer = await server.request('GET', '/api/v1/namespaces/default/persistentvolumeclaims/c');
  expect(answer.json<Body>().spec).toMatchObject({ dataSource, dataSourceRef: dataSource });
});

test('JSON of a version that is not known is not taken for ours', async () => {
  const store = await openMemoryStore();
  const claim = { kind: 'PersistentVolumeClaim', apiVersion: 'v9', metadata: { name: 'c', namespace: 'default' }, spec: { later: 1 } };
  await put(store, '/registry/persistentvolumeclaims/default/c', Buffer.from(JSON.stringify(claim)));
  await using server = await serve(store);
  expect((await server.request('GET', '/api/v1/namespaces/default/persistentvolumeclaims/c')).json()).toMatchObject({
    code: 500,
    message: 'no kind "PersistentVolumeClaim" is registered for version "v9" in scheme "pkg/api/legacyscheme/scheme.go:30"',
  });
});

test('what somebody writes that cannot be read is an error for those who ask for it, and the server goes on', async () => {
  const store = await openMemoryStore();
  await using server = await serve(store);
  const path = '/api/v1/namespaces/default/persistentvolumeclaims';
  using watch = await server.watch('/apis/autoscaling/v2/horizontalpodautoscalers?watch=1');
  const claim = { kind: 'PersistentVolumeClaim', apiVersion: 'v9', metadata: { name: 'c', namespace: 'default' }, spec: {} };
  await put(store, '/registry/persistentvolumeclaims/default/c', Buffer.from(JSON.stringify(claim)));
  const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h', namespace: 'default' } };
  const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } };
  await put(store, '/registry/horizontalpodautoscalers/default/h', Buffer.from(JSON.stringify({ ...autoscaler, spec })));
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'h' } } });
  for (const url of [path, `${path}/c`]) {
    expect((await server.request('GET', url)).json()).toMatchObject({ code: 500, message: expect.stringContaining('no kind') });
  }
  await put(store, '/registry/persistentvolumeclaims/default/c', Buffer.from(JSON.stringify({ ...claim, apiVersion: 'v1' })));
  expect((await server.request('GET', `${path}/c`)).status).toBe(200);
});

test('a configuration of webhooks that was stored in v1beta1 has the defaults of that', async () => {
  const store = await openMemoryStore();
  const webhooks = [{ name: 'a.example.com', clientConfig: { service: { namespace: 'a', name: 'b' } }, timeoutSeconds: 3 }];
  const kind = 'MutatingWebhookConfiguration';
  const stored = { kind, apiVersion: 'admissionregistration.k8s.io/v1beta1', metadata: { name: 'c' }, webhooks };
  await put(store, '/registry/mutatingwebhookconfigurations/c', Buffer.from(JSON.stringify(stored)));
  await using server = await serve(store);
  const answer = await server.request('GET', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/c');
  const fromThen = { failurePolicy: 'Ignore', matchPolicy: 'Exact', sideEffects: 'Unknown', admissionReviewVersions: ['v1beta1'] };
  expect(answer.json()).toMatchObject({ kind, webhooks: [{ ...fromThen, timeoutSeconds: 3, reinvocationPolicy: 'Never' }] });
});

const names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' };
const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } };
const definition = (spec: object) => ({
  kind: 'CustomResourceDefinition',
  apiVersion: 'apiextensions.k8s.io/v1beta1',
  metadata: { name: 'gadgets.swap.example', uid: 'u-1' },
  spec: { group: 'swap.example', names, scope: 'Namespaced', ...spec },
  status: { conditions: [], acceptedNames: names, storedVersions: ['v1'] },
});

test.each([
  [
    'with what its versions have in common beside them',
    {
      version: 'v1',
      versions: [
        { name: 'v1', served: true, storage: true },
        { name: 'v2', served: true, storage: false },
      ],
      validation: schema,
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: 'A', type: 'string', JSONPath: '.spec.a' }],
      selectableFields: [{ jsonPath: '.spec.a' }],
      conversion: { strategy: 'Webhook', webhookClientConfig: { url: 'https://x.example/c' }, conversionReviewVersions: ['v1'] },
      preserveUnknownFields: false,
    },
    {
      versions: ['v1', 'v2'].map((name) => ({
        name,
        served: true,
        storage: name === 'v1',
        schema,
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }],
        selectableFields: [{ jsonPath: '.spec.a' }],
      })),
      conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x.example/c' }, conversionReviewVersions: ['v1'] } },
    },
  ],
  [
    'with a schema for each version',
    { version: 'v1', versions: [{ name: 'v1', served: true, storage: true, schema }], conversion: { strategy: 'None' } },
    { versions: [{ name: 'v1', served: true, storage: true, schema }], conversion: { strategy: 'None' }, preserveUnknownFields: true },
  ],
  ['with one version, not in a list', { version: 'v1' }, { versions: [{ name: 'v1', served: true, storage: true }] }],
])('a definition of custom resources that kube-apiserver stored, %s', async (_name, stored, spec) => {
  const store = await openMemoryStore();
  await put(
    store,
    '/registry/apiextensions.k8s.io/customresourcedefinitions/gadgets.swap.example',
    Buffer.from(JSON.stringify(definition(stored))),
  );
  await using server = await serve(store);
  const read = await server.request('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.swap.example');
  expect(read.json<Body>()).toMatchObject({ apiVersion: 'apiextensions.k8s.io/v1', metadata: { uid: 'u-1' }, spec });
  expect(Object.keys(read.json<Body>().spec)).not.toContain('validation');
});

test('what defaults say and was not stored is there when it is read', async () => {
  const store = await openMemoryStore();
  const claim = { metadata: { name: 'c', namespace: 'default' }, spec: { accessModes: ['ReadWriteOnce'] }, status: {} };
  const { message } = BUILT_IN_KINDS.find(({ info }) => info.kind === 'PersistentVolumeClaim') ?? {};
  if (!message) throw new Error('there are no claims');
  await put(
    store,
    '/registry/persistentvolumeclaims/default/c',
    encodeProtobuf(message, claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }),
  );
  await using server = await serve(store);
  const { spec, status } = (await server.request('GET', '/api/v1/namespaces/default/persistentvolumeclaims/c')).json<Body>();
  expect(spec.volumeMode).toBe('Filesystem');
  expect(status).toEqual({ phase: 'Pending' });
});

/** What kube-apiserver 1.34 writes in an older version than the one that it serves. */
const WRITTEN_OLDER = [
  ['resource.k8s.io/v1', 'resource.k8s.io/v1beta2', 'namespaces/default/resourceclaims', 'resourceclaims/default', { devices: {} }],
  ['resource.k8s.io/v1beta1', 'resource.k8s.io/v1beta2', 'namespaces/default/resourceclaims', 'resourceclaims/default', { devices: {} }],
] as const;

test.each(WRITTEN_OLDER)(
  'what is written in %s lies in the store as %s, and what lies there otherwise is brought into that',
  async (...row) => {
    const [served, written, path, place, spec] = row;
    const store = await openMemoryStore();
    const isServed = (info: KindInfo) => info.version.startsWith('v1');
    await using server = await startTestServer({ strategies, kinds: ALL_KINDS, isServed, store });
    const url = `/apis/${served}/${path}`;
    const made = (await server.request('POST', url, { body: { metadata: { name: 'c' }, spec } })).json();
    expect(made).toMatchObject({ apiVersion: served, metadata: { name: 'c' } });
    const key = `/registry/${place}/c`;
    const stored = async () => JSON.parse(String((await store.range({ key })).kvs[0]?.value)) as Written;
    const first = await stored();
    expect(first).toMatchObject({ apiVersion: written, metadata: { name: 'c', uid: made.metadata.uid } });
    expect((await server.request('GET', `${url}/c`)).json()).toEqual(made);
    // As it was stored before.
    const current = `${served.slice(0, served.indexOf('/'))}/v1`;
    await put(store, key, Buffer.from(JSON.stringify({ ...first, apiVersion: current })));
    const read = await server.request('GET', `${url}/c`);
    expect(read.json()).toMatchObject({ apiVersion: served, metadata: { uid: made.metadata.uid } });
    expect((await server.request('PUT', `${url}/c`, { body: read.json() })).status).toBe(200);
    expect(await stored()).toEqual(first);
  },
);

test('a definition is written as v1beta1 has it, what all versions say alike beside them, and reads back as it was', async () => {
  const store = await openMemoryStore();
  await using server = await serve(store);
  const url = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const columns = [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }];
  const version = (name: string, storage: boolean, more: object) => ({
    name,
    served: true,
    storage,
    schema,
    subresources: { status: {} },
    ...more,
  });
  const versions = [version('v2', true, { additionalPrinterColumns: columns }), version('v1', false, {})];
  const spec = { group: 'swap.example', scope: 'Namespaced', names, versions };
  const made = await server.request('POST', url, { body: { metadata: { name: 'gadgets.swap.example' }, spec } });
  expect(made.status, made.text).toBe(201);
  expect(made.json()).toMatchObject({ apiVersion: 'apiextensions.k8s.io/v1', spec: { versions } });
  const key = '/registry/apiextensions.k8s.io/customresourcedefinitions/gadgets.swap.example';
  const stored = JSON.parse(String((await store.range({ key })).kvs[0]?.value)) as Written;
  expect(stored.apiVersion).toBe('apiextensions.k8s.io/v1beta1');
  const [column] = columns;
  expect(stored.spec).toEqual({
    ...{ group: 'swap.example', scope: 'Namespaced', names, version: 'v2', preserveUnknownFields: false },
    ...{ validation: schema, subresources: { status: {} }, conversion: { strategy: 'None' } },
    versions: [
      { name: 'v2', served: true, storage: true, additionalPrinterColumns: [{ name: 'Age', type: 'date', JSONPath: column?.jsonPath }] },
      { name: 'v1', served: true, storage: false },
    ],
  });
  expect((await server.request('GET', `${url}/gadgets.swap.example`)).json()).toMatchObject({ spec: made.json<Written>().spec });
});
