// What Kubernetes' conformance tests ask of kinds one by one: that they are in discovery, and that every verb does what it says.
import { describe, expect, it } from 'vitest';
import { REQUEST_OF_DEVS } from '../../../apiserver/testing/signing-requests.ts';
import { waitFor } from '../../support/cluster.ts';
import type { Json } from '../../support/conformance.ts';
import { c } from './cluster.ts';

interface Operations {
  readonly group: string;
  readonly resource: string;
  readonly spec: object;
  readonly hasStatus: boolean;
}

const RULES = [
  { subjects: [{ kind: 'User', user: { name: 'example-e2e' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] },
];
const DEPLOYMENTS = {
  resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }],
};

const KINDS: readonly Operations[] = [
  {
    group: 'flowcontrol.apiserver.k8s.io',
    resource: 'flowschemas',
    hasStatus: true,
    spec: {
      matchingPrecedence: 10_000,
      priorityLevelConfiguration: { name: 'global-default' },
      distinguisherMethod: { type: 'ByUser' },
      rules: RULES,
    },
  },
  {
    group: 'flowcontrol.apiserver.k8s.io',
    resource: 'prioritylevelconfigurations',
    hasStatus: true,
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
  },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'validatingadmissionpolicies',
    hasStatus: true,
    spec: { matchConstraints: DEPLOYMENTS, validations: [{ expression: 'object.spec.replicas <= 100' }] },
  },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'validatingadmissionpolicybindings',
    hasStatus: false,
    spec: { policyName: 'replicalimit-policy.example.com', validationActions: ['Deny'] },
  },
  {
    group: 'certificates.k8s.io',
    resource: 'certificatesigningrequests',
    hasStatus: true,
    spec: { request: REQUEST_OF_DEVS, signerName: 'example.com/e2e', usages: ['digital signature', 'key encipherment', 'server auth'] },
  },
];

describe.concurrent.each(KINDS)('$resource', ({ group, resource, spec, hasStatus }) => {
  const all = `/apis/${group}/v1/${resource}`;
  const label = `e2e=${resource}`;
  const selected = `${all}?labelSelector=${encodeURIComponent(label)}`;

  it('can be made, read, listed, watched, patched, updated and deleted, one by one and together', async () => {
    const { groups } = await c.get('/apis');
    expect(groups.find(({ name }: Json) => name === group).versions).toContainEqual({ groupVersion: `${group}/v1`, version: 'v1' });
    const names = (await c.get(`/apis/${group}/v1`)).resources.map(({ name }: Json) => name);
    expect(names).toEqual(expect.arrayContaining(hasStatus ? [resource, `${resource}/status`] : [resource]));
    const make = () => c.must('POST', all, { metadata: { generateName: `e2e-example-${resource}-`, labels: { e2e: resource } }, spec });
    const { metadata } = await make();
    const path = `${all}/${metadata.name}`;
    expect((await c.get(path)).metadata.uid).toBe(metadata.uid);
    expect((await c.get(selected)).items).toHaveLength(1);
    using seen = await c.watch(`${selected}&watch=true&resourceVersion=${metadata.resourceVersion}`);
    const patched = await c.patch(path, { metadata: { annotations: { patched: 'true' } } });
    expect(patched.metadata.annotations.patched).toBe('true');
    const updated = await c.must('PUT', path, {
      ...patched,
      metadata: { ...patched.metadata, annotations: { ...patched.metadata.annotations, updated: 'true' } },
    });
    expect(updated.metadata.annotations.updated).toBe('true');
    await seen.next('MODIFIED', (object) => object.metadata.annotations?.updated === 'true');
    if (hasStatus) {
      expect((await c.get(`${path}/status`)).metadata.uid).toBe(metadata.uid);
      const condition = {
        type: 'PatchStatusFailed',
        status: 'False',
        reason: 'Set',
        message: 'e2e',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      const withStatus = await c.patch(`${path}/status`, {
        metadata: { annotations: { patchedstatus: 'true' } },
        status: { conditions: [condition] },
      });
      expect(withStatus.status.conditions).toContainEqual(expect.objectContaining({ type: 'PatchStatusFailed', reason: 'Set' }));
      // Whoever looks after the kind may write at the same time.
      const replaced = await waitFor(
        async () => {
          const { status, ...rest } = await c.get(`${path}/status`);
          const conditions = [...status.conditions, { ...condition, type: 'UpdateStatusFailed' }];
          const answer = await c.call('PUT', `${path}/status`, { ...rest, status: { ...status, conditions } });
          return answer.status === 200 ? answer.body : undefined;
        },
        60_000,
        () => 'the status was never replaced',
      );
      expect(replaced.status.conditions).toContainEqual(expect.objectContaining({ type: 'UpdateStatusFailed' }));
    }
    await c.must('DELETE', path);
    await c.gone(path);
    await seen.next('DELETED');
    await Promise.all([make(), make(), make()]);
    await c.must('DELETE', selected);
    await c.eventually(selected, ({ items }) => items.length === 0);
  });
});

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';

describe.concurrent('match conditions of webhooks', () => {
  it.each(['validating', 'mutating'] as const)('are kept, changed, and refused when they do not compile: %s', async (kind) => {
    const path = `${REGISTRATION}/${kind}webhookconfigurations`;
    const conditions = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }];
    const configuration = (matchConditions: readonly object[]) => ({
      metadata: { name: `conditions-${kind}` },
      webhooks: [
        {
          name: 'conditions.example.com',
          clientConfig: { url: 'https://127.0.0.1:1/' },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['none'], operations: ['CREATE'] }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          matchConditions,
        },
      ],
    });
    const made = await c.must('POST', path, configuration(conditions));
    expect(made.webhooks[0].matchConditions).toEqual(conditions);
    const more = [...conditions, { name: 'expression-2', expression: "object.metadata.namespace == 'staging'" }];
    made.webhooks[0].matchConditions = more;
    await c.must('PUT', `${path}/conditions-${kind}`, made);
    expect((await c.get(`${path}/conditions-${kind}`)).webhooks[0].matchConditions).toEqual(more);
    const wrong = await c.call('POST', path, configuration([{ name: 'invalid-expression-1', expression: '... [] bad expression' }]));
    expect(wrong.status).toBe(422);
    expect(wrong.body.message).toContain('compilation failed');
  });

  it('are in the discovery documents of their group', async () => {
    const { groups } = await c.get('/apis');
    const group = groups.find(({ name }: Json) => name === 'admissionregistration.k8s.io');
    expect(group.versions.map(({ groupVersion }: Json) => groupVersion)).toContain('admissionregistration.k8s.io/v1');
    const { versions } = await c.get('/apis/admissionregistration.k8s.io');
    expect(versions.map(({ version }: Json) => version)).toContain('v1');
    const { resources } = await c.get(REGISTRATION);
    const names = resources.map(({ name }: Json) => name);
    expect(names).toEqual(expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']));
  });
});

describe.concurrent('validating admission policies', () => {
  const base = '/apis/admissionregistration.k8s.io/v1';
  const deployment = (name: string, replicas: number) => {
    const labels = { app: name };
    return {
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
      },
    };
  };
  const bind = async (policy: string, ns: string, spec: object) => {
    const made = await c.must('POST', `${base}/validatingadmissionpolicies`, { metadata: { name: policy }, spec });
    await c.eventually(
      `${base}/validatingadmissionpolicies/${policy}`,
      ({ status }) => status?.observedGeneration === made.metadata.generation,
    );
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': ns } };
    await c.must('POST', `${base}/validatingadmissionpolicybindings`, {
      metadata: { name: policy },
      spec: { policyName: policy, validationActions: ['Deny'], matchResources: { namespaceSelector } },
    });
    return c.eventually(`${base}/validatingadmissionpolicies/${policy}`, ({ status }) => status?.typeChecking !== undefined);
  };

  it('judge Deployments by an expression', async () => {
    const ns = await c.namespace('vap');
    await bind('vap-replicas', ns, {
      failurePolicy: 'Fail',
      matchConstraints: DEPLOYMENTS,
      validations: [
        { expression: 'object.spec.replicas > 1', messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)" },
      ],
    });
    const path = `/apis/apps/v1/namespaces/${ns}/deployments`;
    const { status, body } = await c.call('POST', path, deployment('one', 1));
    expect(status).toBe(422);
    expect(body.message).toContain('wants replicas > 1, got 1');
    expect((await c.call('POST', path, deployment('two', 2))).status).toBe(201);
  });

  it('may name parts of their expressions', async () => {
    const ns = await c.namespace('vap-variables');
    await bind('vap-variables', ns, {
      failurePolicy: 'Fail',
      matchConstraints: DEPLOYMENTS,
      variables: [
        { name: 'replicas', expression: 'object.spec.replicas' },
        { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      ],
      validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
    });
    const path = `/apis/apps/v1/namespaces/${ns}/deployments`;
    expect((await c.call('POST', path, deployment('one', 1))).body.message).toContain('failed expression: variables.replicas > 1');
    expect((await c.call('POST', path, deployment('two', 2))).body.message).toContain('failed expression: variables.oddReplicas');
    expect((await c.call('POST', path, deployment('three', 3))).status).toBe(201);
  });

  it('are checked for types, and warn of what can not be', async () => {
    const ns = await c.namespace('vap-types');
    const { status } = await bind('vap-types', ns, {
      matchConstraints: { resourceRules: [{ ...DEPLOYMENTS.resourceRules[0] }] },
      validations: [{ expression: "object.spec.replicas > '1'", messageExpression: "'wants replicas > 1, got ' + object.spec.replicas" }],
    });
    expect(status.typeChecking.expressionWarnings).toEqual([
      {
        fieldRef: 'spec.validations[0].expression',
        warning: expect.stringContaining("found no matching overload for '_>_' applied to '(int, string)'"),
      },
      {
        fieldRef: 'spec.validations[0].messageExpression',
        warning: expect.stringContaining("found no matching overload for '_+_' applied to '(string, int)'"),
      },
    ]);
  });
});

describe('API services', () => {
  it('are made, found unavailable, listed, patched and updated with their status, and deleted together', async () => {
    const all = '/apis/apiregistration.k8s.io/v1/apiservices';
    const path = `${all}/v1alpha1.wardle.example.com`;
    const ns = await c.namespace('aggregator');
    await c.must('POST', all, {
      metadata: { name: 'v1alpha1.wardle.example.com', labels: { apiservice: 'e2e' } },
      spec: {
        group: 'wardle.example.com',
        version: 'v1alpha1',
        service: { namespace: ns, name: 'sample-api', port: 7443 },
        groupPriorityMinimum: 2000,
        versionPriority: 200,
        insecureSkipTLSVerify: true,
      },
    });
    const found = await c.eventually(path, ({ status }) => status?.conditions?.[0]?.reason === 'ServiceNotFound');
    expect(found.status.conditions[0]).toMatchObject({ type: 'Available', status: 'False' });
    expect((await c.call('GET', '/apis/wardle.example.com/v1alpha1/flunders')).status).toBe(503);
    const patched = await c.patch(path, { metadata: { labels: { patched: 'yes' } }, spec: { versionPriority: 400 } });
    expect([patched.metadata.labels.patched, patched.spec.versionPriority]).toEqual(['yes', 400]);
    const condition = {
      type: 'StatusUpdated',
      status: 'True',
      reason: 'E2E',
      message: 'Set by e2e test',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const current = await c.get(`${path}/status`);
    const conditions = [...current.status.conditions, condition];
    expect((await c.patch(`${path}/status`, { status: { conditions } })).status.conditions).toHaveLength(2);
    const latest = await c.get(path);
    await c.must('PUT', path, { ...latest, metadata: { ...latest.metadata, labels: { ...latest.metadata.labels, updated: 'yes' } } });
    expect((await c.get(`${all}?labelSelector=apiservice%3De2e,updated%3Dyes`)).items).toHaveLength(1);
    await c.must('DELETE', `${all}?labelSelector=apiservice%3De2e`);
    await c.gone(path);
    expect((await c.call('GET', '/apis/wardle.example.com/v1alpha1/flunders')).status).toBe(404);
  });
});

const EVENT = (name: string) => ({
  metadata: { name, labels: { 'testevent-constant': 'true' } },
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  eventTime: '2017-09-19T13:49:16.000000Z',
  reportingController: 'test-controller',
  reportingInstance: 'test-node',
});

describe.concurrent('events', () => {
  it('of events.k8s.io are made, patched, given a series, listed by field and deleted', async () => {
    const ns = await c.namespace('events');
    const all = `/apis/events.k8s.io/v1/namespaces/${ns}/events`;
    const regarding = { kind: 'Pod', namespace: ns, name: 'e2e-pod' };
    const made = await c.must('POST', all, { ...EVENT('event-test'), note: 'This is event-test', regarding });
    const find = async (path: string) => (await c.get(path)).items.map(({ metadata }: Json) => metadata.name);
    expect(await find(`/apis/events.k8s.io/v1/events?labelSelector=testevent-constant%3Dtrue`)).toContain('event-test');
    expect(await find(`${all}?fieldSelector=${encodeURIComponent('reportingController=test-controller')}`)).toEqual(['event-test']);
    expect(await find(`/api/v1/namespaces/${ns}/events?fieldSelector=involvedObject.name%3De2e-pod`)).toEqual(['event-test']);
    await c.patch(`${all}/event-test`, { series: { count: 2, lastObservedTime: '2017-09-19T13:50:16.000000Z' } }, 'strategic-merge');
    const patched = await c.get(`${all}/event-test`);
    expect(patched).toMatchObject({ eventTime: made.eventTime, series: { count: 2, lastObservedTime: '2017-09-19T13:50:16.000000Z' } });
    const series = { count: 100, lastObservedTime: '2014-09-19T13:50:16.000000Z' };
    expect((await c.must('PUT', `${all}/event-test`, { ...patched, series })).series).toEqual(series);
    await c.must('DELETE', `${all}/event-test`);
    expect(await find(all)).not.toContain('event-test');
    await Promise.all(['a', 'b', 'c'].map((name) => c.must('POST', all, { ...EVENT(name), regarding })));
    await c.must('DELETE', `${all}?labelSelector=testevent-constant%3Dtrue`);
    expect(await find(`${all}?labelSelector=testevent-constant%3Dtrue`)).toEqual([]);
  });

  it('of the core are made, patched, updated, listed by label and deleted', async () => {
    const ns = await c.namespace('core-events');
    const all = `/api/v1/namespaces/${ns}/events`;
    const event = (name: string) => ({
      metadata: { name, labels: { 'testevent-set': 'true' } },
      message: `This is a test for ${name}`,
      reason: 'Test',
      type: 'Normal',
      count: 1,
      involvedObject: { namespace: ns },
    });
    await c.must('POST', all, event('event-test'));
    expect((await c.get('/api/v1/events?labelSelector=testevent-set%3Dtrue')).items).toHaveLength(1);
    await c.patch(`${all}/event-test`, { message: 'This is a test event - patched' }, 'strategic-merge');
    const patched = await c.get(`${all}/event-test`);
    expect(patched.message).toBe('This is a test event - patched');
    const series = { count: 100, lastObservedTime: '2014-09-19T13:50:16.000000Z' };
    expect((await c.must('PUT', `${all}/event-test`, { ...patched, series })).series).toEqual(series);
    await c.must('DELETE', `${all}/event-test`);
    await Promise.all(['a', 'b', 'c'].map((name) => c.must('POST', all, event(name))));
    await c.must('DELETE', `${all}?labelSelector=testevent-set%3Dtrue`);
    expect((await c.get(`${all}?labelSelector=testevent-set%3Dtrue`)).items).toEqual([]);
  });
});
