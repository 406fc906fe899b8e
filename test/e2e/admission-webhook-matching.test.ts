// Which requests admission webhooks are asked about, in which versions, in which order, and how often.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAPS, startWebhookCluster, type WebhookCluster } from '../support/webhook-cluster.ts';
import type { AdmissionWebhook, WebhookResponse } from '../support/webhook-server.ts';

const ALLOWED: WebhookResponse = { allowed: true };
const DENIED: WebhookResponse = { allowed: false, status: { message: 'no' } };
const MERGE = { 'content-type': 'application/merge-patch+json' };

let cluster: WebhookCluster;

beforeAll(async () => {
  cluster = await startWebhookCluster();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

/** Who was asked since a moment, by path. */
const askedSince = (moment: number) => cluster.hooks.paths.slice(moment).map((path) => path.split('?', 1)[0]);

async function asked(act: () => Promise<unknown>) {
  const before = cluster.hooks.paths.length;
  await act();
  return askedSince(before);
}

/** A webhook that adds to an annotation. */
const sign =
  (name: string): AdmissionWebhook =>
  ({ object }) => {
    const annotations = object.metadata.annotations ?? {};
    return {
      allowed: true,
      patch: [{ op: 'add', path: '/metadata/annotations', value: { ...annotations, by: (annotations.by ?? '') + name } }],
    };
  };

describe('webhooks are asked', () => {
  it('about objects with the labels they select, before or after', async () => {
    cluster.hooks.serve('/labels/0', () => ALLOWED);
    await cluster.validating('labels', { objectSelector: { matchLabels: { a: 'b' } } });
    const path = '/api/v1/namespaces/labels/configmaps/x';
    expect(await asked(() => cluster.configMap('labels', 'x'))).toEqual([]);
    expect(await asked(() => cluster.api.call('PATCH', path, { metadata: { labels: { a: 'b' } } }, MERGE))).toEqual(['/labels/0']);
    expect(await asked(() => cluster.api.call('PATCH', path, { metadata: { labels: { a: null } } }, MERGE))).toEqual(['/labels/0']);
    expect(await asked(() => cluster.api.call('PATCH', path, { data: { x: '1' } }, MERGE))).toEqual([]);
  });

  it('about namespaces by the labels they are to have', async () => {
    cluster.hooks.serve('/spaces/0', () => DENIED);
    const rules = [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], scope: 'Cluster' }];
    await cluster.validating('spaces', { rules, namespaceSelector: { matchLabels: { guarded: 'yes' } } });
    const refused = await cluster.api.call('POST', '/api/v1/namespaces', { metadata: { name: 'guarded', labels: { guarded: 'yes' } } });
    expect(refused.body.message).toBe('admission webhook "hook-0.example.com" denied the request: no');
    expect(cluster.hooks.requests.at(-1)).toMatchObject({ name: 'guarded', namespace: 'guarded', operation: 'CREATE' });
    expect((await cluster.api.call('POST', '/api/v1/namespaces', { metadata: { name: 'free' } })).status).toBe(201);
  });

  it('when their conditions are met', async () => {
    cluster.hooks.serve('/conditions/0', () => DENIED);
    const conditions = [
      { name: 'create', expression: "request.operation == 'CREATE' && object.metadata.name.startsWith('guarded-')" },
      { name: 'who', expression: "request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups" },
      {
        name: 'may',
        expression: "authorizer.group('').resource('pods').check('list').allowed() && authorizer.requestResource.check('create').allowed()",
      },
      { name: 'how', expression: "request.options.kind == 'CreateOptions' && oldObject == null" },
    ];
    await cluster.validating('conditions', { matchConditions: conditions });
    expect((await cluster.configMap('conditions', 'free')).status).toBe(201);
    expect((await cluster.configMap('conditions', 'guarded-a')).status).toBe(400);
  });

  it('or refuse, when it cannot be told whether they are met', async () => {
    cluster.hooks.serve('/untold/0', () => ALLOWED);
    cluster.hooks.serve('/untold/1', () => ALLOWED);
    const matchConditions = [{ name: 'x', expression: "object.data.x == 'y'" }];
    await cluster.validating('untold', { matchConditions }, { matchConditions, failurePolicy: 'Ignore' });
    const { status, body } = await cluster.configMap('untold', 'a');
    expect([status, body.reason, body.message]).toEqual([
      403,
      'Forbidden',
      `configmaps "a" is forbidden: expression 'object.data.x == 'y'' resulted in error: no such key: data`,
    ]);
    expect(await asked(() => cluster.configMap('untold', 'b', { data: { x: 'y' } }))).toEqual(['/untold/0', '/untold/1']);
    // A condition that is false settles it, whatever cannot be told.
    const settled = [...matchConditions, { name: 'no', expression: 'false' }];
    await cluster.validating('settled', { matchConditions: settled });
    expect((await cluster.configMap('settled', 'a')).status).toBe(201);
  });

  it('about nothing that says what admission does', async () => {
    cluster.hooks.serve('/everything', () => DENIED);
    const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
    const everything = { path: '/everything', rules, namespaceSelector: {} };
    await cluster.mutating('closed', everything);
    await cluster.validating('closed', everything);
    const { body } = await cluster.api.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'x' } });
    expect(body.message).toContain('denied the request: no');
    const group = '/apis/admissionregistration.k8s.io/v1';
    expect((await cluster.api.call('DELETE', `${group}/mutatingwebhookconfigurations/closed`)).status).toBe(200);
    expect((await cluster.api.call('DELETE', `${group}/validatingwebhookconfigurations/closed`)).status).toBe(200);
  });

  it('in the order of their configurations, each seeing what the last one made', async () => {
    for (const name of ['a', 'b', 'c']) cluster.hooks.serve(`/order/${name}`, sign(name));
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': 'order' } };
    await cluster.mutating('order-2', { path: '/order/c', namespaceSelector });
    await cluster.mutating('order-1', { path: '/order/a', namespaceSelector }, { path: '/order/b', namespaceSelector });
    await cluster.make('/api/v1/namespaces', { metadata: { name: 'order' } });
    expect((await cluster.configMap('order', 'x')).body.metadata.annotations).toEqual({ by: 'abc' });
  });

  it('again, when others changed the object and they said so', async () => {
    cluster.hooks.serve('/again/0', sign('0'));
    cluster.hooks.serve('/again/1', sign('1'));
    cluster.hooks.serve('/again/2', () => ALLOWED);
    await cluster.mutating('again', { reinvocationPolicy: 'IfNeeded' }, {}, { reinvocationPolicy: 'IfNeeded' });
    const paths = await asked(() => cluster.configMap('again', 'x'));
    // The first is asked again because of the second, the third because of what the first did then; the second never.
    expect(paths).toEqual(['/again/0', '/again/1', '/again/2', '/again/0', '/again/2']);
    expect((await cluster.api.call('GET', '/api/v1/namespaces/again/configmaps/x')).body.metadata.annotations).toEqual({ by: '010' });
    expect(cluster.annotations('/api/v1/namespaces/again/configmaps')).toMatchObject({
      'mutation.webhook.admission.k8s.io/round_0_index_0': '{"configuration":"again","webhook":"hook-0.example.com","mutated":true}',
      'mutation.webhook.admission.k8s.io/round_0_index_2': '{"configuration":"again","webhook":"hook-2.example.com","mutated":false}',
      'mutation.webhook.admission.k8s.io/round_1_index_0': '{"configuration":"again","webhook":"hook-0.example.com","mutated":true}',
      'patch.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"again","webhook":"hook-0.example.com","patch":[{"op":"add","path":"/metadata/annotations","value":{"by":"0"}}],"patchType":"JSONPatch"}',
    });
  });

  it('not again, when nobody changed anything', async () => {
    cluster.hooks.serve('/calm/0', () => ALLOWED);
    cluster.hooks.serve('/calm/1', () => ({ allowed: true, patch: [{ op: 'replace', path: '/metadata/name', value: 'x' }] }));
    await cluster.mutating('calm', { reinvocationPolicy: 'IfNeeded' }, {});
    expect(await asked(() => cluster.configMap('calm', 'x'))).toEqual(['/calm/0', '/calm/1']);
  });

  it('all at the same time, when they only validate', async () => {
    let waiting = 0;
    let go: () => void = () => undefined;
    const everybody = new Promise<void>((resolve) => {
      go = resolve;
    });
    const wait: AdmissionWebhook = async () => {
      if (++waiting === 3) go();
      await everybody;
      return ALLOWED;
    };
    for (const i of [0, 1, 2]) cluster.hooks.serve(`/parallel/${i}`, wait);
    await cluster.validating('parallel', {}, {}, {});
    expect((await cluster.configMap('parallel', 'x')).status).toBe(201);
  });
});

describe('webhooks see objects in the version they ask for', () => {
  const HPA = '/apis/autoscaling/v2/namespaces/versions/horizontalpodautoscalers';
  const rule = (group: string, version: string, resource: string) => ({
    operations: ['*'],
    apiGroups: [group],
    apiVersions: [version],
    resources: [resource],
  });
  const spec = {
    minReplicas: 1,
    maxReplicas: 3,
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
  };

  it('when rules need not match exactly', async () => {
    cluster.hooks.serve('/versions/0', ({ object }) => {
      const patch = [
        { op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: object.spec.targetCPUUtilizationPercentage + 1 },
      ];
      return { allowed: true, patch };
    });
    cluster.hooks.serve('/versions/1', () => DENIED);
    const rules = [rule('autoscaling', 'v1', 'horizontalpodautoscalers')];
    await cluster.mutating('versions', { rules }, { rules, matchPolicy: 'Exact' });
    const { body } = await cluster.make(HPA, { metadata: { name: 'web' }, spec });
    expect(body.apiVersion).toBe('autoscaling/v2');
    expect(body.spec.metrics[0].resource.target.averageUtilization).toBe(51);
    expect(cluster.hooks.requests.at(-1)).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
      resource: { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' },
      requestKind: { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' },
      requestResource: { version: 'v2' },
      object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 50 } },
    });
  });

  it('custom resources as well', async () => {
    const schema = {
      openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
    };
    await cluster.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets' },
        versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', schema })),
      },
    });
    cluster.hooks.serve('/custom/0', () => ({ allowed: true, patch: [{ op: 'add', path: '/spec/seen', value: true }] }));
    await cluster.mutating('custom', { rules: [rule('example.com', 'v1', 'widgets')] });
    const widgets = '/apis/example.com/v2/namespaces/custom/widgets';
    await expect.poll(async () => (await cluster.api.call('GET', widgets)).status).toBe(200);
    const { body } = await cluster.make(widgets, { apiVersion: 'example.com/v2', kind: 'Widget', metadata: { name: 'a' }, spec: { x: 1 } });
    expect(body).toMatchObject({ apiVersion: 'example.com/v2', spec: { x: 1, seen: true } });
    expect(cluster.hooks.requests.at(-1)).toMatchObject({
      kind: { version: 'v1' },
      requestKind: { version: 'v2' },
      object: { apiVersion: 'example.com/v1', spec: { x: 1 } },
    });
  });

  it('ConfigMaps have one', async () => {
    cluster.hooks.serve('/one/0', () => ALLOWED);
    await cluster.validating('one', { rules: [{ ...CONFIG_MAPS, apiVersions: ['v2'] }] });
    expect(await asked(() => cluster.configMap('one', 'x'))).toEqual([]);
  });
});
