// Policies in CEL against a real API server: KEP-3488 (ValidatingAdmissionPolicy).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServerProcess, startApiServer } from '../support/api-server.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const POLICIES = `${GROUP}/validatingadmissionpolicies`;
const BINDINGS = `${GROUP}/validatingadmissionpolicybindings`;
const CONFIG_MAPS = { operations: ['CREATE', 'UPDATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

let server: ApiServerProcess;
const directory = mkdtempSync(join(tmpdir(), 'nanokube-policies-'));
const auditLog = join(directory, 'audit.log');

beforeAll(async () => {
  const policy = join(directory, 'audit-policy.yaml');
  writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n');
  server = await startApiServer({ args: ['--ephemeral', `--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`] });
  await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    names: { kind: 'Widget', plural: 'widgets' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { max: { type: 'integer' } } } } } },
      },
    ],
  },
};

async function make(path: string, body: object) {
  const answer = await server.call('POST', path, body);
  expect(answer.text.slice(0, 1000), path).toContain('"uid"');
  expect(answer.status).toBe(201);
  return answer.body;
}

/** A namespace of its own for each test, which its policies are bound to. */
async function namespace(name: string, labels = {}) {
  await make('/api/v1/namespaces', { metadata: { name, labels } });
  return name;
}

interface Bound {
  readonly name: string;
  readonly spec: object;
  readonly binding?: object | undefined;
}

/** A policy and its binding, in force in the namespace of the same name. */
async function enforce({ name, spec, binding = {} }: Bound) {
  await make(POLICIES, { metadata: { name }, spec: { matchConstraints: { resourceRules: [CONFIG_MAPS] }, ...spec } });
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
  await make(BINDINGS, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], matchResources, ...binding } });
}

const put = (ns: string, name: string, data: object = {}, headers = {}) =>
  server.call('POST', `/api/v1/namespaces/${ns}/configmaps`, { metadata: { name }, data }, headers);

const denied = (policy: string, why: string) => `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${why}`;

describe('a ValidatingAdmissionPolicy', () => {
  it('is in force when its creation is answered, and no longer when its deletion is', async () => {
    const ns = await namespace('at-once');
    for (let round = 0; round < 5; round++) {
      await enforce({ name: ns, spec: { validations: [{ expression: 'false' }] } });
      expect((await put(ns, 'a')).status).toBe(422);
      await server.call('DELETE', `${BINDINGS}/${ns}`);
      expect((await put(ns, `a${round}`)).status).toBe(201);
      await make(BINDINGS, { metadata: { name: ns }, spec: { policyName: ns, validationActions: ['Deny'] } });
      expect((await put(ns, 'b')).status).toBe(422);
      await server.call('DELETE', `${POLICIES}/${ns}`);
      expect((await put(ns, `b${round}`)).status).toBe(201);
      await server.call('DELETE', `${BINDINGS}/${ns}`);
    }
  });

  it('sees the object, the old one, the request, the namespace, variables, and what the user may do', async () => {
    const ns = await namespace('sees', { tier: 'gold' });
    const checks = {
      object:
        "object == null || (object.kind == 'ConfigMap' && object.apiVersion == 'v1' && has(object.metadata.uid) && !has(object.spec))",
      unset: 'object == null || !has(object.metadata.deletionTimestamp)',
      oldObject: "request.operation == 'CREATE' ? oldObject == null : oldObject.metadata.name == 'a'",
      request:
        "request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap' && request.requestKind.version == 'v1' && !request.dryRun",
      user: "request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups",
      options:
        "request.options.kind == {'CREATE': 'CreateOptions', 'UPDATE': 'UpdateOptions', 'DELETE': 'DeleteOptions'}[request.operation]",
      namespace: `namespaceObject.metadata.labels['tier'] == 'gold' && namespaceObject.status.phase == 'Active' && request.namespace == '${ns}'`,
      variables: "variables.b == 'a!'",
      authorizer: "authorizer.group('').resource('pods').namespace('x').check('get').allowed()",
      requestResource: "authorizer.requestResource.check('get').allowed()",
      account: "!authorizer.serviceAccount('default', 'default').group('').resource('secrets').check('get').allowed()",
      path: "authorizer.path('/metrics').check('get').allowed()",
    };
    const validations = Object.entries(checks).map(([message, expression]) => ({ expression, message }));
    const variables = [
      { name: 'a', expression: 'object == null ? oldObject.metadata.name : object.metadata.name' },
      { name: 'b', expression: "variables.a + '!'" },
      { name: 'unused', expression: 'object.nothing.there' },
    ];
    await enforce({ name: ns, spec: { validations, variables } });
    const path = `/api/v1/namespaces/${ns}/configmaps`;
    const answers = [
      await put(ns, 'a'),
      await server.call('PATCH', `${path}/a`, { data: { x: 'y' } }, { 'content-type': 'application/merge-patch+json' }),
      await server.call('DELETE', `${path}/a`),
    ];
    expect(answers.map(({ status, body }) => [status, body?.message])).toEqual([
      [201, undefined],
      [200, undefined],
      [200, undefined],
    ]);
  });

  it('asks what the user may do, not what the server may', async () => {
    const ns = await namespace('asks');
    const validations = [{ expression: "authorizer.requestResource.check('delete').allowed()" }];
    await enforce({ name: ns, spec: { validations } });
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }];
    await make(`/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/roles`, { metadata: { name: 'r' }, rules });
    const binding = { metadata: { name: 'r' }, roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'alice' }] };
    await make(`/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/rolebindings`, binding);
    expect((await put(ns, 'a')).status).toBe(201);
    const answer = await put(ns, 'b', {}, { 'impersonate-user': 'alice' });
    expect(answer.body.message).toContain('failed expression: authorizer.requestResource');
  });

  it('warns and notes instead of refusing', async () => {
    const ns = await namespace('warns');
    const spec = {
      validations: [
        { expression: 'true' },
        { expression: "!('a' in object.data)", messageExpression: "'<' + object.data.a + '>'" },
        { expression: 'object.data.missing == ""' },
      ],
      auditAnnotations: [
        { key: 'name', valueExpression: "object.metadata.name + ' by ' + request.userInfo.username" },
        { key: 'none', valueExpression: 'null' },
      ],
    };
    await enforce({ name: ns, spec, binding: { validationActions: ['Warn', 'Audit'] } });
    const answer = await put(ns, 'a', { a: 'x' });
    expect(answer.status).toBe(201);
    const warning = (text: string) => `299 - "Validation failed for ValidatingAdmissionPolicy '${ns}' with binding '${ns}': ${text}"`;
    expect(answer.headers.warning).toBe(
      [warning('<x>'), warning('expression \'object.data.missing == \\"\\"\' resulted in error: no such key: missing')].join(', '),
    );
    const records = readFileSync(auditLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { annotations } = records.find(({ requestURI }) => requestURI === `/api/v1/namespaces/${ns}/configmaps`);
    expect(annotations['validation.policy.admission.k8s.io/validation_failure']).toBe(
      `[{"message":"\\u003cx\\u003e","policy":"${ns}","binding":"${ns}","expressionIndex":1,"validationActions":["Warn","Audit"]}]`,
    );
    expect(annotations[`${ns}/name`]).toBe('a by admin');
    expect(annotations[`${ns}/none`]).toBeUndefined();
  });

  it.each<readonly [string, object, number, string]>([
    [
      'deny-key',
      { validations: [{ expression: 'object.data.x == ""' }] },
      422,
      'expression \'object.data.x == ""\' resulted in error: no such key: x',
    ],
    [
      'deny-variable',
      { variables: [{ name: 'v', expression: 'object.data.x' }], validations: [{ expression: 'variables.v == ""' }] },
      422,
      'expression \'variables.v == ""\' resulted in error: composited variable "v" fails to evaluate: no such key: x',
    ],
    [
      'deny-condition',
      { matchConditions: [{ name: 'c', expression: 'object.data.x == ""' }], validations: [{ expression: 'true' }] },
      422,
      'expression \'object.data.x == ""\' resulted in error: no such key: x',
    ],
    [
      'deny-audit',
      {
        auditAnnotations: [{ key: 'k', valueExpression: 'string(object.data.x)' }],
      },
      422,
      "expression 'string(object.data.x)' resulted in error: no such key: x",
    ],
    [
      'deny-budget',
      {
        variables: [{ name: 'n', expression: '[1,2,3,4,5,6,7,8,9,10]' }],
        validations: Array.from({ length: 40 }, (_, i) => ({
          expression: `variables.n.all(a, variables.n.all(b, variables.n.all(c, variables.n.all(d, variables.n.all(e, a + b + c + d + e > ${-i})))))`,
        })),
      },
      422,
      'validation failed due to running out of cost budget, no further validation rules will be run',
    ],
    [
      'deny-cost',
      {
        validations: [
          {
            expression:
              '[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))',
          },
        ],
      },
      422,
      'resulted in error: operation cancelled: actual cost limit exceeded',
    ],
  ])('that fails is a refusal, unless failures are ignored: %s', async (name, spec, status, why) => {
    const ns = await namespace(name);
    await enforce({ name, spec });
    const answer = await put(ns, 'a', { y: 'z' });
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(why)]);
    expect(answer.body.message).toContain(denied(name, ''));
    await server.call(
      'PATCH',
      `${POLICIES}/${name}`,
      { spec: { failurePolicy: 'Ignore' } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect((await put(ns, 'a', { y: 'z' })).status).toBe(201);
  });

  it('looks at what meets its conditions', async () => {
    const ns = await namespace('conditions');
    const matchConditions = [
      { name: 'named', expression: "request.name != 'left-alone'" },
      { name: 'fails', expression: 'object.data.strict == "yes"' },
    ];
    await enforce({ name: ns, spec: { matchConditions, validations: [{ expression: 'false' }] } });
    expect((await put(ns, 'left-alone')).status).toBe(201);
    expect((await put(ns, 'a', { strict: 'no' })).status).toBe(201);
    expect((await put(ns, 'b', { strict: 'yes' })).status).toBe(422);
  });

  it('is never asked about policies, or one that refuses everything could not be put right', async () => {
    const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] };
    const spec = { matchConstraints: { resourceRules: [everything] }, validations: [{ expression: 'false' }] };
    await enforce({ name: 'everything', spec, binding: { matchResources: undefined } });
    expect((await put('default', 'a')).status).toBe(422);
    const status = { status: { observedGeneration: 1 } };
    const merge = { 'content-type': 'application/merge-patch+json' };
    expect((await server.call('PATCH', `${POLICIES}/everything/status`, status, merge)).status).toBe(200);
    expect((await server.call('DELETE', `${BINDINGS}/everything`)).status).toBe(200);
    expect((await server.call('DELETE', `${POLICIES}/everything`)).status).toBe(200);
    expect((await put('default', 'a')).status).toBe(201);
  });

  it('sees an object in the version that its rules name', async () => {
    const ns = await namespace('versions');
    const rule = { operations: ['*'], apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] };
    const validations = [
      {
        expression: "object.apiVersion == 'autoscaling/v1' && object.spec.targetCPUUtilizationPercentage < 50",
        messageExpression:
          "request.kind.version + ' of ' + request.requestKind.version + ': ' + string(object.spec.targetCPUUtilizationPercentage)",
      },
    ];
    await enforce({ name: ns, spec: { matchConstraints: { resourceRules: [rule] }, validations } });
    const answer = await server.call('POST', `/apis/autoscaling/v2/namespaces/${ns}/horizontalpodautoscalers`, {
      metadata: { name: 'a' },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
      },
    });
    expect(answer.body.message).toContain('v1 of v2: 70');
  });
});

describe('a policy for subresources', () => {
  const rule = (operation: string, resource: string, apiGroups = ['']) => ({
    operations: [operation],
    apiGroups,
    apiVersions: ['v1'],
    resources: [resource],
  });
  const refusing = (resourceRules: readonly object[], validation: object) => ({
    matchConstraints: { resourceRules },
    validations: [validation],
  });

  it('sees scales, evictions, statuses and connections as such', async () => {
    const ns = await namespace('subresources');
    const messageExpression =
      "request.operation + ' ' + request.resource.resource + '/' + request.subResource + ' ' + request.kind.kind + ' ' + request.name";
    const rules = [
      rule('UPDATE', 'deployments/scale', ['apps']),
      rule('CREATE', 'pods/eviction'),
      rule('CONNECT', 'pods/exec'),
      rule('UPDATE', 'pods/status'),
    ];
    await enforce({ name: ns, spec: refusing(rules, { expression: 'false', messageExpression }) });
    await make(`/api/v1/namespaces/${ns}/serviceaccounts`, { metadata: { name: 'default' } });
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const deployment = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
    await make(`/apis/apps/v1/namespaces/${ns}/deployments`, deployment);
    await make(`/api/v1/namespaces/${ns}/pods`, { metadata: { name: 'p' }, spec: template.spec });
    const merge = { 'content-type': 'application/merge-patch+json' };
    const pod = `/api/v1/namespaces/${ns}/pods/p`;
    const answers = [
      await server.call('PATCH', `/apis/apps/v1/namespaces/${ns}/deployments/d/scale`, { spec: { replicas: 3 } }, merge),
      await server.call('POST', `${pod}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }),
      await server.call('PATCH', `${pod}/status`, { status: { phase: 'Running' } }, merge),
      await server.call('POST', `${pod}/exec?command=ls`),
    ];
    expect(answers.map(({ body }) => body?.message?.split('denied request: ')[1])).toEqual([
      'UPDATE deployments/scale Scale d',
      'CREATE pods/eviction Eviction p',
      'UPDATE pods/status Pod p',
      'CONNECT pods/exec PodExecOptions p',
    ]);
  });

  it('is not asked who may do what', async () => {
    const all = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] };
    await enforce({ name: 'reviews', spec: refusing([all], { expression: 'false' }), binding: { matchResources: undefined } });
    const review = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    expect((await server.call('POST', path, review)).body.status.allowed).toBe(true);
    await server.call('DELETE', `${BINDINGS}/reviews`);
  });

  it('sees the whole name of what is given one, but not before there is one', async () => {
    const ns = await namespace('generated');
    const validations = [{ expression: "object.metadata.name.startsWith('ab') && request.name == object.metadata.name" }];
    await enforce({ name: ns, spec: { validations } });
    const make = (generateName: string) => server.call('POST', `/api/v1/namespaces/${ns}/configmaps`, { metadata: { generateName } });
    expect((await make('ab-')).status).toBe(201);
    expect((await make('ba-')).body.details.name).toMatch(/^ba-.{5}$/);
  });
});

it('policies are in force from the first request after the server was killed and started again', async () => {
  const kept = mkdtempSync(join(tmpdir(), 'nanokube-policies-'));
  try {
    const first = await startApiServer({ args: [], directory: kept });
    const spec = { matchConstraints: { resourceRules: [CONFIG_MAPS] }, validations: [{ expression: "object.metadata.name != 'a'" }] };
    await first.call('POST', POLICIES, { metadata: { name: 'p' }, spec });
    await first.call('POST', BINDINGS, { metadata: { name: 'p' }, spec: { policyName: 'p', validationActions: ['Deny'] } });
    await first.kill('SIGKILL');
    await first[Symbol.asyncDispose]();
    await using second = await startApiServer({ args: [], directory: kept });
    const refused = await second.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
    expect([refused.status, refused.body.message]).toEqual([422, expect.stringContaining(denied('p', 'failed expression'))]);
  } finally {
    rmSync(kept, { recursive: true, force: true });
  }
});

it('what policies did is counted', async () => {
  const ns = await namespace('counted');
  const matchConditions = [{ name: 'c', expression: "object.data.?c.orValue('') != 'skip'" }];
  await enforce({ name: ns, spec: { matchConditions, validations: [{ expression: "object.data.a == 'b'" }] } });
  for (const data of [{ a: 'b' }, { a: 'c' }, { c: 'skip' }, { x: 'y' }]) await put(ns, `a-${Object.values(data)[0]}`, data);
  const { text } = await server.call('GET', '/metrics');
  const labels = `policy="${ns}",policy_binding="${ns}",error_type="invalid_error",enforcement_action="deny"`;
  expect(text).toContain(`apiserver_validating_admission_policy_check_total{${labels}} 2\n`);
  expect(text).toContain(`apiserver_validating_admission_policy_check_duration_seconds_count{${labels}} 2\n`);
  const condition = `name="${ns}",kind="policy",type="validate",operation="CREATE"`;
  expect(text).toContain(`apiserver_admission_match_condition_evaluation_seconds_count{${condition}} 4\n`);
});

describe("a policy's parameters", () => {
  const max = { expression: "params == null || !('n' in object.data) || int(object.data.n) <= params.spec.max" };
  const spec = { paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' }, validations: [max] };
  const widget = (name: string, most: number, labels = {}) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, labels },
    spec: { max: most },
  });
  const widgetsOf = (ns: string) => `/apis/example.com/v1/namespaces/${ns}/widgets`;

  it('are a custom resource of a name, in the namespace of the request unless another is given', async () => {
    const ns = await namespace('by-name');
    await enforce({ name: ns, spec, binding: { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } } });
    const none = await put(ns, 'a', { n: '5' });
    expect(none.body.message).toContain(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
    await make(widgetsOf(ns), widget('limit', 7));
    expect((await put(ns, 'a', { n: '5' })).status).toBe(201);
    expect((await put(ns, 'b', { n: '8' })).status).toBe(422);
    await make(widgetsOf('default'), widget('limit', 1));
    const elsewhere = { spec: { paramRef: { namespace: 'default' } } };
    await server.call('PATCH', `${BINDINGS}/${ns}`, elsewhere, { 'content-type': 'application/merge-patch+json' });
    expect((await put(ns, 'c', { n: '5' })).status).toBe(422);
  });

  it('are all those of the labels, and none of them is reason to let the request pass', async () => {
    const ns = await namespace('by-label');
    const selector = { matchLabels: { for: 'all' } };
    await enforce({ name: ns, spec, binding: { paramRef: { selector, parameterNotFoundAction: 'Allow' } } });
    expect((await put(ns, 'a', { n: '9' })).status).toBe(201);
    await make(widgetsOf(ns), widget('high', 9, { for: 'all' }));
    await make(widgetsOf(ns), widget('low', 3, { for: 'all' }));
    await make(widgetsOf(ns), widget('lowest', 1));
    expect((await put(ns, 'b', { n: '3' })).status).toBe(201);
    expect((await put(ns, 'c', { n: '4' })).status).toBe(422);
  });

  it('are null where the binding names none', async () => {
    const ns = await namespace('no-ref');
    await enforce({ name: ns, spec });
    expect((await put(ns, 'a', { n: '9' })).status).toBe(201);
  });

  it('of a kind that nobody serves are a mistake in the policy', async () => {
    const ns = await namespace('no-kind');
    const paramKind = { apiVersion: 'example.com/v1', kind: 'Gadget' };
    await enforce({ name: ns, spec: { ...spec, paramKind }, binding: { paramRef: { name: 'a', parameterNotFoundAction: 'Allow' } } });
    const answer = await put(ns, 'a');
    expect(answer.body.message).toBe(
      `configmaps "a" is forbidden: ValidatingAdmissionPolicy '${ns}' denied request: failed to configure policy: ` +
        "failed to find resource referenced by paramKind: 'example.com/v1, Kind=Gadget'",
    );
    await server.call(
      'PATCH',
      `${POLICIES}/${ns}`,
      { spec: { failurePolicy: 'Ignore' } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect((await put(ns, 'a')).status).toBe(201);
  });

  it('that are in namespaces need one', async () => {
    const rule = { operations: ['CREATE'], apiGroups: ['scheduling.k8s.io'], apiVersions: ['v1'], resources: ['priorityclasses'] };
    await enforce({
      name: 'cluster-wide',
      spec: { ...spec, matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] },
      binding: { matchResources: undefined, paramRef: { name: 'limit', parameterNotFoundAction: 'Allow' } },
    });
    const answer = await server.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'p' }, value: 1 });
    expect(answer.body.message).toContain('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  });
});

/** How long the status may take, in real time. */
const WAIT = { interval: 20 };

describe("a policy's status", () => {
  const path = `${POLICIES}/doubtful`;
  const spec = {
    matchConstraints: { resourceRules: [{ ...CONFIG_MAPS, apiGroups: ['apps'], resources: ['deployments'] }] },
    validations: [{ expression: 'object.spec.replica < 5' }],
  };

  it('tells of doubtful types when that is asked for', async () => {
    await using checking = await startApiServer({ args: ['--ephemeral', '--admission-policy-status'] });
    expect((await checking.call('POST', POLICIES, { metadata: { name: 'doubtful' }, spec })).body.status).toEqual({});
    const status = async () => (await checking.call('GET', path)).body.status;
    await expect.poll(async () => (await status()).observedGeneration, WAIT).toBe(1);
    expect((await status()).typeChecking.expressionWarnings).toEqual([
      {
        fieldRef: 'spec.validations[0].expression',
        warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica < 5\n | ...........^\n",
      },
    ]);
    await checking.call(
      'PATCH',
      path,
      { spec: { validations: [{ expression: 'object.spec.replicas < 5' }] } },
      { 'content-type': 'application/merge-patch+json' },
    );
    await expect.poll(async () => (await status()).observedGeneration, WAIT).toBe(2);
    // What was applied before and is no more goes, with what held it.
    expect((await status()).typeChecking).toBeUndefined();
    const { managedFields } = (await checking.call('GET', path)).body.metadata;
    expect(managedFields[0]).toMatchObject({ manager: 'validatingadmissionpolicy-status', operation: 'Apply', subresource: 'status' });
  });

  it('is left alone otherwise', async () => {
    await make(POLICIES, { metadata: { name: 'doubtful' }, spec });
    await put('default', 'something-else');
    expect((await server.call('GET', path)).body.status).toEqual({});
  });
});
