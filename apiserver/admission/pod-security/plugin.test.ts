import { describe, expect, test } from 'vitest';
import { appsKinds, batchKinds, coreKinds, type KindInfo, type KubeObject, type Pod } from '../../../api/index.ts';
import { ask, readerOf } from '../testing/request.ts';
import type { PodSecurityConfiguration } from './configuration.ts';
import { PodSecurityMetrics } from './metrics.ts';
import { podSecurity } from './plugin.ts';
import type { LevelVersion } from './policy.ts';

const LABEL = 'pod-security.kubernetes.io/';
const labelled = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${LABEL}${key}`, value]));
const namespaceOf = (labels: Record<string, string>, name = 'ns') => ({
  metadata: { name, uid: name, labels: labelled(labels) },
  spec: {},
  status: {},
});
const CONFIGURATION: PodSecurityConfiguration = { defaults: undefined, exemptions: { usernames: [], namespaces: [], runtimeClasses: [] } };

function pluginWith(labels: Record<string, string>, more: Partial<PodSecurityConfiguration> = {}, pods: readonly KubeObject[] = []) {
  const objects = readerOf([coreKinds.namespaces, [namespaceOf(labels)]], [coreKinds.pods, pods]);
  return podSecurity(objects, { ...CONFIGURATION, ...more }, new PodSecurityMetrics());
}

const podOf = (spec: object, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns', ...metadata },
    spec: { containers: [{ name: 'a', image: 'x' }], ...spec },
    status: {},
  }) as Pod;
const SHARING = podOf({ hostNetwork: true });
const WHY = 'host namespaces (hostNetwork=true)';

const annotations = (of: Record<string, string>) => labelled(of);

test('what was held against which level is counted', async () => {
  const metrics = new PodSecurityMetrics();
  const objects = readerOf([
    coreKinds.namespaces,
    [namespaceOf({ enforce: 'baseline', 'enforce-version': 'v1.20', warn: 'restricted', 'warn-version': 'v1.99' })],
  ]);
  const exempting = { ...CONFIGURATION, exemptions: { ...CONFIGURATION.exemptions, runtimeClasses: ['own'] } };
  const plugin = podSecurity(objects, exempting, metrics);
  await ask(plugin, { object: SHARING });
  await ask(plugin, { object: podOf({}) });
  await ask(plugin, { object: podOf({ runtimeClassName: 'own' }) });
  const pod = 'request_operation="create",resource="pod",subresource=""';
  const counted = (decision: string, level: string, mode: string) =>
    `pod_security_evaluations_total{decision="${decision}",policy_level="${level}",mode="${mode}",${pod}} 1`.replace(
      ':',
      '",policy_version="',
    );
  const lines = metrics.lines();
  expect(lines).toContain(counted('deny', 'baseline:v1.20', 'enforce'));
  expect(lines).toContain(counted('allow', 'baseline:v1.20', 'enforce'));
  expect(lines).toContain(counted('deny', 'restricted:future', 'warn'));
  expect(lines).toContain(`pod_security_exemptions_total{${pod}} 1`);
  expect(lines).toContain(counted('allow', 'privileged:latest', 'enforce').replace(/1$/, '0').replace('"create"', '"update"'));
});

describe('a pod', () => {
  test('is refused beyond the level to enforce, noted beyond the one to note', async () => {
    const plugin = pluginWith({ enforce: 'baseline', 'enforce-version': 'v1.20', audit: 'baseline' });
    expect(await ask(plugin, { object: SHARING })).toEqual({
      refused: `pods "p" is forbidden: violates PodSecurity "baseline:v1.20": ${WHY}`,
      warnings: [],
      annotations: annotations({
        'enforce-policy': 'baseline:v1.20',
        'audit-violations': `would violate PodSecurity "baseline:latest": ${WHY}`,
      }),
    });
  });

  test('is warned of beyond the level to warn of', async () => {
    const admitted = await ask(pluginWith({ warn: 'baseline' }), { object: SHARING });
    expect(admitted).toEqual({
      refused: undefined,
      warnings: [`would violate PodSecurity "baseline:latest": ${WHY}`],
      annotations: annotations({ 'enforce-policy': 'privileged:latest' }),
    });
  });

  test('of a namespace without labels may do everything, and that is noted', async () => {
    expect(await ask(pluginWith({}), { object: SHARING })).toEqual({
      refused: undefined,
      warnings: [],
      annotations: annotations({ 'enforce-policy': 'privileged:latest' }),
    });
  });

  test('of a namespace whose labels cannot be read is held to the strictest', async () => {
    const admitted = await ask(pluginWith({ enforce: 'none', warn: 'x' }), { object: SHARING });
    expect(admitted.refused).toMatch(/^pods "p" is forbidden: violates PodSecurity "restricted:latest": host namespaces/);
    expect(admitted.annotations[`${LABEL}error`]).toBe(
      `Failed to parse policy: [metadata.labels[${LABEL}enforce]: Invalid value: "none": must be one of privileged, baseline, restricted, ` +
        `metadata.labels[${LABEL}warn]: Invalid value: "x": must be one of privileged, baseline, restricted]`,
    );
  });

  test('is looked at again when its images or containers change', async () => {
    const plugin = pluginWith({ enforce: 'baseline' });
    const asked = async (object: Pod, subresource = '') =>
      (await ask(plugin, { operation: 'UPDATE', object, old: SHARING, subresource })).refused !== undefined;
    const ephemeral = { ephemeralContainers: [{ name: 'e', image: 'y' }] };
    expect(await asked(podOf({ hostNetwork: true }, { labels: { a: 'b' } }))).toBe(false);
    expect(await asked(podOf({ hostNetwork: true, containers: [{ name: 'a', image: 'y' }] }))).toBe(true);
    expect(await asked(podOf({ hostNetwork: true, ...ephemeral }), 'ephemeralcontainers')).toBe(true);
    expect(await asked(podOf({ hostNetwork: true, ...ephemeral }), 'status')).toBe(false);
  });

  test('is exempt by namespace, user or runtime class', async () => {
    const plugin = pluginWith(
      { enforce: 'baseline' },
      { exemptions: { usernames: ['root'], namespaces: ['free'], runtimeClasses: ['kata'] } },
    );
    const exempt = async (request: Parameters<typeof ask>[1]) => {
      const { refused, annotations: noted } = await ask(plugin, request);
      return [refused, noted[`${LABEL}exempt`]];
    };
    expect(await exempt({ object: SHARING, namespace: 'free' })).toEqual([undefined, 'namespace']);
    expect(await exempt({ object: SHARING, context: { user: { name: 'root', groups: [] } } })).toEqual([undefined, 'user']);
    expect(await exempt({ object: podOf({ hostNetwork: true, runtimeClassName: 'kata' }) })).toEqual([undefined, 'runtimeClass']);
    expect(await exempt({ object: podOf({ hostNetwork: true, runtimeClassName: 'other' }) })).toEqual([
      expect.stringContaining(WHY),
      undefined,
    ]);
  });

  test('is held to the defaults where its namespace says nothing', async () => {
    const level: LevelVersion = { level: 'baseline', version: 'latest' };
    const plugin = pluginWith({}, { defaults: { enforce: level, audit: level, warn: level } });
    expect((await ask(plugin, { object: SHARING })).refused).toContain('violates PodSecurity "baseline:latest"');
    const open = pluginWith({ enforce: 'privileged', warn: 'privileged' }, { defaults: { enforce: level, audit: level, warn: level } });
    expect((await ask(open, { object: SHARING })).refused).toBeUndefined();
  });

  test('of a namespace that is not there is an error', async () => {
    expect((await ask(pluginWith({}), { object: SHARING, namespace: 'gone' })).refused).toBe(
      'Internal error occurred: failed to lookup namespace "gone"',
    );
  });
});

describe('what makes pods', () => {
  const template = { metadata: {}, spec: SHARING.spec };
  const cases: readonly (readonly [KindInfo, object])[] = [
    [coreKinds.podtemplates, { template }],
    [coreKinds.replicationcontrollers, { spec: { template } }],
    [appsKinds.deployments, { spec: { template } }],
    [appsKinds.replicasets, { spec: { template } }],
    [appsKinds.statefulsets, { spec: { template } }],
    [appsKinds.daemonsets, { spec: { template } }],
    [batchKinds.jobs, { spec: { template } }],
    [batchKinds.cronjobs, { spec: { jobTemplate: { spec: { template } } } }],
  ];

  test.each(cases.map(([kind, body]) => [kind.resource, kind, body] as const))(
    '%s: is warned of, and never refused',
    async (_name, kind, body) => {
      const object = { metadata: { name: 'd', namespace: 'ns' }, ...body };
      const plugin = pluginWith({ enforce: 'baseline', audit: 'baseline' });
      const would = `would violate PodSecurity "baseline:latest": ${WHY}`;
      expect(await ask(plugin, { kind, object })).toEqual({
        refused: undefined,
        warnings: [would],
        annotations: annotations({ 'audit-violations': would }),
      });
      expect((await ask(plugin, { kind, object, operation: 'UPDATE', old: object, subresource: 'status' })).warnings).toEqual([]);
    },
  );

  test('nothing is said of a ReplicationController without a template', async () => {
    const object = { metadata: { name: 'r', namespace: 'ns' }, spec: {} } as KubeObject;
    expect((await ask(pluginWith({ enforce: 'baseline' }), { kind: coreKinds.replicationcontrollers, object })).warnings).toEqual([]);
  });
});

describe('a namespace', () => {
  const write = (labels: Record<string, string>, old?: Record<string, string>, plugin = pluginWith({})) =>
    ask(plugin, {
      kind: coreKinds.namespaces,
      operation: old ? 'UPDATE' : 'CREATE',
      object: namespaceOf(labels),
      old: old ? namespaceOf(old) : undefined,
    });

  test('is refused with labels that cannot be read, unless they were there before', async () => {
    const message =
      `Namespace "ns" is invalid: [metadata.labels[${LABEL}enforce]: Invalid value: "none": must be one of privileged, baseline, restricted, ` +
      `metadata.labels[${LABEL}audit-version]: Invalid value: "v1": must be "latest" or "v1.x"]`;
    expect((await write({ enforce: 'none', 'audit-version': 'v1' })).refused).toBe(message);
    expect((await write({ enforce: 'none', 'audit-version': 'v1' }, { enforce: 'none' })).refused).toBe(message);
    expect((await write({ enforce: 'none' }, { enforce: 'none', a: 'b' })).refused).toBeUndefined();
    expect((await write({ enforce: 'baseline', 'enforce-version': 'v1.34' })).refused).toBeUndefined();
  });

  test('that becomes stricter is warned of the pods that are there, those that are alike together', async () => {
    const owned = { ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }] };
    const pods = [
      podOf({ hostPID: true }, { name: 'z', ...owned }),
      podOf({ hostPID: true }, { name: 'y', ...owned }),
      podOf({ hostPID: true }, { name: 'x' }),
      podOf({ hostPID: true, hostNetwork: true, containers: [{ name: 'a', securityContext: { privileged: true } }] }, { name: 'b' }),
      podOf({}, { name: 'good' }),
    ];
    const { warnings } = await write({ enforce: 'baseline' }, {}, pluginWith({}, {}, pods));
    expect(warnings).toEqual([
      'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
      'b: host namespaces, privileged',
      'x (and 2 other pods): host namespaces',
    ]);
  });

  test('with more pods than are looked at', async () => {
    const pods = Array.from({ length: 3001 }, (_, i) => podOf({ hostPID: true }, { name: `p${i}` }));
    const { warnings } = await write({ enforce: 'baseline' }, {}, pluginWith({}, {}, pods));
    expect(warnings[0]).toBe('new PodSecurity enforce level only checked against the first 3000 of 3001 existing pods');
    expect(warnings[2]).toBe('p0 (and 2999 other pods): host namespaces');
  });

  test.each([
    [{ enforce: 'baseline' }, { enforce: 'restricted' }, false],
    [{ enforce: 'restricted', 'enforce-version': 'v1.20' }, { enforce: 'restricted' }, true],
    [{ enforce: 'privileged' }, { enforce: 'restricted' }, false],
    [{ enforce: 'baseline', warn: 'restricted' }, { enforce: 'baseline' }, false],
  ])('that becomes %j from %j: pods are looked at: %s', async (next, before, looksAt) => {
    const { warnings } = await write(next, before, pluginWith({}, {}, [SHARING]));
    expect(warnings.length > 0).toBe(looksAt);
  });

  test('that is exempt is told that its labels do nothing', async () => {
    const plugin = pluginWith({}, { exemptions: { usernames: [], namespaces: ['ns'], runtimeClasses: [] } }, [SHARING]);
    const expected = [
      'namespace "ns" is exempt from Pod Security, and the policy (enforce=baseline:latest, audit=restricted:v1.20) will be ignored',
    ];
    const labels = { enforce: 'baseline', audit: 'restricted', 'audit-version': 'v1.20' };
    expect((await write(labels, undefined, plugin)).warnings).toEqual(expected);
    expect((await write(labels, {}, plugin)).warnings).toEqual(expected);
    expect((await write({}, undefined, plugin)).warnings).toEqual([]);
  });
});
