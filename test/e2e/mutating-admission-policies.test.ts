// MutatingAdmissionPolicies against a real API server: KEP-3962. Off unless asked for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1beta1';
const POLICIES = `${GROUP}/mutatingadmissionpolicies`;
const BINDINGS = `${GROUP}/mutatingadmissionpolicybindings`;
const MERGE = { 'content-type': 'application/merge-patch+json' };
const rule = (resources: string, apiGroups = [''], apiVersions = ['v1']) => ({
  operations: ['CREATE', 'UPDATE'],
  apiGroups,
  apiVersions,
  resources: [resources],
});

let server: ApiServerProcess;

beforeAll(async () => {
  const versions = 'admissionregistration.k8s.io/v1beta1=true,admissionregistration.k8s.io/v1alpha1=true';
  server = await startApiServer({ args: ['--ephemeral', `--runtime-config=${versions}`, '--feature-gates=MutatingAdmissionPolicy=true'] });
});

afterAll(() => server?.[Symbol.asyncDispose]());

async function make(path: string, body: object) {
  const answer = await server.call('POST', path, body);
  expect([answer.status, answer.status === 201 ? '' : answer.text]).toEqual([201, '']);
  return answer.body;
}

const applying = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patching = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

/** A namespace with a policy of the same name in force. */
async function enforce(name: string, spec: object, binding: object = {}, isNew = true) {
  const ns = name.replace(/-\d$/, '');
  if (isNew) await make('/api/v1/namespaces', { metadata: { name: ns } });
  const matchConstraints = { resourceRules: [rule('configmaps')] };
  await make(POLICIES, { metadata: { name }, spec: { reinvocationPolicy: 'Never', matchConstraints, ...spec } });
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } };
  await make(BINDINGS, { metadata: { name }, spec: { policyName: name, matchResources, ...binding } });
  return ns;
}

const put = (ns: string, name: string, data: object = {}) =>
  server.call('POST', `/api/v1/namespaces/${ns}/configmaps`, { metadata: { name }, data });

describe('a MutatingAdmissionPolicy', () => {
  it('is served in both versions, with a table and without a status', async () => {
    await enforce('both', { mutations: [applying('Object{}')] });
    const alpha = await server.call('GET', `${POLICIES.replace('v1beta1', 'v1alpha1')}/both`);
    expect([alpha.body.apiVersion, alpha.body.spec.failurePolicy, alpha.body.metadata.generation]).toEqual([
      'admissionregistration.k8s.io/v1alpha1',
      'Fail',
      1,
    ]);
    const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    const table = await server.call('GET', `${POLICIES}/both`, undefined, accept);
    expect(table.body.rows[0].cells.slice(0, 3)).toEqual(['both', 1, '<unset>']);
    expect((await server.call('GET', `${POLICIES}/both/status`)).status).toBe(404);
  });

  it('changes objects from the moment its binding is there until that is gone', async () => {
    const ns = await enforce('changes', {
      variables: [{ name: 'who', expression: 'request.userInfo.username' }],
      mutations: [
        applying('Object{metadata: Object.metadata{labels: {"by": variables.who}}, data: Object.data{n: string(size(object.data))}}'),
        patching('[JSONPatch{op: "add", path: "/data/m", value: object.data.n + "!"}]'),
      ],
    });
    const { body } = await put(ns, 'a', { x: 'y' });
    expect([body.metadata.labels, body.data]).toEqual([{ by: 'admin' }, { x: 'y', n: '1', m: '1!' }]);
    const updated = await server.call('PATCH', `/api/v1/namespaces/${ns}/configmaps/a`, { data: { z: '' } }, MERGE);
    expect(updated.body.data).toEqual({ x: 'y', z: '', n: '4', m: '4!' });
    await server.call('DELETE', `${BINDINGS}/changes`);
    expect((await put(ns, 'b', { x: 'y' })).body.data).toEqual({ x: 'y' });
  });

  it('gives what it adds the defaults of the kind', async () => {
    const constraints = { resourceRules: [rule('pods')] };
    const container = 'Object.spec.initContainers{name: "side", image: "proxy", restartPolicy: "Always"}';
    const expression = `Object{spec: Object.spec{initContainers: [${container}]}}`;
    const matchConditions = [{ name: 'none-yet', expression: '!object.spec.?initContainers.orValue([]).exists(c, c.name == "side")' }];
    await enforce('sidecar', { matchConstraints: constraints, matchConditions, mutations: [applying(expression)] });
    await make('/api/v1/namespaces/sidecar/serviceaccounts', { metadata: { name: 'default' } });
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'x' }] } };
    const { body } = await server.call('POST', '/api/v1/namespaces/sidecar/pods', pod);
    expect(body.spec.initContainers).toMatchObject([
      { name: 'side', image: 'proxy', imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log' },
    ]);
    // What was added before the service account's plugin came again has its token mounted.
    expect(body.spec.initContainers[0].volumeMounts).toHaveLength(1);
  });

  it('runs once for each of its parameters, in the order of names', async () => {
    await make('/api/v1/namespaces', { metadata: { name: 'params' } });
    const secrets = '/api/v1/namespaces/params/secrets';
    for (const name of ['b', 'a']) await make(secrets, { metadata: { name, labels: { use: 'yes' } } });
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'Secret' },
      mutations: [patching('[JSONPatch{op: "add", path: "/data/seen", value: object.data.?seen.orValue("") + params.metadata.name}]')],
    };
    const paramRef = { selector: { matchLabels: { use: 'yes' } }, parameterNotFoundAction: 'Deny' };
    await enforce('params', spec, { paramRef }, false);
    expect((await put('params', 'x', { y: '' })).body.data).toEqual({ y: '', seen: 'ab' });
  });

  it('runs again, if it may, when others changed the object after it', async () => {
    const count = (key: string) =>
      patching(`[JSONPatch{op: "add", path: "/data/${key}", value: string(int(object.data.?${key}.orValue("0")) + 1)}]`);
    const ns = await enforce('again-1', { reinvocationPolicy: 'IfNeeded', mutations: [count('first')] });
    await enforce('again-2', { mutations: [count('second')] }, {}, false);
    expect((await put(ns, 'a', { x: '' })).body.data).toEqual({ x: '', first: '2', second: '1' });
  });

  it('sees what those before it made, by name', async () => {
    const add = (text: string) =>
      patching(`[JSONPatch{op: "add", path: "/data/order", value: object.data.?order.orValue("") + "${text}"}]`);
    const ns = await enforce('order-1', { mutations: [add('a'), add('b')] });
    await enforce('order-2', { mutations: [add('c')] }, {}, false);
    expect((await put(ns, 'a', { x: '' })).body.data.order).toBe('abc');
  });

  it('changes an object in the version that its rules name', async () => {
    const resourceRules = [rule('horizontalpodautoscalers', ['autoscaling'])];
    const expression = 'Object{spec: Object.spec{targetCPUUtilizationPercentage: 33}}';
    await enforce('older', { matchConstraints: { resourceRules }, mutations: [applying(expression)] });
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' };
    const { body } = await server.call('POST', '/apis/autoscaling/v2/namespaces/older/horizontalpodautoscalers', {
      metadata: { name: 'a' },
      spec: { maxReplicas: 3, scaleTargetRef },
    });
    expect([body.apiVersion, body.spec.metrics[0].resource.target.averageUtilization]).toEqual(['autoscaling/v2', 33]);
  });

  it('changes custom resources, in the version that its rules name', async () => {
    const properties = {
      spec: { type: 'object', properties: { size: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } } },
    };
    const schema = { openAPIV3Schema: { type: 'object', properties } };
    await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'gears.example.com' },
      spec: {
        group: 'example.com',
        names: { kind: 'Gear', plural: 'gears' },
        scope: 'Namespaced',
        versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema })),
      },
    });
    const resourceRules = [rule('gears', ['example.com'])];
    const ns = await enforce('custom', {
      matchConstraints: { resourceRules },
      mutations: [
        applying('Object{metadata: Object.metadata{annotations: {"seen-as": object.apiVersion}}, spec: Object.spec{size: 3}}'),
        patching('[JSONPatch{op: "add", path: "/spec/tags/-", value: string(object.spec.size)}]'),
      ],
    });
    const path = `/apis/example.com/v2/namespaces/${ns}/gears`;
    const gear = (spec: object) => ({ apiVersion: 'example.com/v2', kind: 'Gear', metadata: { name: 'g' }, spec });
    const { body } = await server.call('POST', path, gear({ tags: ['a'] }));
    expect([body.apiVersion, body.metadata.annotations, body.spec]).toEqual([
      'example.com/v2',
      { 'seen-as': 'example.com/v1' },
      { size: 3, tags: ['a', '3'] },
    ]);
    const refused = await server.call('POST', path, { ...gear({}), metadata: { name: 'h' } });
    expect(refused.body.message).toContain('JSON Patch: add operation does not apply: doc is missing path');
  });

  it('refuses what it cannot change, unless failures are ignored', async () => {
    const ns = await enforce('fails', { mutations: [applying('Object{data: Object.data{n: object.data.missing}}')] });
    const { status, body } = await put(ns, 'a', { x: '' });
    const why =
      "policy 'fails' with binding 'fails' denied request: expression 'Object{data: Object.data{n: object.data.missing}}' resulted in error: no such key: missing";
    expect([status, body.reason, body.message, body.details]).toEqual([
      403,
      'Invalid',
      why,
      { name: 'a', kind: 'configmaps', causes: [{ message: why }] },
    ]);
    const { text } = await server.call('GET', '/metrics');
    const labels = 'policy="fails",policy_binding="fails",error_type="invalid_error"';
    expect(text).toContain(`apiserver_mutating_admission_policy_check_total{${labels}} 1\n`);
    await server.call('PATCH', `${POLICIES}/fails`, { spec: { failurePolicy: 'Ignore' } }, MERGE);
    expect((await put(ns, 'a', { x: '' })).body.data).toEqual({ x: '' });
  });

  it('that cannot be followed forbids the request', async () => {
    const paramRef = { name: 'a', parameterNotFoundAction: 'Deny' };
    const ns = await enforce('lost', { paramKind: { apiVersion: 'v1', kind: 'Secret' }, mutations: [applying('Object{}')] }, { paramRef });
    const { status, body } = await put(ns, 'a');
    expect([status, body.reason, body.message]).toEqual([
      403,
      'Forbidden',
      "policy 'lost' with binding 'lost' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    ]);
  });

  it('comes before those that validate', async () => {
    const ns = await enforce('before', { mutations: [applying('Object{data: Object.data{fixed: "yes"}}')] });
    const v1 = GROUP.replace('v1beta1', 'v1');
    const spec = { matchConstraints: { resourceRules: [rule('configmaps')] }, validations: [{ expression: 'object.data.fixed == "yes"' }] };
    await make(`${v1}/validatingadmissionpolicies`, { metadata: { name: 'before' }, spec });
    const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } } };
    const binding = { policyName: 'before', validationActions: ['Deny'], matchResources };
    await make(`${v1}/validatingadmissionpolicybindings`, { metadata: { name: 'before' }, spec: binding });
    expect((await put(ns, 'a')).status).toBe(201);
  });
});

describe('without its feature gate', () => {
  it('a policy is stored, and nobody runs it; without --runtime-config it is not even known', async () => {
    await using plain = await startApiServer({ args: ['--ephemeral'] });
    expect((await plain.call('GET', POLICIES)).status).toBe(404);
    await using served = await startApiServer({ args: ['--ephemeral', '--runtime-config=admissionregistration.k8s.io/v1beta1=true'] });
    const matchConstraints = { resourceRules: [rule('configmaps')] };
    const mutations = [applying('Object{data: Object.data{a: "b"}}')];
    const spec = { reinvocationPolicy: 'Never', matchConstraints, mutations };
    expect((await served.call('POST', POLICIES, { metadata: { name: 'p' }, spec })).status).toBe(201);
    expect((await served.call('POST', BINDINGS, { metadata: { name: 'p' }, spec: { policyName: 'p' } })).status).toBe(201);
    const made = await served.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
    expect(made.body.data).toBeUndefined();
  });
});
