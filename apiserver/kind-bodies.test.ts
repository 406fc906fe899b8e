// What 1.34.9 answers to bodies that people seldom send: asked of a running kube-apiserver, kind by kind.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../api/index.ts';
import { daemonSetStrategy } from './strategies/apps/daemon-set.ts';
import { horizontalPodAutoscalerStrategy } from './strategies/autoscaling/horizontal-pod-autoscaler.ts';
import { eventStrategy } from './strategies/core/event.ts';
import { networkPolicyStrategy } from './strategies/networking/network-policy.ts';
import { podDisruptionBudgetStrategy } from './strategies/policy/pod-disruption-budget.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const IN = 'namespaces/default';
const CONFIG_MAPS = `/api/v1/${IN}/configmaps`;
const BUDGETS = `/apis/policy/v1/${IN}/poddisruptionbudgets`;
const POLICIES = `/apis/networking.k8s.io/v1/${IN}/networkpolicies`;
const DAEMON_SETS = `/apis/apps/v1/${IN}/daemonsets`;
const EVENTS = `/apis/events.k8s.io/v1/${IN}/events`;
const SCALERS = `/apis/autoscaling/v1/${IN}/horizontalpodautoscalers`;
const MERGE = { 'content-type': 'application/merge-patch+json' };

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({
    strategies: {
      '/configmaps': plainStrategy({ allowCreateOnUpdate: true }),
      '/events': eventStrategy(0),
      'apps/daemonsets': daemonSetStrategy,
      'autoscaling/horizontalpodautoscalers': horizontalPodAutoscalerStrategy,
      'networking.k8s.io/networkpolicies': networkPolicyStrategy,
      'policy/poddisruptionbudgets': podDisruptionBudgetStrategy,
    },
  });
});
afterEach(() => server[Symbol.asyncDispose]());

interface Answer extends KubeObject {
  readonly code?: number;
  readonly message?: string;
}

async function write(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return (await server.request(method, path, { body, headers })).json<Answer>();
}

const owned = ({ metadata }: KubeObject): unknown => metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1);

it('what the server says of an object has no owner, though the client said it', async () => {
  const past = '2001-01-01T00:00:00Z';
  const metadata = { name: 'a', deletionTimestamp: past, deletionGracePeriodSeconds: 5, labels: { a: 'b' } };
  expect(owned(await write('POST', CONFIG_MAPS, { metadata }))).toEqual([{ 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } }]);
});

it('an apply that says nothing of the metadata owns none', async () => {
  const apply = (metadata: object) => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } };
    return write('PATCH', `${CONFIG_MAPS}/a?fieldManager=me`, body, { 'content-type': 'application/apply-patch+yaml' });
  };
  await apply({ name: 'a', labels: { a: 'b' } });
  const applied = await apply({});
  expect(owned(applied)).toEqual([{ 'f:data': { 'f:a': {} } }]);
});

it('a dry run may have a resourceVersion, a new object may not', async () => {
  const body = { metadata: { name: 'a', resourceVersion: '5' } };
  expect((await server.request('POST', `${CONFIG_MAPS}?dryRun=All`, { body })).status).toBe(201);
  expect(await write('POST', CONFIG_MAPS, body)).toMatchObject({ code: 500 });
});

it('the namespace is compared before the name', async () => {
  expect(await write('PUT', `${CONFIG_MAPS}/a`, { metadata: { name: 'b', namespace: 'other' } })).toMatchObject({
    code: 400,
    message: 'the namespace of the provided object does not match the namespace sent on the request',
  });
});

it('kind and version are read in whatever case; an empty group is none', async () => {
  expect((await write('POST', CONFIG_MAPS, { Kind: 'Other', metadata: { name: 'a' } })).message).toContain(
    'Other in version "v1" cannot be handled as a ConfigMap: no kind "Other" is registered',
  );
  expect((await write('POST', CONFIG_MAPS, { apiVersion: '/', metadata: { name: 'a' } })).metadata.name).toBe('a');
  expect((await write('POST', CONFIG_MAPS, { apiVersion: 'a\nb', metadata: { name: 'b' } })).message).toContain(
    'ConfigMap in version "a\\nb" cannot be handled',
  );
});

it('a generated name is looked at by the rule of the kind when an object changes', async () => {
  await write('POST', DAEMON_SETS, daemonSet);
  await write('POST', POLICIES, { metadata: { name: 'a' }, spec: { podSelector: {} } });
  const metadata = { generateName: 'B_' };
  expect(await write('PATCH', `${POLICIES}/a`, { metadata }, MERGE)).toMatchObject({ code: 422 });
  expect((await write('PATCH', `${DAEMON_SETS}/a`, { metadata }, MERGE)).metadata.generateName).toBe('B_');
});

const daemonSet = {
  metadata: { name: 'a' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
};

it('the count of templates of a DaemonSet is owned by who makes it', async () => {
  expect(owned(await write('POST', DAEMON_SETS, daemonSet))).toMatchObject([
    { 'f:metadata': { 'f:annotations': { '.': {}, 'f:deprecated.daemonset.template.generation': {} } } },
  ]);
});

it('the metadata of a budget is looked at when the rest is good', async () => {
  expect(await write('POST', BUDGETS, { metadata: {}, spec: { maxUnavailable: 'x' } })).toMatchObject({
    details: { causes: [{ field: 'spec.maxUnavailable' }] },
  });
  expect(await write('POST', BUDGETS, { metadata: {}, spec: {} })).toMatchObject({ details: { causes: [{ field: 'metadata.name' }] } });
});

it('an empty list is another one than none to a network policy', async () => {
  await write('POST', POLICIES, { metadata: { name: 'a' }, spec: { podSelector: {}, policyTypes: ['Ingress'] } });
  const changed = await write('PATCH', `${POLICIES}/a`, { spec: { ingress: [] } }, MERGE);
  expect(changed.metadata.generation).toBe(2);
  expect((await write('PATCH', `${POLICIES}/a`, { spec: {} }, MERGE)).metadata.generation).toBe(2);
});

it('an empty list or map is shown in errors as it was given', async () => {
  const spec = { ...daemonSet.spec, template: { ...daemonSet.spec.template, metadata: { labels: {} } } };
  expect(await write('POST', DAEMON_SETS, { ...daemonSet, spec })).toMatchObject({
    details: { causes: [{ message: 'Invalid value: {}: `selector` does not match template `labels`' }] },
  });
});

it('an object in another version keeps what no update changes', async () => {
  const event = {
    metadata: { name: 'a' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'a.b/c',
    reportingInstance: 'i',
    action: 'x',
    reason: 'y',
    type: 'Normal',
    regarding: { namespace: 'default', kind: 'Pod', name: 'x' },
  };
  const made = await write('POST', EVENTS, event);
  const changed = await write('PATCH', `${EVENTS}/a`, { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } }, MERGE);
  expect(changed.metadata.creationTimestamp).toBe(made.metadata.creationTimestamp);
});

it('what is wrong in another version is told of the group that is stored', async () => {
  expect((await write('POST', EVENTS, { metadata: { name: 'a' } })).message).toMatch(/^Event "a" is invalid/);
});

it('a target that an autoscaler is given is owned by who makes it', async () => {
  const spec = { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } };
  const made = await write('POST', SCALERS, { metadata: { name: 'a' }, spec });
  expect(made.message).toBeUndefined();
  expect(owned(made)).toMatchObject([{ 'f:spec': { 'f:targetCPUUtilizationPercentage': {} } }]);
});
