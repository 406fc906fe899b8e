import { describe, expect, test } from 'vitest';
import { appsKinds, coreKinds, type KubeObject, type Pod } from '../../api/index.ts';
import type { AccessAttributes } from '../auth/types.ts';
import { NOW } from '../strategies/testing/harness.ts';
import { alwaysAdmit, alwaysDeny } from './always.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { limitPodHardAntiAffinityTopology } from './anti-affinity-topology.ts';
import { denyServiceExternalIps } from './deny-service-external-ips.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { namespaceAutoProvision, namespaceExists } from './namespace-existence.ts';
import { ownerReferencesPermissionEnforcement } from './owner-references.ts';
import { podNodeSelector } from './pod-node-selector.ts';
import { podTolerationRestriction } from './pod-toleration-restriction.ts';
import { ask, readerOf } from './testing/request.ts';
import { mergeTolerations } from './tolerations.ts';

const podOf = (spec: object): Pod => ({ metadata: { name: 'p', namespace: 'ns' }, spec: { containers: [], ...spec }, status: {} }) as Pod;
const namespaceOf = (annotations: Record<string, string> = {}) => ({ metadata: { name: 'ns', annotations } });
const withNamespace = (annotations?: Record<string, string>) => readerOf([coreKinds.namespaces, [namespaceOf(annotations)]]);
const map: KubeObject = { metadata: { name: 'm', namespace: 'ns' } };

test('AlwaysAdmit and AlwaysDeny', async () => {
  expect((await ask(alwaysAdmit, { object: map })).refused).toBeUndefined();
  expect((await ask(alwaysDeny, { kind: coreKinds.configmaps, object: map })).refused).toBe(
    'configmaps "m" is forbidden: admission control is denying all modifications',
  );
});

describe('NamespaceAutoProvision', () => {
  const create = async (objects: object, more: object = {}) => {
    const made: unknown[] = [];
    const writer = { ...objects, create: async (_kind: unknown, object: KubeObject) => made.push(object.metadata.name) };
    await ask(namespaceAutoProvision(writer as never), { kind: coreKinds.configmaps, object: map, ...more });
    return made;
  };

  test('makes the namespace that is not there', async () => {
    expect(await create(readerOf())).toEqual(['ns']);
    expect(await create(withNamespace())).toEqual([]);
    expect(await create(readerOf(), { operation: 'UPDATE' })).toEqual([]);
    expect(await create(readerOf(), { context: { dryRun: true } })).toEqual([]);
    expect(await create(readerOf(), { kind: coreKinds.namespaces, object: namespaceOf() })).toEqual([]);
  });
});

test('NamespaceExists', async () => {
  const asked = async (objects: ReturnType<typeof readerOf>, operation: 'CREATE' | 'DELETE') =>
    (await ask(namespaceExists(objects), { kind: coreKinds.configmaps, operation, object: map })).refused;
  expect(await asked(withNamespace(), 'CREATE')).toBeUndefined();
  expect(await asked(readerOf(), 'DELETE')).toBe('namespaces "ns" not found');
});

test('LimitPodHardAntiAffinityTopology', async () => {
  const apart = (topologyKey: string) =>
    podOf({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } } });
  const asked = async (object: Pod) => (await ask(limitPodHardAntiAffinityTopology, { object })).refused;
  expect([await asked(apart('kubernetes.io/hostname')), await asked(apart('zone'))]).toEqual([
    undefined,
    'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  ]);
});

describe('AlwaysPullImages', () => {
  const container = (image: string, imagePullPolicy = 'Never') => ({ name: 'c', image, imagePullPolicy });

  test('has every image pulled, when there is a new one', async () => {
    const pod = podOf({ containers: [container('a')], initContainers: [container('b')] });
    await ask(alwaysPullImages, { object: pod });
    expect([pod.spec.containers[0]?.imagePullPolicy, pod.spec.initContainers?.[0]?.imagePullPolicy]).toEqual(['Always', 'Always']);
    const update = async (image: string) => {
      const object = podOf({ containers: [container(image)] });
      await ask(alwaysPullImages, { operation: 'UPDATE', object, old: podOf({ containers: [container('a')] }) });
      return object.spec.containers[0]?.imagePullPolicy;
    };
    expect([await update('a'), await update('z')]).toEqual(['Never', 'Always']);
  });

  test('refuses what somebody else changed back', async () => {
    const plugin = { name: 'x', validate: alwaysPullImages.validate } as typeof alwaysPullImages;
    expect((await ask(plugin, { object: podOf({ containers: [container('a')] }) })).refused).toBe(
      'pods "p" is forbidden: spec.containers[0].imagePullPolicy: Unsupported value: "Never": supported values: "Always"',
    );
  });
});

describe('PodNodeSelector', () => {
  const select = async (annotations: Record<string, string> | undefined, selectors: Record<string, string>, nodeSelector?: object) => {
    const object = podOf({ nodeSelector });
    const { refused } = await ask(podNodeSelector(withNamespace(annotations), selectors), { object });
    return refused ?? object.spec.nodeSelector;
  };
  const annotation = (text: string) => ({ 'scheduler.alpha.kubernetes.io/node-selector': text });

  test('adds what the namespace selects or, if it says nothing, the cluster', async () => {
    expect(await select(annotation('a=b, c=d'), { clusterDefaultNodeSelector: 'x=y' }, { e: 'f' })).toEqual({ a: 'b', c: 'd', e: 'f' });
    expect(await select(undefined, { clusterDefaultNodeSelector: 'x=y' })).toEqual({ x: 'y' });
    expect(await select(undefined, {})).toBeUndefined();
  });

  test('refuses what contradicts it, and what is not allowed', async () => {
    expect(await select(annotation('a=b'), {}, { a: 'c' })).toBe(
      'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
    );
    expect(await select(annotation('a=b'), { ns: 'a=b,c=d' }, { c: 'd' })).toEqual({ a: 'b', c: 'd' });
    expect(await select(annotation('a=b'), { ns: 'a=b' }, { c: 'd' })).toBe(
      'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
    );
    expect(await select(annotation('a'), {})).toBe('invalid selector: a');
  });
});

describe('PodTolerationRestriction', () => {
  const exists = (key: string) => ({ key, operator: 'Exists' });
  const PRESSURE = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };
  const prefix = 'scheduler.alpha.kubernetes.io/';
  const tolerate = async (spec: object, annotations: Record<string, object> = {}, cluster = { default: [], whitelist: [] } as object) => {
    const texts = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${prefix}${key}`, JSON.stringify(value)]));
    const object = podOf(spec);
    const { refused } = await ask(podTolerationRestriction(withNamespace(texts), cluster as never), { object });
    return refused ?? object.spec.tolerations;
  };

  test('adds those of the namespace or, if it says nothing, of the cluster', async () => {
    const cluster = { default: [exists('cluster')], whitelist: [] };
    expect(await tolerate({ tolerations: [exists('own')] }, { defaultTolerations: [exists('ns')] }, cluster)).toEqual([
      exists('ns'),
      exists('own'),
    ]);
    expect(await tolerate({}, {}, cluster)).toEqual([exists('cluster')]);
    expect(await tolerate({}, { defaultTolerations: [] }, cluster)).toBeUndefined();
    const burstable = { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] };
    expect(await tolerate(burstable)).toEqual([PRESSURE]);
  });

  test('refuses those that are not allowed', async () => {
    const why = (scope: string) =>
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`;
    const own = { tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }] };
    expect(await tolerate(own, { tolerationsWhitelist: [exists('a')] })).toEqual(own.tolerations);
    expect(await tolerate(own, { tolerationsWhitelist: [exists('b')] })).toBe(why('namespace'));
    expect(await tolerate(own, {}, { default: [], whitelist: [exists('b')] })).toBe(why('cluster'));
    expect(await tolerate(own, { tolerationsWhitelist: { a: 1 } })).toMatch(/tolerationsWhitelist: .*expected array/);
  });

  test('what covers another replaces it, and of the same one is kept', () => {
    const narrow = { ...exists('a'), effect: 'NoSchedule' };
    expect(mergeTolerations([narrow], [exists('a')])).toEqual([exists('a')]);
    expect(mergeTolerations([exists('a')], [exists('a'), narrow])).toEqual([exists('a')]);
  });
});

test('ExtendedResourceToleration', async () => {
  const asking = (...names: readonly string[]) => ({
    name: 'c',
    resources: { requests: Object.fromEntries(names.map((name) => [name, '1'])) },
  });
  const object = podOf({
    containers: [asking('example.com/gpu', 'cpu')],
    initContainers: [asking('example.com/fpga')],
    tolerations: [{ key: 'a' }],
  });
  await ask(extendedResourceToleration, { object });
  const toleration = (key: string) => ({ key, operator: 'Exists', effect: 'NoSchedule' });
  const expected = [{ key: 'a' }, toleration('example.com/fpga'), toleration('example.com/gpu')];
  expect(object.spec.tolerations).toEqual(expected);
  await ask(extendedResourceToleration, { object });
  expect(object.spec.tolerations).toEqual(expected);
});

test('DenyServiceExternalIPs', async () => {
  const service = (...externalIPs: readonly string[]) =>
    ({ metadata: { name: 's', namespace: 'ns' }, spec: { externalIPs } }) as KubeObject;
  const asked = async (object: KubeObject, old?: KubeObject) =>
    (await ask(denyServiceExternalIps, { kind: coreKinds.services, operation: old ? 'UPDATE' : 'CREATE', object, old })).refused;
  const why = 'services "s" is forbidden: Use of external IPs is denied by admission control';
  expect(await asked(service())).toBeUndefined();
  expect(await asked(service('1.1.1.1'))).toBe(why);
  expect(await asked(service('1.1.1.1'), service('1.1.1.1', '2.2.2.2'))).toBeUndefined();
  expect(await asked(service('1.1.1.1', '3.3.3.3'), service('1.1.1.1'))).toBe(why);
});

describe('OwnerReferencesPermissionEnforcement', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' };
  const owned = (...ownerReferences: readonly object[]) => ({ metadata: { name: 'm', namespace: 'ns', ownerReferences } }) as KubeObject;

  const asked = async (allows: (attributes: AccessAttributes) => boolean, object: KubeObject, old?: KubeObject) => {
    const plugin = ownerReferencesPermissionEnforcement({
      authorizer: { authorize: (attributes) => ({ allowed: allows(attributes), reason: '' }) },
      kinds: () => [appsKinds.replicasets],
    });
    const { refused } = await ask(plugin, { kind: coreKinds.configmaps, operation: old ? 'UPDATE' : 'CREATE', object, old });
    return refused?.replace('configmaps "m" is forbidden: ', '');
  };

  test('a change takes the right to delete the object', async () => {
    expect(await asked(() => false, owned(owner))).toBeUndefined();
    expect(await asked(() => false, owned(owner), owned())).toBe("cannot set an ownerRef on a resource you can't delete: , <nil>");
    expect(await asked(({ verb, name }) => verb === 'delete' && name === 'm', owned(owner), owned())).toBeUndefined();
    expect(await asked(() => false, owned(owner), owned(owner))).toBeUndefined();
  });

  test('that the owner waits takes the right to set its finalizers', async () => {
    const blocking = { ...owner, blockOwnerDeletion: true };
    const why = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>";
    expect(await asked(() => false, owned(blocking))).toBe(why);
    const allowed = ({ verb, resource, subresource, name, namespace }: AccessAttributes) =>
      [verb, resource, subresource, name, namespace].join() === 'update,replicasets,finalizers,r,ns';
    expect(await asked(allowed, owned(blocking))).toBeUndefined();
    expect(await asked(() => true, owned({ ...blocking, kind: 'Nothing' }))).toBe(
      'cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion apps/v1 Kind Nothing: no matches for kind "Nothing" in version "apps/v1"',
    );
  });
});

describe('EventRateLimit', () => {
  const event = (namespace: string, name = 'x') =>
    ({ metadata: { name: 'e', namespace }, source: { component: 'c' }, involvedObject: { kind: 'Pod', name } }) as unknown as KubeObject;

  test('counts each event against every limit, and fills up again', async () => {
    const plugin = eventRateLimit([{ type: 'Namespace', qps: 1, burst: 2, cacheSize: 0 }]);
    const send = async (namespace: string, at = 0, dryRun = false) =>
      (await ask(plugin, { kind: coreKinds.events, object: event(namespace), context: { now: NOW + at, dryRun } })).refused;
    const reached = 'Too many requests: limit reached on type Namespace for key a';
    expect([await send('a'), await send('a'), await send('a'), await send('b')]).toEqual([undefined, undefined, reached, undefined]);
    expect(await send('a', 0, true)).toBeUndefined();
    expect([await send('a', 1000), await send('a', 1500), await send('a', 2000)]).toEqual([undefined, reached, undefined]);
    expect((await ask(plugin, { kind: coreKinds.configmaps, object: event('a'), context: { now: NOW + 2000 } })).refused).toBeUndefined();
  });

  test('by server, user or thing; forgets the least recently used', async () => {
    const limit = { qps: 1, burst: 1, cacheSize: 1 };
    const plugin = eventRateLimit([{ type: 'SourceAndObject', ...limit }]);
    const send = async (name: string) =>
      (await ask(plugin, { kind: coreKinds.events, object: event('a', name), context: { now: NOW } })).refused;
    expect(await send('x')).toBeUndefined();
    expect(await send('x')).toBe('Too many requests: limit reached on type SourceAndObject for key cPodx');
    expect([await send('y'), await send('x')]).toEqual([undefined, undefined]);
    const both = eventRateLimit([
      { type: 'Server', ...limit },
      { type: 'User', ...limit },
    ]);
    const user = async (name: string) =>
      (await ask(both, { kind: coreKinds.events, object: event('a'), context: { now: NOW, user: { name, groups: [] } } })).refused;
    expect([await user('a'), await user('b'), await user('b')]).toEqual([
      undefined,
      'Too many requests: limit reached on type Server for key ',
      'Too many requests: [limit reached on type Server for key , limit reached on type User for key b]',
    ]);
  });
});
