import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod, PodDisruptionBudget } from '../api/index.ts';
import { podStrategy } from './strategies/core/pod.ts';
import { podDisruptionBudgetStrategy } from './strategies/policy/pod-disruption-budget.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const PODS = '/api/v1/namespaces/default/pods';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({
    strategies: { '/pods': podStrategy, '/bindings': plainStrategy(), 'policy/poddisruptionbudgets': podDisruptionBudgetStrategy },
  });
});
afterEach(() => server[Symbol.asyncDispose]());

async function pod(name: string, status: object) {
  const spec = { containers: [{ name: 'c', image: 'x:1' }], nodeName: 'n', terminationGracePeriodSeconds: 1 };
  const made = await server.request('POST', PODS, { body: { metadata: { name, labels: { app: 'a' } }, spec } });
  expect(made.status).toBe(201);
  expect((await server.request('PATCH', `${PODS}/${name}/status`, { body: { status }, headers: MERGE })).status).toBe(200);
}

const running = (name: string, ready = 'True') => pod(name, { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] });

async function budget(name: string, status: object | undefined, spec: object = {}) {
  const body = { metadata: { name }, spec: { selector: { matchLabels: { app: 'a' } }, minAvailable: 1, ...spec } };
  expect((await server.request('POST', BUDGETS, { body })).status).toBe(201);
  if (status)
    await server.request('PATCH', `${BUDGETS}/${name}/status`, { body: { status: { observedGeneration: 1, ...status } }, headers: MERGE });
}

const evict = (name: string, more: object = {}) =>
  server.request('POST', `${PODS}/${name}/eviction`, { body: { metadata: { name }, ...more } });

interface Refusal {
  code: number;
  message: string;
  details?: { causes?: { message: string }[]; retryAfterSeconds?: number };
}

const refusalOf = async (name: string) => {
  const { code, message, details } = (await evict(name)).json<Refusal>();
  return { code, message, cause: details?.causes?.[0]?.message, retry: details?.retryAfterSeconds };
};
const VIOLATION = "Cannot evict pod as it would violate the pod's disruption budget.";

test('a budget that is not up to date, or has nothing left, refuses', async () => {
  await running('p');
  await budget('b', undefined);
  expect(await refusalOf('p')).toEqual({
    code: 429,
    message: VIOLATION,
    cause: 'The disruption budget b is still being processed by the server.',
    retry: 10,
  });
  const status = { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0 };
  await server.request('PATCH', `${BUDGETS}/b/status`, { body: { status }, headers: MERGE });
  expect(await refusalOf('p')).toEqual({
    code: 429,
    message: VIOLATION,
    cause: 'The disruption budget b needs 1 healthy pods and has 1 currently',
    retry: undefined,
  });
});

test('what is wrong with how the pod is to be deleted is told when its budget can spare it', async () => {
  await running('p');
  await budget('b', undefined);
  const deleteOptions = { propagationPolicy: 'Sideways' };
  expect((await evict('p', { deleteOptions })).status).toBe(429);
  await server.request('DELETE', `${BUDGETS}/b`);
  expect((await evict('p', { deleteOptions })).json<Refusal>().message).toContain('propagationPolicy: Unsupported value: "Sideways"');
  // It says that it goes all the same, but for a dry run.
  const conditions = async (name: string) => (await server.request('GET', `${PODS}/${name}`)).json<Pod>().status.conditions;
  expect(await conditions('p')).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }));
  await running('q');
  expect((await evict('q', { deleteOptions: { ...deleteOptions, dryRun: ['All'] } })).status).toBe(422);
  expect(await conditions('q')).not.toContainEqual(expect.objectContaining({ type: 'DisruptionTarget' }));
});

test('ports to forward are read as lists of numbers', async () => {
  await pod('p', { phase: 'Running' });
  const refusal = async (ports: string) => (await server.request('GET', `${PODS}/p/portforward?ports=${ports}`)).json<Refusal>().message;
  const why = 'cannot convert to []int32: strconv.ParseUint: parsing';
  expect(await refusal('80,x')).toBe(`${why} "x": invalid syntax`);
  expect(await refusal('-1')).toBe(`${why} "-1": invalid syntax`);
  expect(await refusal('65536')).toBe(`${why} "65536": value out of range`);
});

test('is taken in the version that older clients know too', async () => {
  await running('p');
  const kind = 'Eviction';
  const dryRun = { deleteOptions: { dryRun: ['All'] } };
  expect((await evict('p', { apiVersion: 'policy/v1beta1', kind, ...dryRun })).status).toBe(201);
  expect((await evict('p', { apiVersion: 'policy/v2', kind, ...dryRun })).json<Refusal>().message).toContain('policy/v2');
});

test('what is about a pod of another namespace is refused', async () => {
  await running('p');
  const refused = { code: 400, message: 'the namespace of the provided object does not match the namespace sent on the request' };
  const metadata = { name: 'p', namespace: 'other' };
  expect((await evict('p', { metadata })).json()).toMatchObject(refused);
  const body = { metadata, target: { kind: 'Node', name: 'n' } };
  expect((await server.request('POST', `${PODS}/p/binding`, { body })).json()).toMatchObject(refused);
});

test('what is granted is taken at once, by one of many; a dry run takes nothing', async () => {
  await Promise.all(['p', 'q', 'r'].map((name) => running(name)));
  await budget('b', { currentHealthy: 3, desiredHealthy: 1, disruptionsAllowed: 2 });
  expect((await evict('p', { deleteOptions: { dryRun: ['All'] } })).status).toBe(201);
  const answers = await Promise.all(['p', 'q', 'r'].map((name) => evict(name)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 429]);
  const { status } = (await server.request('GET', `${BUDGETS}/b`)).json<PodDisruptionBudget>();
  expect(Object.keys(status.disruptedPods ?? {})).toHaveLength(2);
  expect(status.disruptionsAllowed).toBe(0);
  expect(status.conditions).toEqual([expect.objectContaining({ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' })]);
  const gone = answers.findIndex((answer) => answer.status === 201);
  const evicted = (await server.request('GET', `${PODS}/${['p', 'q', 'r'][gone]}`)).json<Pod>();
  expect(evicted.status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }));
});

test('pods that do not count go without asking', async () => {
  await pod('pending', { phase: 'Pending' });
  await pod('over', { phase: 'Succeeded' });
  await running('sick', 'False');
  await budget('b', { currentHealthy: 1, desiredHealthy: 2, disruptionsAllowed: 0 });
  expect((await evict('pending')).status).toBe(201);
  expect((await evict('over')).status).toBe(201);
  expect((await refusalOf('sick')).code).toBe(429);
  const spec = { unhealthyPodEvictionPolicy: 'AlwaysAllow' };
  await server.request('PATCH', `${BUDGETS}/b`, { body: { spec }, headers: MERGE });
  expect((await evict('sick')).status).toBe(201);
});

test('of two budgets, none can be asked', async () => {
  await running('p');
  await budget('b', { disruptionsAllowed: 1 });
  await budget('c', { disruptionsAllowed: 1 });
  expect(await refusalOf('p')).toMatchObject({
    code: 500,
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  });
});

test('an Eviction names its pod', async () => {
  await running('p');
  const answer = await server.request('POST', `${PODS}/p/eviction`, { body: {} });
  expect(answer.status).toBe(400);
  expect(answer.json<{ message: string }>().message).toBe('name in URL does not match name in Eviction object');
});

test('a binding may say which pod it means, and which state of it', async () => {
  const spec = { containers: [{ name: 'c', image: 'x:1' }] };
  const { uid = '', resourceVersion = '' } = (await server.request('POST', PODS, { body: { metadata: { name: 'p' }, spec } })).json<Pod>()
    .metadata;
  const bind = (metadata: object) =>
    server.request('POST', `${PODS}/p/binding`, { body: { metadata: { name: 'p', ...metadata }, target: { name: 'n' } } });
  const why = (what: string, wanted: string, found: string) =>
    'Operation cannot be fulfilled on pods "p": StorageError: invalid object, Code: 4, Key: /registry/pods/default/p, ResourceVersion: 0, ' +
    `AdditionalErrorMsg: Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
  const refused: [metadata: object, message: string][] = [
    [{ uid: 'other', resourceVersion }, why('UID', 'other', uid)],
    [{ uid, resourceVersion: '1' }, why('ResourceVersion', '1', resourceVersion)],
    [{ resourceVersion: `${resourceVersion}x` }, why('ResourceVersion', `${resourceVersion}x`, resourceVersion)],
  ];
  for (const [metadata, message] of refused) expect((await bind(metadata)).json()).toMatchObject({ code: 409, message });
  const legacy = '/api/v1/namespaces/default/bindings?dryRun=All';
  const inBody = { metadata: { name: 'p', uid: 'other' }, target: { name: 'n' } };
  expect((await server.request('POST', `${PODS}/p/binding?dryRun=All`, { body: inBody })).json<Refusal>().message).toContain(
    'Key: /pods/default/p,',
  );
  expect((await server.request('POST', legacy, { body: inBody })).status).toBe(201);
  const nameless = { metadata: {}, target: { name: 'n' } };
  expect((await server.request('POST', legacy, { body: nameless })).json()).toMatchObject({
    code: 400,
    message: 'Name parameter required.',
  });
  expect((await bind({ uid, resourceVersion })).status).toBe(201);
  // Which pod is meant comes before what it is like.
  expect((await bind({ uid: 'other' })).json()).toMatchObject({ message: why('UID', 'other', uid) });
});

test('a pod that is already on its way says that it was evicted, and since when', async () => {
  const path = `${PODS}/p`;
  await running('p');
  const spec = { finalizers: ['example.com/hold'] };
  await server.request('PATCH', path, { body: { metadata: spec }, headers: MERGE });
  await server.request('DELETE', `${path}?gracePeriodSeconds=30`);
  expect((await evict('p')).status).toBe(201);
  const { status, metadata } = (await server.request('GET', path)).json<Pod>();
  expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'DisruptionTarget']);
  expect((await evict('p')).status).toBe(201);
  expect((await server.request('GET', path)).json<Pod>().metadata.resourceVersion).toBe(metadata.resourceVersion);
});

test('a pod of another uid that its budget need not count is to be tried again, and one without a budget is not', async () => {
  const wrong = { deleteOptions: { preconditions: { uid: 'x' } } };
  await pod('alone', { phase: 'Pending' });
  expect((await evict('alone', wrong)).json<Refusal>().code).toBe(409);
  await running('sick', 'False');
  await budget('b', { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 });
  for (const more of [wrong, { deleteOptions: { ...wrong.deleteOptions, dryRun: ['All'] } }]) {
    expect((await evict('sick', more)).json<Refusal>()).toMatchObject({ code: 429, message: VIOLATION });
  }
});
