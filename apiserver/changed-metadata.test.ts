// How often upstream looks at changed metadata is the kind's affair: each look's findings are causes of their own.
import { describe, expect, test } from 'vitest';
import { daemonSetStrategy } from './strategies/apps/daemon-set.ts';
import { deploymentStrategy } from './strategies/apps/deployment.ts';
import { replicaSetStrategy } from './strategies/apps/replica-set.ts';
import { leaseStrategy } from './strategies/coordination/lease.ts';
import { configMapStrategy } from './strategies/core/config-map.ts';
import { persistentVolumeClaimStrategy } from './strategies/core/persistent-volume-claim.ts';
import { ingressStrategy } from './strategies/networking/ingress.ts';
import { podDisruptionBudgetStrategy } from './strategies/policy/pod-disruption-budget.ts';
import { roleStrategy } from './strategies/rbac/role.ts';
import { startTestServer, type TestAnswer } from './testing/test-server.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const NS = 'namespaces/default';
const TEMPLATE = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };

const start = () =>
  startTestServer({
    strategies: {
      '/configmaps': configMapStrategy,
      '/persistentvolumeclaims': persistentVolumeClaimStrategy,
      'apps/daemonsets': daemonSetStrategy,
      'apps/deployments': deploymentStrategy,
      'apps/replicasets': replicaSetStrategy,
      'coordination.k8s.io/leases': leaseStrategy,
      'policy/poddisruptionbudgets': podDisruptionBudgetStrategy,
      'rbac.authorization.k8s.io/roles': roleStrategy,
      'networking.k8s.io/ingresses': ingressStrategy,
    },
  });

const KINDS: readonly (readonly [path: string, body: object, looks: number])[] = [
  [`/api/v1/${NS}/configmaps`, {}, 4],
  [`/apis/apps/v1/${NS}/deployments`, { spec: { selector: { matchLabels: { a: 'b' } }, template: TEMPLATE } }, 3],
  [`/apis/policy/v1/${NS}/poddisruptionbudgets`, {}, 2],
  [`/apis/rbac.authorization.k8s.io/v1/${NS}/roles`, {}, 5],
];

const causesOf = (answer: TestAnswer): readonly string[] =>
  answer
    .json<{ details: { causes: { field: string; message: string }[] } }>()
    .details.causes.map(({ field, message }) => `${field}: ${message}`);

describe('a bad label on an object that is there', () => {
  test.each(KINDS)('is told as often as upstream finds it: %s', async (path, body, looks) => {
    await using api = await start();
    expect((await api.request('POST', path, { body: { metadata: { name: 'x' }, ...body } })).status).toBe(201);
    const answer = await api.request('PATCH', `${path}/x`, { body: { metadata: { labels: { a: 'b c' } } }, headers: MERGE });
    expect(answer.status).toBe(422);
    const causes = causesOf(answer);
    expect(causes).toHaveLength(looks);
    expect(new Set(causes).size).toBe(1);
    expect(causes[0]).toMatch(/^metadata\.labels: Invalid value: "b c": a valid label must be/);
  });
});

describe('a finalizer without a domain', () => {
  test('is refused on an update by kinds of the core’s rules', async () => {
    await using api = await start();
    const statuses = [];
    for (const [path, body] of KINDS) {
      await api.request('POST', path, { body: { metadata: { name: 'x' }, ...body } });
      const answer = await api.request('PATCH', `${path}/x`, { body: { metadata: { finalizers: ['plain'] } }, headers: MERGE });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([422, 422, 200, 422]);
  });
});

test.each([
  [`/api/v1/${NS}/persistentvolumeclaims`, { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } } }, 422],
  [`/apis/coordination.k8s.io/v1/${NS}/leases`, {}, 200],
])('a finalizer without a domain, by what kind it is written to: %s', async (path, body, status) => {
  await using api = await start();
  expect((await api.request('POST', path, { body: { metadata: { name: 'x' }, ...body } })).status).toBe(201);
  const view = path.endsWith('claims') ? '/status' : '';
  const answer = await api.request('PATCH', `${path}/x${view}`, { body: { metadata: { finalizers: ['plain'] } }, headers: MERGE });
  expect(answer.status).toBe(status);
});

test.each([
  ['replicasets', { replicas: -1 }, 'spec.replicas'],
  ['daemonsets', { minReadySeconds: -1 }, 'spec.minReadySeconds'],
])('an update of %s is looked at once', async (resource, change, field) => {
  await using api = await start();
  const path = `/apis/apps/v1/${NS}/${resource}`;
  await api.request('POST', path, {
    body: { metadata: { name: 'x' }, spec: { selector: { matchLabels: { a: 'b' } }, template: TEMPLATE } },
  });
  const answer = await api.request('PATCH', `${path}/x`, { body: { spec: change }, headers: MERGE });
  const why = `${field}: Invalid value: -1: must be greater than or equal to 0`;
  expect(causesOf(answer)).toEqual([why]);
});

test('a budget may have any name that can stand in a path', async () => {
  await using api = await start();
  const path = `/apis/policy/v1/${NS}/poddisruptionbudgets`;
  const create = async (name: string) => (await api.request('POST', path, { body: { metadata: { name, finalizers: ['plain'] } } })).status;
  expect([await create('A_b'), await create('a%b')]).toEqual([201, 422]);
});

describe('advice', () => {
  const path = `/apis/networking.k8s.io/v1/${NS}/ingresses`;
  const spec = { defaultBackend: { service: { name: 'a', port: { number: 1 } } } };
  const annotations = { 'kubernetes.io/ingress.class': 'b' };

  test('comes with what is accepted', async () => {
    await using api = await start();
    const answer = await api.request('POST', path, { body: { metadata: { name: 'x', annotations }, spec } });
    expect(answer.headers.warning).toContain("please use 'spec.ingressClassName' instead");
    const both = { metadata: { name: 'y', annotations }, spec: { ...spec, ingressClassName: 'b' } };
    expect((await api.request('POST', path, { body: both })).headers.warning).toBeUndefined();
  });

  test('does not come with what is refused', async () => {
    await using api = await start();
    const answer = await api.request('POST', path, { body: { metadata: { name: 'X_', annotations }, spec } });
    expect(answer.status).toBe(422);
    expect(answer.headers.warning).toBeUndefined();
  });
});
