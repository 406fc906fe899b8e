// What Kubernetes' conformance tests ask of admission webhooks and conversion webhooks, with the same image, in a pod, behind a Service.
import { describe, expect, it } from 'vitest';
import { testAuthority } from '../../support/authority.ts';
import type { Json } from '../../support/conformance.ts';
import { c } from './cluster.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.56';
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const SERVICE = 'e2e-test-webhook';
const PORT = 8444;

type Command = 'webhook' | 'crd-conversion-webhook';

/** The programs that run, each in a namespace of its own. */
const deployed = new Map<Command, ReturnType<typeof deploy>>();

/** Runs one of agnhost's webhooks in a pod, with a certificate for the Service before it. */
async function deploy(command: Command) {
  const ns = await c.namespace(command);
  const authority = testAuthority();
  const { cert, key } = authority.issue('server', [`${SERVICE}.${ns}.svc`]);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  await c.must('POST', `/api/v1/namespaces/${ns}/secrets`, {
    metadata: { name: 'sample-webhook-secret' },
    type: 'Opaque',
    data: { 'tls.crt': base64(cert), 'tls.key': base64(key) },
  });
  const labels = { app: 'sample-webhook', webhook: 'true' };
  const files = '/webhook.local.config/certificates';
  const flags = [
    `--tls-cert-file=${files}/tls.crt`,
    `--tls-private-key-file=${files}/tls.key`,
    '--alsologtostderr',
    '-v=4',
    `--port=${PORT}`,
  ];
  const container = {
    name: 'sample-webhook',
    image: AGNHOST,
    args: [command, ...flags],
    ports: [{ containerPort: PORT }],
    readinessProbe: { httpGet: { scheme: 'HTTPS', port: PORT, path: '/readyz' }, periodSeconds: 1, successThreshold: 1 },
    volumeMounts: [{ name: 'webhook-certs', readOnly: true, mountPath: files }],
  };
  const volumes = [{ name: 'webhook-certs', secret: { secretName: 'sample-webhook-secret' } }];
  await c.must('POST', `/apis/apps/v1/namespaces/${ns}/deployments`, {
    metadata: { name: 'sample-webhook-deployment', labels },
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate' },
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container], volumes } },
    },
  });
  await c.eventually(
    `/apis/apps/v1/namespaces/${ns}/deployments/sample-webhook-deployment`,
    ({ status }) => status.availableReplicas === 1 && status.updatedReplicas === 1,
  );
  await c.must('POST', `/api/v1/namespaces/${ns}/services`, {
    metadata: { name: SERVICE, labels: { test: 'webhook' } },
    spec: { selector: { webhook: 'true' }, ports: [{ protocol: 'TCP', port: PORT, targetPort: PORT }] },
  });
  await c.eventually(`/api/v1/namespaces/${ns}/endpoints/${SERVICE}`, ({ subsets }) => subsets?.[0]?.addresses?.length === 1);
  const caBundle = base64(authority.ca);
  return (path: string) => ({ service: { namespace: ns, name: SERVICE, path, port: PORT }, caBundle });
}

/** A namespace whose objects a webhook may look at, and another for marks that tell when a configuration counts. */
async function webhookAt(base: string, command: Command = 'webhook') {
  const running = deployed.get(command) ?? deploy(command);
  deployed.set(command, running);
  const clientConfig = await running;
  const [ns, markers] = await Promise.all([
    c.namespace(base, { [base]: 'true' }),
    c.namespace(`${base}-markers`, { [`${base}-markers`]: 'true' }),
  ]);
  const hook = (name: string, path: string, rule: object, more: object = {}) => ({
    name,
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'], ...rule }],
    clientConfig: clientConfig(path),
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    namespaceSelector: { matchLabels: { [base]: 'true' } },
    ...more,
  });
  return {
    ns,
    clientConfig,
    hook,
    denyConfigMaps: () => hook('deny-unwanted-configmap-data.k8s.io', '/configmaps', { operations: ['CREATE', 'UPDATE'] }),
    mutateConfigMaps: (stage: number) => hook(`adding-configmap-data-stage-${stage}.k8s.io`, '/mutating-configmaps', {}),
    /** Makes a configuration; resolves once it counts, which marks in a namespace of their own show. */
    configure: async (kind: 'validating' | 'mutating', name: string, hooks: readonly object[], labels: object = {}) => {
      const isReady = hook(
        `${kind}-is-webhook-configuration-ready.k8s.io`,
        kind === 'validating' ? '/always-deny' : '/add-label',
        {},
        {
          namespaceSelector: { matchLabels: { [`${base}-markers`]: 'true' } },
          objectSelector: { matchLabels: { [name]: 'true' } },
        },
      );
      const made = await c.must('POST', `${REGISTRATION}/${kind}webhookconfigurations`, {
        metadata: { name, labels },
        webhooks: [...hooks, isReady],
      });
      const marker = { metadata: { generateName: 'marker-', labels: { [name]: 'true' } } };
      const { status, body } = await c.call('POST', `/api/v1/namespaces/${markers}/configmaps?dryRun=All`, marker);
      if (kind === 'validating') expect(body.message, 'the webhook is called at once').toContain('denied');
      else expect([status, body.metadata.labels['added-label']]).toEqual([201, 'yes']);
      return made;
    },
    configMap: (name: string, data: object, namespace = ns) =>
      c.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name }, data }),
  };
}

const UNWANTED = { 'webhook-e2e-test': 'webhook-disallow' };
const WRONG_CONFIG_MAP = 'the configmap contains unwanted key and value';
const pod = (name: string, labels: object, container: string) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: container, image: 'registry.k8s.io/pause:3.10.1' }] },
});

/** A definition as the tests make them: `data` of anything, at one or two versions. */
async function definition(
  group: string,
  versions: readonly string[],
  schema: object = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
) {
  const plural = 'e2e-test-crds';
  const made = await c.must('POST', CRDS, {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { plural, singular: 'e2e-test-crd', kind: 'E2e-test-crd', listKind: 'E2e-test-crdList' },
      scope: 'Namespaced',
      versions: versions.map((name, i) => ({ name, served: true, storage: i === 0, schema: { openAPIV3Schema: schema } })),
    },
  });
  await c.eventually(`${CRDS}/${made.metadata.name}`, ({ status }) =>
    status?.conditions?.some((one: Json) => one.type === 'Established' && one.status === 'True'),
  );
  return {
    name: made.metadata.name as string,
    rule: { apiGroups: [group], apiVersions: versions, resources: [plural] },
    path: (ns: string, version = versions[0]) => `/apis/${group}/${version}/namespaces/${ns}/${plural}`,
    object: (name: string, data: object, version = versions[0]) => ({
      apiVersion: `${group}/${version}`,
      kind: 'E2e-test-crd',
      metadata: { name },
      data,
    }),
  };
}

describe.concurrent('webhooks in pods', () => {
  it('deny pods and ConfigMaps, let be what hangs no longer than it may, and leave out namespaces by label', async () => {
    const w = await webhookAt('deny');
    const skip = {
      matchLabels: { deny: 'true' },
      matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }],
    };
    await c.must('GET', `/api/v1/namespaces/${w.ns}`);
    const deaf = {
      ...w.hook('fail-open.k8s.io', '/configmaps', {}, { failurePolicy: 'Ignore' }),
      clientConfig: { service: { namespace: w.ns, name: SERVICE, path: '/configmaps', port: PORT } },
    };
    await c.must('POST', `/api/v1/namespaces`, {
      metadata: { name: 'deny-skipped', labels: { deny: 'true', 'skip-webhook-admission': 'yes' } },
    });
    await w.configure('validating', 'deny', [
      w.hook('deny-unwanted-pod-container-name-and-label.k8s.io', '/pods', { resources: ['pods'] }, { timeoutSeconds: 1 }),
      { ...w.denyConfigMaps(), namespaceSelector: skip },
      deaf,
    ]);
    const pods = `/api/v1/namespaces/${w.ns}/pods`;
    const refused = await c.call('POST', pods, pod('disallowed-pod', UNWANTED, 'webhook-disallow'));
    expect(refused.status).toBe(400);
    expect(refused.body.message).toBe(
      'admission webhook "deny-unwanted-pod-container-name-and-label.k8s.io" denied the request: the pod contains unwanted label; the pod contains unwanted container name;',
    );
    const hung = await c.call('POST', pods, pod('hanging-pod', { 'webhook-e2e-test': 'wait-forever' }, 'wait-forever'));
    expect(hung.status).toBe(500);
    expect(hung.body.message).toMatch(/failed calling webhook "deny-unwanted-pod.*deadline/);
    expect((await c.call('GET', `${pods}/hanging-pod`)).status).toBe(404);
    expect((await w.configMap('disallowed', UNWANTED)).body.message).toContain(WRONG_CONFIG_MAP);
    expect((await w.configMap('allowed', { admit: 'this' })).status).toBe(201);
    const path = `/api/v1/namespaces/${w.ns}/configmaps/allowed`;
    const current = await c.get(path);
    const replaced = await c.call('PUT', path, { ...current, data: { ...current.data, ...UNWANTED } });
    const patched = await c.call('PATCH', path, { data: UNWANTED }, { contentType: 'application/strategic-merge-patch+json' });
    for (const { body } of [replaced, patched]) expect(body.message).toContain(WRONG_CONFIG_MAP);
    expect((await w.configMap('disallowed', UNWANTED, 'deny-skipped')).status).toBe(201);
  });

  it.runIf(true)('deny attaching to a pod, which kubectl says', async () => {
    const w = await webhookAt('attach');
    await w.configure('validating', 'attach', [
      w.hook('deny-attaching-pod.k8s.io', '/pods/attach', { operations: ['CONNECT'], resources: ['pods/attach'] }),
    ]);
    await c.must('POST', `/api/v1/namespaces/${w.ns}/pods`, pod('to-be-attached-pod', {}, 'container1'));
    await c.eventually(`/api/v1/namespaces/${w.ns}/pods/to-be-attached-pod`, ({ status }) => status.phase === 'Running');
    const { code, stderr } = (await c.kubectl?.run(['attach', `-n=${w.ns}`, 'to-be-attached-pod', '-i', '-c=container1'])) ?? { code: 1 };
    expect(code).not.toBe(0);
    expect(stderr ?? "attaching to pod 'to-be-attached-pod' is not allowed").toContain(
      "attaching to pod 'to-be-attached-pod' is not allowed",
    );
  });

  it('deny custom resources: making, changing and deleting them', async () => {
    const w = await webhookAt('crdeny');
    const crd = await definition('crdeny.example.com', ['v1']);
    await w.configure('validating', 'crdeny', [
      w.hook('deny-unwanted-custom-resource-data.k8s.io', '/custom-resource', { ...crd.rule, operations: ['CREATE', 'UPDATE', 'DELETE'] }),
    ]);
    const all = crd.path(w.ns);
    const denied = await c.call('POST', all, crd.object('cr-instance-1', UNWANTED));
    expect(denied.body.message).toContain('the custom resource contains unwanted data');
    const made = await c.must('POST', all, crd.object('cr-instance-2', { 'webhook-e2e-test': 'webhook-nondeletable' }));
    expect((await c.call('PUT', `${all}/cr-instance-2`, { ...made, data: UNWANTED })).body.message).toContain('unwanted data');
    expect((await c.call('DELETE', `${all}/cr-instance-2`)).body.message).toContain(
      'the custom resource cannot be deleted because it contains unwanted key and value',
    );
    await c.must('PUT', `${all}/cr-instance-2`, { ...made, data: { 'webhook-e2e-test': 'webhook-allow' } });
    await c.must('DELETE', `${all}/cr-instance-2`);
  });

  it('fail closed when they cannot be trusted: an internal error', async () => {
    const w = await webhookAt('closed');
    const deaf = w.hook('fail-closed.k8s.io', '/configmaps', {}, { failurePolicy: 'Fail' });
    await w.configure('validating', 'closed', [{ ...deaf, clientConfig: { service: deaf.clientConfig.service } }]);
    const { status, body } = await w.configMap('foo', {});
    expect([status, body.reason]).toEqual([500, 'InternalError']);
    expect(body.message).toContain('failed calling webhook "fail-closed.k8s.io"');
    expect(body.message).toContain('x509: certificate signed by unknown authority');
  });

  it('change ConfigMaps in turn, but those that a match condition leaves out', async () => {
    const w = await webhookAt('mutate');
    const skipped = (stage: number) => ({
      ...w.mutateConfigMaps(stage),
      matchConditions: [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }],
    });
    await w.configure('mutating', 'mutate', [skipped(1), skipped(2)]);
    const start = { 'mutation-start': 'yes' };
    expect((await w.configMap('to-be-mutated', start)).body.data).toEqual({
      ...start,
      'mutation-stage-1': 'yes',
      'mutation-stage-2': 'yes',
    });
    expect((await w.configMap('skip-me', start)).body.data).toEqual(start);
  });

  it('change pods, and what they add is defaulted', async () => {
    const w = await webhookAt('mutate-pod');
    await w.configure('mutating', 'mutate-pod', [w.hook('adding-init-container.k8s.io', '/mutating-pods', { resources: ['pods'] })]);
    const { spec } = await c.must('POST', `/api/v1/namespaces/${w.ns}/pods`, pod('webhook-to-be-mutated', {}, 'example'));
    expect(spec.initContainers).toMatchObject([{ name: 'webhook-added-init-container', terminationMessagePolicy: 'File' }]);
  });

  it('leave configurations of webhooks alone', async () => {
    const w = await webhookAt('self');
    const configurations = {
      apiGroups: ['admissionregistration.k8s.io'],
      apiVersions: ['*'],
      resources: ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
    };
    const anywhere = { namespaceSelector: {} };
    await w.configure('validating', 'self-deny', [
      w.hook('deny-webhook-configuration-deletions.k8s.io', '/always-deny', { ...configurations, operations: ['DELETE'] }, anywhere),
    ]);
    await w.configure('mutating', 'self-label', [
      w.hook('add-label-to-webhook-configurations.k8s.io', '/add-label', configurations, anywhere),
    ]);
    for (const kind of ['validating', 'mutating'] as const) {
      const made = await w.configure(kind, `self-dummy-${kind}`, [
        w.hook('dummy-webhook.k8s.io', '', { resources: ['invalid'] }, { failurePolicy: 'Ignore' }),
      ]);
      expect(made.metadata.labels?.['added-label']).toBeUndefined();
      await c.must('DELETE', `${REGISTRATION}/${kind}webhookconfigurations/self-dummy-${kind}`);
    }
    await c.must('DELETE', `${REGISTRATION}/validatingwebhookconfigurations/self-deny`);
    await c.must('DELETE', `${REGISTRATION}/mutatingwebhookconfigurations/self-label`);
  });

  it('change custom resources; what the schema does not have is pruned', async () => {
    const w = await webhookAt('crmutate');
    const open = await definition('crmutate.example.com', ['v1']);
    const strict = await definition('crprune.example.com', ['v1'], {
      type: 'object',
      properties: {
        data: { type: 'object', properties: { 'mutation-start': { type: 'string' }, 'mutation-stage-1': { type: 'string' } } },
      },
    });
    for (const [name, crd] of [
      ['crmutate', open],
      ['crprune', strict],
    ] as const)
      await w.configure('mutating', name, [
        w.hook('mutate-custom-resource-data-stage-1.k8s.io', '/mutating-custom-resource', {
          ...crd.rule,
          operations: ['CREATE', 'UPDATE'],
        }),
        w.hook('mutate-custom-resource-data-stage-2.k8s.io', '/mutating-custom-resource', crd.rule),
      ]);
    const start = { 'mutation-start': 'yes' };
    const first = { ...start, 'mutation-stage-1': 'yes' };
    expect((await c.must('POST', open.path(w.ns), open.object('cr-1', start))).data).toEqual({ ...first, 'mutation-stage-2': 'yes' });
    expect((await c.must('POST', strict.path(w.ns), strict.object('cr-1', start))).data).toEqual(first);
  });

  it('change custom resources while another version becomes the stored one', async () => {
    const w = await webhookAt('crversions');
    const crd = await definition('crversions.example.com', ['v1', 'v2']);
    await w.configure('mutating', 'crversions', [
      w.hook('mutate-custom-resource-data-stage-1.k8s.io', '/mutating-custom-resource', { ...crd.rule, operations: ['CREATE', 'UPDATE'] }),
      w.hook('mutate-custom-resource-data-stage-2.k8s.io', '/mutating-custom-resource', crd.rule),
    ]);
    await c.must('POST', crd.path(w.ns), crd.object('cr-1', { 'mutation-start': 'yes' }));
    const storage = [
      { op: 'replace', path: '/spec/versions/0/storage', value: false },
      { op: 'replace', path: '/spec/versions/1/storage', value: true },
    ];
    await c.patch(`${CRDS}/${crd.name}`, storage, 'json');
    const versions = (await c.get(`${CRDS}/${crd.name}`)).spec.versions;
    expect(versions.map(({ storage: isStored }: Json) => isStored)).toEqual([false, true]);
    const patched = await c.patch(`${crd.path(w.ns)}/cr-1`, { data: { 'mutation-start': 'yes', dummy: 'test' } });
    expect(patched.data).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes', dummy: 'test' });
  });

  it('deny definitions of custom resources', async () => {
    const w = await webhookAt('crddeny');
    await w.configure('validating', 'crddeny', [
      w.hook(
        'deny-crd-with-unwanted-label.k8s.io',
        '/crd',
        { apiGroups: ['apiextensions.k8s.io'], apiVersions: ['*'], resources: ['customresourcedefinitions'] },
        { namespaceSelector: {}, objectSelector: { matchLabels: { crddeny: 'true' } } },
      ),
    ]);
    const names = { plural: 'some', singular: 'one', kind: 'One', listKind: 'OneList' };
    const { status, body } = await c.call('POST', CRDS, {
      metadata: { name: 'some.crddeny.example.com', labels: { crddeny: 'true', ...UNWANTED } },
      spec: {
        group: 'crddeny.example.com',
        scope: 'Namespaced',
        names,
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    });
    expect([status, body.message]).toEqual([
      400,
      'admission webhook "deny-crd-with-unwanted-label.k8s.io" denied the request: the crd contains unwanted label',
    ]);
  });

  it('are waited for as long as they may take', async () => {
    const w = await webhookAt('slow');
    const slow = async (more: object) => {
      await w.configure('validating', 'slow', [w.hook('allow-configmap-with-delay-webhook.k8s.io', '/always-allow-delay-5s', {}, more)]);
      const started = performance.now();
      const answer = await w.configMap(`slow-${started}`.replace('.', '-'), {});
      const tookMs = performance.now() - started;
      await c.must('DELETE', `${REGISTRATION}/validatingwebhookconfigurations/slow`);
      return { ...answer, tookMs };
    };
    const early = await slow({ timeoutSeconds: 1, failurePolicy: 'Fail' });
    expect(early.status).toBe(500);
    expect(early.body.message).toMatch(/\/always-allow-delay-5s\?timeout=1s.*(deadline|timeout)/);
    const ignored = await slow({ timeoutSeconds: 1, failurePolicy: 'Ignore' });
    expect(ignored.status).toBe(201);
    // Not because it said yes in the end.
    const { text: metrics } = await c.call('GET', '/metrics');
    const label = 'name="allow-configmap-with-delay-webhook.k8s.io",type="validating"';
    expect(metrics).toContain(`\napiserver_admission_webhook_fail_open_count{${label}} 1\n`);
    const patient = await slow({ failurePolicy: 'Fail' });
    expect(patient.status).toBe(201);
    expect(patient.tookMs).toBeGreaterThan(4900);
  });

  it('count as their configuration says now: updated, patched, listed and deleted by label', async () => {
    const w = await webhookAt('change');
    const validating = `${REGISTRATION}/validatingwebhookconfigurations/change-v`;
    const made = await w.configure('validating', 'change-v', [w.denyConfigMaps()]);
    expect((await w.configMap('v-1', UNWANTED)).status).toBe(400);
    made.webhooks[0].rules[0].operations = ['UPDATE'];
    await c.must('PUT', validating, made);
    expect((await w.configMap('v-2', UNWANTED)).status).toBe(201);
    const create = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
    await c.patch(validating, create, 'json');
    expect((await w.configMap('v-3', UNWANTED)).status).toBe(400);
    await c.must('DELETE', validating);
    const mutating = `${REGISTRATION}/mutatingwebhookconfigurations/change-m`;
    const other = await w.configure('mutating', 'change-m', [w.mutateConfigMaps(1)]);
    other.webhooks[0].rules[0].operations = ['UPDATE'];
    await c.must('PUT', mutating, other);
    const start = { 'mutation-start': 'yes' };
    expect((await w.configMap('m-1', start)).body.data).toEqual(start);
    await c.patch(mutating, create, 'json');
    expect((await w.configMap('m-2', start)).body.data).toEqual({ ...start, 'mutation-stage-1': 'yes' });
    await c.must('DELETE', mutating);
    for (const [kind, hook, data, isHeld] of [
      ['validating', w.denyConfigMaps(), UNWANTED, ({ status }: { status: number }) => status === 400],
      ['mutating', w.mutateConfigMaps(1), start, ({ body }: { body: Json }) => body.data?.['mutation-stage-1'] === 'yes'],
    ] as const) {
      for (let i = 0; i < 10; i++) await w.configure(kind, `list-${kind}-${i}`, [hook], { 'e2e-list-test-uuid': kind });
      const path = `${REGISTRATION}/${kind}webhookconfigurations?labelSelector=e2e-list-test-uuid%3D${kind}`;
      expect((await c.get(path)).items).toHaveLength(10);
      expect(isHeld(await w.configMap(`held-${kind}`, data))).toBe(true);
      await c.must('DELETE', path);
      expect(isHeld(await w.configMap(`free-${kind}`, data))).toBe(false);
    }
  });
});

describe('an API server in a pod', () => {
  it('is asked there what it serves', async () => {
    const w = await webhookAt('aggregated');
    const { service, caBundle } = w.clientConfig('/');
    await c.must('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
      metadata: { name: 'v1.in-pod.example.com' },
      spec: {
        group: 'in-pod.example.com',
        version: 'v1',
        service: { namespace: service.namespace, name: service.name, port: service.port },
        caBundle,
        groupPriorityMinimum: 2000,
        versionPriority: 200,
      },
    });
    const { status } = await c.eventually('/apis/apiregistration.k8s.io/v1/apiservices/v1.in-pod.example.com', (found) =>
      found.status?.conditions?.some(({ reason }: Json) => reason === 'FailedDiscoveryCheck'),
    );
    // It is a webhook, and serves no such path: but it answers.
    expect(status.conditions[0].message).toMatch(/bad status from https:\/\/10\.[\d.]+:8444\/apis\/in-pod\.example\.com\/v1: 404/);
  });
});

describe('a conversion webhook in a pod', () => {
  it('converts an object, and a list of objects that are stored at different versions', async () => {
    const w = await webhookAt('convert', 'crd-conversion-webhook');
    const group = 'stable.example.com';
    const string = { type: 'string' };
    const version = (name: string, properties: object) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: { openAPIV3Schema: { type: 'object', properties } },
    });
    const crd = await c.must('POST', CRDS, {
      metadata: { name: `e2e-test-crds.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'e2e-test-crds', singular: 'e2e-test-crd', kind: 'E2eTestCrd', listKind: 'E2eTestCrdList' },
        versions: [version('v1', { hostPort: string }), version('v2', { host: string, port: string })],
        conversion: {
          strategy: 'Webhook',
          webhook: { clientConfig: w.clientConfig('/crdconvert'), conversionReviewVersions: ['v1', 'v1beta1'] },
        },
        preserveUnknownFields: false,
      },
    });
    const path = (name: string) => `/apis/${group}/${name}/namespaces/${w.ns}/e2e-test-crds`;
    await c.eventually(path('v2'), () => true);
    const first = { apiVersion: `${group}/v1`, kind: 'E2eTestCrd', metadata: { name: 'cr-instance-1' }, hostPort: 'localhost:8080' };
    await c.must('POST', path('v1'), first);
    expect(await c.get(`${path('v2')}/cr-instance-1`)).toMatchObject({ apiVersion: `${group}/v2`, host: 'localhost', port: '8080' });
    const storage = [
      { op: 'replace', path: '/spec/versions/0/storage', value: false },
      { op: 'replace', path: '/spec/versions/1/storage', value: true },
    ];
    await c.patch(`${CRDS}/${crd.metadata.name}`, storage, 'json');
    await c.must('POST', path('v1'), { ...first, metadata: { name: 'cr-instance-2' } });
    for (const [name, fields] of [
      ['v1', { hostPort: 'localhost:8080' }],
      ['v2', { host: 'localhost', port: '8080' }],
    ] as const) {
      const { items } = await c.get(path(name));
      expect(items).toMatchObject([
        { apiVersion: `${group}/${name}`, metadata: { name: 'cr-instance-1' }, ...fields },
        { apiVersion: `${group}/${name}`, metadata: { name: 'cr-instance-2' }, ...fields },
      ]);
    }
  });
});
