import { describe, expect, test } from 'vitest';
import type { Pod } from '../core/v1/pod.ts';
import type { KubeObject } from '../object.ts';
import { textsOf } from '../resources.ts';
import { quotaEvaluatorOf } from './evaluators.ts';

const NOW = Date.UTC(2024, 0, 1);

function evaluatorOf(group: string, resource: string) {
  const evaluator = quotaEvaluatorOf({ group, resource });
  if (!evaluator) throw new Error(`${resource} is not counted`);
  return evaluator;
}

const usageOf = (resource: string, object: object, group = '') =>
  textsOf(evaluatorOf(group, resource).usage({ metadata: {}, ...object } as KubeObject, NOW));

const pods = evaluatorOf('', 'pods');
const podOf = (spec: object, more: object = {}): Pod => ({ metadata: {}, spec: { containers: [], ...spec }, status: {}, ...more }) as Pod;
const container = (requests: object, limits: object = {}, name = 'c') => ({ name, resources: { requests, limits } });

describe('pods', () => {
  test('use what their containers ask for, under each of its names', () => {
    const spec = {
      containers: [container({ cpu: '1', memory: '1Gi', 'hugepages-2Mi': '4Mi', 'example.com/gpu': '2' }, { cpu: '2' })],
      initContainers: [{ ...container({ cpu: '500m' }, {}, 'i'), restartPolicy: 'Always' }],
      overhead: { cpu: '100m' },
    };
    expect(usageOf('pods', podOf(spec))).toEqual({
      'count/pods': '1',
      pods: '1',
      cpu: '1600m',
      'requests.cpu': '1600m',
      'limits.cpu': '2100m',
      memory: '1Gi',
      'requests.memory': '1Gi',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
      'requests.example.com/gpu': '2',
    });
  });

  test('that have ended, or are stuck on their way out, are only counted', () => {
    const spec = { containers: [container({ cpu: '1' })] };
    const gone = { deletionTimestamp: '2023-12-31T23:59:00Z', deletionGracePeriodSeconds: 30 };
    expect(usageOf('pods', podOf(spec, { status: { phase: 'Succeeded' } }))).toEqual({ 'count/pods': '1' });
    expect(usageOf('pods', podOf(spec, { metadata: gone }))).toEqual({ 'count/pods': '1' });
    expect(usageOf('pods', podOf(spec, { metadata: { ...gone, deletionGracePeriodSeconds: 90 } }))).toMatchObject({ pods: '1' });
  });

  test.each([
    ['Terminating', { activeDeadlineSeconds: 0 }, true],
    ['Terminating', {}, false],
    ['NotTerminating', {}, true],
    ['BestEffort', {}, true],
    ['NotBestEffort', { containers: [container({ cpu: '1' })] }, true],
    ['NotBestEffort', {}, false],
    ['CrossNamespacePodAffinity', {}, false],
    [
      'CrossNamespacePodAffinity',
      { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', namespaces: ['b'] }] } } },
      true,
    ],
    [
      'CrossNamespacePodAffinity',
      {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'a', namespaceSelector: {} } }],
          },
        },
      },
      true,
    ],
    ['VolumeAttributesClass', {}, false],
  ])('scope %s of %j: %s', (scopeName, spec, expected) => {
    expect(pods.matchesScope?.({ scopeName, operator: 'Exists' }, podOf(spec))).toBe(expected);
  });

  test.each([
    ['Exists', undefined, 'high', true],
    ['Exists', undefined, '', false],
    ['DoesNotExist', undefined, '', true],
    ['In', ['high', 'low'], 'low', true],
    ['In', ['high'], '', false],
    ['NotIn', ['high'], '', true],
    ['NotIn', ['high'], 'high', false],
  ])('priority class %s %j of %j: %s', (operator, values, priorityClassName, expected) => {
    expect(pods.matchesScope?.({ scopeName: 'PriorityClass', operator, values }, podOf({ priorityClassName }))).toBe(expected);
  });

  test('have to say what they use of cpu and memory where they are limited', () => {
    const spec = {
      containers: [container({ cpu: '1' }, {}, 'b'), container({ memory: '1' }, { cpu: '1' }, 'a')],
      initContainers: [{ name: 'i' }],
    };
    const required = ['limits.cpu', 'memory', 'requests.cpu', 'requests.ephemeral-storage', 'pods'];
    expect(pods.missing?.(required, podOf(spec))).toBe('must specify limits.cpu for: b,i; memory for: b,i; requests.cpu for: a,i');
    expect(pods.missing?.(['cpu'], podOf({ containers: [container({ cpu: '1' })] }))).toBeUndefined();
    expect(pods.missing?.(required, podOf({ ...spec, resources: { requests: { cpu: '1' } } }))).toBeUndefined();
  });

  test('use these of the resources of a quota', () => {
    const names = [
      'count/pods',
      'pods',
      'requests.storage',
      'hugepages-1Gi',
      'requests.example.com/gpu',
      'example.com/gpu',
      'services',
      'limits.cpu',
    ];
    expect(pods.matchingResources(names)).toEqual(['count/pods', 'pods', 'hugepages-1Gi', 'requests.example.com/gpu', 'limits.cpu']);
  });

  test('are charged when they are made, resized, or change from one scope to another', () => {
    const handled = (operation: 'CREATE' | 'UPDATE', subresource: string) => pods.handles({ operation, subresource });
    expect([handled('CREATE', ''), handled('UPDATE', 'resize'), handled('UPDATE', ''), handled('CREATE', 'binding')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    const ending = (activeDeadlineSeconds?: number) => ({ metadata: { name: 'p' }, spec: { activeDeadlineSeconds } });
    const changed = (old: number | undefined, now: number | undefined) =>
      pods.handles({ operation: 'UPDATE', subresource: '', object: ending(now), old: ending(old) });
    expect([changed(undefined, 1), changed(1, undefined), changed(2, 1)]).toEqual([true, true, false]);
  });
});

describe('other kinds', () => {
  test.each([
    [{ type: 'ClusterIP', ports: [{}] }, '0', '0'],
    [{ type: 'NodePort', ports: [{}, {}] }, '0', '2'],
    [{ type: 'LoadBalancer', ports: [{}, {}] }, '1', '2'],
    [{ type: 'LoadBalancer', ports: [{ nodePort: 30000 }, {}], allocateLoadBalancerNodePorts: false }, '1', '1'],
  ])('a Service %j', (spec, loadBalancers, nodePorts) => {
    expect(usageOf('services', { spec })).toEqual({
      'count/services': '1',
      services: '1',
      'services.loadbalancers': loadBalancers,
      'services.nodeports': nodePorts,
    });
  });

  test('claims, by storage class, in whole bytes', () => {
    const claim = { spec: { storageClassName: 'gold', resources: { requests: { storage: '1500m' } } } };
    expect(usageOf('persistentvolumeclaims', claim)).toEqual({
      'count/persistentvolumeclaims': '1',
      persistentvolumeclaims: '1',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'requests.storage': '2',
      'gold.storageclass.storage.k8s.io/requests.storage': '2',
    });
    const shrinking = { spec: { resources: { requests: { storage: '1Gi' } } }, status: { allocatedResources: { storage: '2Gi' } } };
    expect(usageOf('persistentvolumeclaims', shrinking)).toMatchObject({ 'requests.storage': '2Gi' });
  });

  test('claims are in the scope of each attributes class that they have or are to have', () => {
    const claims = evaluatorOf('', 'persistentvolumeclaims');
    const claim = {
      metadata: {},
      spec: {},
      status: { modifyVolumeStatus: { status: 'Pending', targetVolumeAttributesClassName: 'fast' } },
    };
    const scope = { scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] };
    expect(claims.matchesScope?.(scope, claim as KubeObject)).toBe(true);
    expect(claims.matchesScope?.({ ...scope, values: ['slow'] }, claim as KubeObject)).toBe(false);
    expect(claims.handles({ operation: 'UPDATE', subresource: 'status' })).toBe(true);
    const names = ['a.storageclass.storage.k8s.io/requests.storage', 'requests.storage', 'a.storageclass.storage.k8s.io/pods'];
    expect(claims.matchingResources(names)).toEqual(names.slice(0, 2));
  });

  test('claims of devices, by class, at their most', () => {
    const exactly = (deviceClassName: string, allocationMode: string, count?: number) => ({ deviceClassName, allocationMode, count });
    const requests = [
      { name: 'a', exactly: exactly('gpu', 'ExactCount', 2) },
      { name: 'b', exactly: exactly('nic', 'All') },
      { name: 'c', firstAvailable: [exactly('gpu', 'ExactCount', 1), exactly('gpu', 'ExactCount', 4), exactly('nic', 'ExactCount', 1)] },
    ];
    expect(usageOf('resourceclaims', { spec: { devices: { requests } } }, 'resource.k8s.io')).toEqual({
      'count/resourceclaims.resource.k8s.io': '1',
      'gpu.deviceclass.resource.k8s.io/devices': '6',
      'nic.deviceclass.resource.k8s.io/devices': '33',
    });
    const older = { spec: { devices: { requests: [{ name: 'a', ...exactly('gpu', 'ExactCount', 2) }] } } };
    expect(usageOf('resourceclaims', older, 'resource.k8s.io')).toMatchObject({ 'gpu.deviceclass.resource.k8s.io/devices': '2' });
  });

  test('everything else by number, but events', () => {
    expect(usageOf('deployments', {}, 'apps')).toEqual({ 'count/deployments.apps': '1' });
    expect(usageOf('secrets', {})).toEqual({ 'count/secrets': '1', secrets: '1' });
    expect(quotaEvaluatorOf({ group: '', resource: 'events' })).toBeUndefined();
  });
});
