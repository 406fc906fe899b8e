// The definitions of three public operators, end to end: hundreds of fields, whole pod templates, defaults, rules, several versions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/cluster.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ROUTES = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes';
const JOBS = '/apis/keda.sh/v1alpha1/namespaces/default/scaledjobs';
const ISSUERS = '/apis/cert-manager.io/v1/clusterissuers';
const YAML = { 'content-type': 'application/yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const TABLE = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
const ESTABLISHED_MS_MAX = 60_000;

let server: ApiServerProcess;

beforeAll(async () => {
  server = await startApiServer({ args: ['--ephemeral'] });
  for (const [plural, group] of [
    ['scaledjobs', 'keda.sh'],
    ['clusterissuers', 'cert-manager.io'],
    ['httproutes', 'gateway.networking.k8s.io'],
  ]) {
    const definition = readFileSync(join(import.meta.dirname, 'operators', `${plural}.yaml`), 'utf8');
    const created = await server.call('POST', CRDS, definition, YAML);
    expect(created.status, created.text).toBe(201);
    const path = `${CRDS}/${plural}.${group}`;
    let last = '';
    await waitFor(
      async () => {
        last = (await server.call('GET', path)).text;
        return last.includes('InitialNamesAccepted');
      },
      ESTABLISHED_MS_MAX,
      () => `${path} was not established: ${last}\n${server.output()}`,
    );
  }
});

afterAll(() => server?.[Symbol.asyncDispose]());

const causesOf = (body: { details?: { causes?: { field: string; message: string }[] } }) =>
  (body.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);

describe('HTTPRoute', () => {
  const route = (name: string, spec: object) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name },
    spec,
  });

  test('gets its defaults, deep in lists too', async () => {
    const { body } = await server.call('POST', ROUTES, route('plain', { parentRefs: [{ name: 'gate' }] }));
    expect(body.spec).toEqual({
      parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gate' }],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }],
    });
    const rules = [{ backendRefs: [{ name: 'web', port: 80 }], matches: [{ headers: [{ name: 'x', value: 'y' }] }] }];
    const deep = await server.call('POST', ROUTES, route('deep', { rules }));
    expect(deep.body.spec.rules[0]).toMatchObject({
      backendRefs: [{ group: '', kind: 'Service', name: 'web', port: 80, weight: 1 }],
      matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [{ name: 'x', value: 'y' }] }],
    });
  });

  test.each<[string, object, string]>([
    [
      'a path that is not absolute',
      { rules: [{ matches: [{ path: { value: 'x' } }] }] },
      "spec.rules[0].matches[0].path: Invalid value: \"object\": value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
    ],
    [
      'a filter of one type that says another',
      { rules: [{ filters: [{ type: 'URLRewrite', requestMirror: { backendRef: { name: 'a', port: 1 } } }] }] },
      'spec.rules[0].filters[0]: Invalid value: "object": filter.requestMirror must be nil if the filter.type is not RequestMirror',
    ],
    [
      'a Service without its port',
      { rules: [{ backendRefs: [{ name: 'web' }] }] },
      'spec.rules[0].backendRefs[0]: Invalid value: "object": Must have port for Service reference',
    ],
    [
      'too much of something',
      { hostnames: Array.from({ length: 17 }, (_, i) => `h${i}.example.com`) },
      'spec.hostnames: Too many: 17: must have at most 16 items',
    ],
    [
      'a wrong choice',
      { rules: [{ matches: [{ path: { type: 'Nearly', value: '/' } }] }] },
      'spec.rules[0].matches[0].path.type: Unsupported value: "Nearly": supported values: "Exact", "PathPrefix", "RegularExpression"',
    ],
  ])('refuses %s', async (_name, spec, cause) => {
    const { status, body } = await server.call('POST', ROUTES, route('bad', spec));
    expect(status).toBe(422);
    expect(causesOf(body)).toContain(cause);
  });

  test('is the same in both of its versions', async () => {
    await server.call('POST', ROUTES, route('both', { hostnames: ['a.example.com'] }));
    const beta = ROUTES.replace('/v1/', '/v1beta1/');
    const { body } = await server.call('GET', `${beta}/both`);
    expect(body).toMatchObject({ apiVersion: 'gateway.networking.k8s.io/v1beta1', spec: { hostnames: ['a.example.com'] } });
    await server.call('PATCH', `${beta}/both`, { spec: { hostnames: ['b.example.com'] } }, MERGE);
    expect((await server.call('GET', `${ROUTES}/both`)).body).toMatchObject({
      metadata: { generation: 2 },
      spec: { hostnames: ['b.example.com'] },
    });
    const table = (await server.call('GET', ROUTES, undefined, TABLE)).body;
    expect(table.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(['Name', 'Hostnames', 'Age']);
    expect(table.rows.find(({ cells }: { cells: string[] }) => cells[0] === 'both').cells[1]).toBe('["b.example.com"]');
  });
});

describe('ScaledJob', () => {
  const job = (name: string, more: object = {}, container: object = {}) => ({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledJob',
    metadata: { name },
    spec: {
      jobTargetRef: { template: { spec: { containers: [{ name: 'work', image: 'busybox', ...container }] } } },
      triggers: [{ type: 'cron', metadata: { timezone: 'UTC' } }],
      ...more,
    },
  });

  test('holds a whole pod template, with its lists merged by key', async () => {
    const one = job('work', {}, { ports: [{ containerPort: 80 }], resources: { limits: { cpu: 1, memory: '64Mi' } } });
    const first = await server.call('PATCH', `${JOBS}/work?fieldManager=one`, JSON.stringify(one), APPLY);
    expect(first.status, first.text).toBe(201);
    expect(first.body.spec).toMatchObject({ pollingInterval: 30, maxReplicaCount: 100 });
    const two = job('work', {}, {});
    two.spec.jobTargetRef.template.spec.containers = [{ name: 'side', image: 'envoy' }] as never;
    const second = await server.call('PATCH', `${JOBS}/work?fieldManager=two`, JSON.stringify(two), APPLY);
    expect(second.status, second.text).toBe(200);
    const { containers } = second.body.spec.jobTargetRef.template.spec;
    expect(containers).toEqual([
      {
        name: 'work',
        image: 'busybox',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        resources: { limits: { cpu: 1, memory: '64Mi' } },
      },
      { name: 'side', image: 'envoy' },
    ]);
  });

  test('says what is wrong with it in its own words, and what is unknown', async () => {
    const wrong = await server.call('POST', JOBS, job('bad', { minReplicaCount: 200, triggers: [{ type: 'cron', metadata: {} }] }));
    expect(causesOf(wrong.body)).toEqual(['spec: Invalid value: "object": minReplicaCount must not exceed maxReplicaCount']);
    const quantity = await server.call('POST', JOBS, job('bad', {}, { resources: { limits: { cpu: 'much' } } }));
    expect(quantity.status).toBe(422);
    const twice = await server.call('POST', JOBS, job('bad', {}, { ports: [{ containerPort: 80 }, { containerPort: 80 }] }));
    expect(causesOf(twice.body)).toEqual([
      'spec.jobTargetRef.template.spec.containers[0].ports[1]: Duplicate value: {"containerPort":80,"protocol":"TCP"}',
    ]);
    const unknown = await server.call('POST', `${JOBS}?fieldValidation=Strict`, job('bad', {}, { imagee: 'x' }));
    expect(unknown.body.message).toContain('unknown field "spec.jobTargetRef.template.spec.containers[0].imagee"');
  });
});

describe('ClusterIssuer', () => {
  const issuer = (name: string, spec: object) => ({ apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name }, spec });
  const acme = (email: string) => ({
    acme: { server: 'https://acme.example.com', email, privateKeySecretRef: { name: 'key' }, solvers: [] },
  });

  test('is one type of issuer, selected by what its definition names', async () => {
    expect((await server.call('POST', ISSUERS, issuer('a', acme('a@example.com')))).status).toBe(201);
    expect((await server.call('POST', ISSUERS, issuer('b', acme('b@example.com')))).status).toBe(201);
    const both = await server.call('POST', ISSUERS, issuer('c', { ...acme('c@example.com'), selfSigned: {} }));
    expect(causesOf(both.body)).toEqual(['spec: Invalid value: "object": exactly one type of issuer must be given']);
    const found = await server.call('GET', `${ISSUERS}?fieldSelector=spec.acme.email%3Db@example.com`);
    expect(found.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(['b']);
  });

  test('tells through its status how it is, and kubectl shows it', async () => {
    const status = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] };
    expect((await server.call('PATCH', `${ISSUERS}/a/status`, { status }, MERGE)).status).toBe(200);
    const { rows } = (await server.call('GET', `${ISSUERS}/a`, undefined, TABLE)).body;
    expect(rows[0].cells.slice(0, 2)).toEqual(['a', 'True']);
    const wrong = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 'yesterday' }] };
    expect((await server.call('PATCH', `${ISSUERS}/a/status`, { status: wrong }, MERGE)).status).toBe(422);
  });
});

test('their documents describe them, and their definitions take everything with them', async () => {
  const v2 = (await server.call('GET', '/openapi/v2')).body;
  expect(v2.definitions).toHaveProperty(
    ['sh.keda.v1alpha1.ScaledJob', 'properties', 'spec', 'properties', 'pollingInterval', 'type'],
    'integer',
  );
  const v3 = (await server.call('GET', '/openapi/v3/apis/gateway.networking.k8s.io/v1')).body;
  expect(v3.components.schemas).toHaveProperty(['io.k8s.networking.gateway.v1.HTTPRoute']);
  for (const name of ['scaledjobs.keda.sh', 'clusterissuers.cert-manager.io', 'httproutes.gateway.networking.k8s.io']) {
    await server.call('DELETE', `${CRDS}/${name}`);
    await waitFor(
      async () => (await server.call('GET', `${CRDS}/${name}`)).status === 404,
      ESTABLISHED_MS_MAX,
      () => `${name} is still there`,
    );
  }
  expect((await server.call('GET', JOBS)).text).toBe('404 page not found\n');
});
