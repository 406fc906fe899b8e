import { afterEach, beforeEach, expect, test } from 'vitest';
import { horizontalPodAutoscalerStrategy } from './strategies/autoscaling/horizontal-pod-autoscaler.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const v1 = (name = '') => `/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers${name && `/${name}`}`;
const v2 = (name = '') => `/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers${name && `/${name}`}`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 };

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ strategies: { 'autoscaling/horizontalpodautoscalers': horizontalPodAutoscalerStrategy } });
});
afterEach(() => server[Symbol.asyncDispose]());

const get = async (path: string) => (await server.request('GET', path)).json<Record<string, unknown>>();

test('an object has one state and one history, in however many versions it is seen', async () => {
  using seen = await server.watch(`${v1()}?watch=true`);
  const body = { metadata: { name: 'h' }, spec: { ...spec, targetCPUUtilizationPercentage: 70 } };
  const made = await server.request('POST', v1(), { body });
  expect(made.status).toBe(201);
  expect(made.json()).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { minReplicas: 1 },
    status: { currentReplicas: 0, desiredReplicas: 0 },
  });
  const cpu = (averageUtilization: number) => [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
  ];
  expect(await get(v2('h'))).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { metrics: cpu(70) } });
  await server.request('PATCH', v2('h'), { body: { spec: { metrics: cpu(50) } }, headers: MERGE });
  expect(await get(v1('h'))).toMatchObject({ spec: { targetCPUUtilizationPercentage: 50 } });
  const events = [await seen.next(), await seen.next()];
  expect(events.map((event) => [event?.type, event?.object.apiVersion])).toEqual([
    ['ADDED', 'autoscaling/v1'],
    ['MODIFIED', 'autoscaling/v1'],
  ]);
  expect(events[1]?.object.metadata.resourceVersion).toBe(
    ((await get(v2('h'))) as { metadata: { resourceVersion: string } }).metadata.resourceVersion,
  );
});

test('what one version refuses, the others refuse with the words of the stored one', async () => {
  const refused = await server.request('POST', v1(), {
    body: { metadata: { name: 'h' }, spec: { ...spec, targetCPUUtilizationPercentage: -1 } },
  });
  expect(refused.status).toBe(422);
  expect(refused.json<{ message: string }>().message).toBe(
    'HorizontalPodAutoscaler.autoscaling "h" is invalid: spec.metrics[0].resource.target.averageUtilization: Invalid value: -1: must be greater than 0',
  );
});

test('owners keep what they own across versions, and none writes the status through the object', async () => {
  const apply = (path: string, version: string, own: object, manager: string) =>
    server.request('PATCH', `${path}?fieldManager=${manager}`, {
      body: { apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec: { ...spec, ...own } },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
  expect((await apply(v2('h'), 'v2', { minReplicas: 2 }, 'a')).status).toBe(201);
  const conflict = await apply(v1('h'), 'v1', { minReplicas: 3 }, 'b');
  expect(conflict.status).toBe(409);
  expect(conflict.json<{ message: string }>().message).toContain('conflict with "a"');
  const status = { currentReplicas: 9, desiredReplicas: 9 };
  await server.request('PATCH', v1('h'), { body: { status }, headers: MERGE });
  expect(await get(v1('h'))).toMatchObject({ status: { currentReplicas: 0 } });
  await server.request('PATCH', `${v1('h')}/status`, { body: { status }, headers: MERGE });
  expect(await get(v2('h'))).toMatchObject({ spec: { minReplicas: 2 }, status });
});

test('who writes a value that the stored version has elsewhere owns what this version shows of it', async () => {
  await server.request('POST', v1(), { body: { metadata: { name: 'h' }, spec } });
  const written = await server.request('PATCH', `${v1('h')}/status?fieldManager=me`, {
    body: { status: { currentReplicas: 1, currentCPUUtilizationPercentage: 7 } },
    headers: MERGE,
  });
  const { metadata } = written.json<{ metadata: { managedFields: { manager: string; fieldsV1: object }[] } }>();
  expect(metadata.managedFields.find(({ manager }) => manager === 'me')?.fieldsV1).toEqual({
    'f:metadata': { 'f:annotations': { '.': {}, 'f:autoscaling.alpha.kubernetes.io/current-metrics': {} } },
    'f:status': { 'f:currentCPUUtilizationPercentage': {}, 'f:currentReplicas': {} },
  });
});
