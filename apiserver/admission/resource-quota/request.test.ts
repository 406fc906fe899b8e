import { describe, expect, test } from 'vitest';
import { type KindInfo, type KubeObject, type Live, quotaEvaluatorOf, type ResourceQuota, textsOf } from '../../../api/index.ts';
import type { LimitedResource } from './configuration.ts';
import { charge, runningQuota } from './request.ts';

type Amounts = Record<string, string>;

const quotaOf = (name: string, hard: Amounts, used: Amounts, spec: object = {}) =>
  runningQuota({ metadata: { name, namespace: 'ns' }, spec, status: { hard, used } } as unknown as Live<ResourceQuota>);

const kindOf = (resource: string): KindInfo => ({
  group: '',
  version: 'v1',
  kind: resource,
  resource,
  singular: resource,
  namespaced: true,
  verbs: [],
  subresources: [],
});

interface Asked {
  readonly quotas: readonly ReturnType<typeof quotaOf>[];
  readonly limited?: readonly Partial<LimitedResource>[];
  readonly resource?: string;
  readonly operation?: 'CREATE' | 'UPDATE';
  readonly subresource?: string;
  readonly object?: object;
  readonly old?: object;
}

/** What is used of each quota afterwards; 'free' when nothing is charged. */
function asked({ quotas, limited = [], resource = 'pods', operation = 'CREATE', subresource = '', object, old }: Asked) {
  const kind = kindOf(resource);
  const evaluator = quotaEvaluatorOf(kind);
  if (!evaluator) throw new Error('not counted');
  const named = (more: object | undefined) => (more ? ({ metadata: { name: 'x' }, ...more } as KubeObject) : undefined);
  const attributes = { operation, kind, namespace: 'ns', name: 'x', subresource, object: named(object ?? {}), old: named(old) };
  const all = limited.map((each) => ({ apiGroup: '', resource, matchContains: [], matchScopes: [], ...each }));
  try {
    const after = charge(quotas, { attributes, evaluator, now: 0, dryRun: false }, all);
    return after === quotas ? 'free' : after.map(({ used }) => textsOf(used));
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

const pod = (cpu: string, more: object = {}) => ({ spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...more } });
const service = (type: string, ports = 1) => ({
  metadata: { name: 'x', resourceVersion: '1' },
  spec: { type, ports: Array(ports).fill({}) },
});

describe('a request that is charged to quotas', () => {
  test('adds what it uses to each that counts it', () => {
    const quotas = [
      quotaOf('a', { pods: '2', cpu: '1' }, { pods: '1', cpu: '250m', secrets: '1' }),
      quotaOf('b', { secrets: '1' }, { secrets: '1' }),
      quotaOf('c', { 'count/pods': '5' }, { 'count/pods': '0' }),
    ];
    expect(asked({ quotas, object: pod('750m') })).toEqual([
      { pods: '2', cpu: '1', secrets: '1' },
      { secrets: '1' },
      { 'count/pods': '1' },
    ]);
    expect(asked({ quotas: quotas.slice(1, 2), object: pod('1') })).toBe('free');
    expect(asked({ quotas: [], object: pod('1') })).toBe('free');
  });

  test('is refused when there is not enough of something, and told of that alone', () => {
    const quotas = [
      quotaOf(
        'q',
        { pods: '2', cpu: '1', 'requests.cpu': '1', memory: '1' },
        { pods: '1', cpu: '500m', 'requests.cpu': '600m', memory: '0' },
      ),
    ];
    const object = { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '600m', memory: '1' } } }] } };
    expect(asked({ quotas, object })).toBe(
      'pods "x" is forbidden: exceeded quota: q, requested: cpu=600m,requests.cpu=600m, used: cpu=500m,requests.cpu=600m, limited: cpu=1,requests.cpu=1',
    );
  });

  test('may use what is not above the limit although more of something else is used than there is', () => {
    expect(asked({ quotas: [quotaOf('q', { pods: '2', cpu: '1' }, { pods: '1', cpu: '5' })], object: pod('0') })).toEqual([
      { pods: '2', cpu: '5' },
    ]);
  });

  test('is refused while it is not known what is used', () => {
    const quotas = [quotaOf('q', { pods: '2', secrets: '1', 'count/pods': '1' }, { secrets: '1' })];
    expect(asked({ quotas, object: pod('1') })).toBe('pods "x" is forbidden: status unknown for quota: q, resources: count/pods,pods');
  });

  test('has to say what it uses of what is limited', () => {
    const quotas = [quotaOf('q', { 'limits.cpu': '2', memory: '1' }, { 'limits.cpu': '0', memory: '0' })];
    expect(asked({ quotas, object: pod('1') })).toBe(
      'pods "x" is forbidden: failed quota: q: must specify limits.cpu for: c; memory for: c',
    );
  });

  test('is counted by quotas of its scopes', () => {
    const scoped = (name: string, spec: object) => quotaOf(name, { pods: '9' }, { pods: '0' }, spec);
    const expression = { scopeName: 'PriorityClass', operator: 'In', values: ['high'] };
    const quotas = [
      scoped('a', { scopes: ['NotBestEffort', 'NotTerminating'] }),
      scoped('b', { scopes: ['BestEffort'] }),
      scoped('c', { scopeSelector: { matchExpressions: [expression] } }),
    ];
    expect(asked({ quotas, object: pod('1', { priorityClassName: 'high' }) })).toEqual([{ pods: '1' }, { pods: '0' }, { pods: '1' }]);
    expect(asked({ quotas, resource: 'secrets' })).toBe('free');
  });
});

describe('an update', () => {
  const quotas = [quotaOf('q', { 'services.nodeports': '3', services: '1' }, { 'services.nodeports': '1', services: '1' })];
  const update = (old: object, object: object) => asked({ quotas, resource: 'services', operation: 'UPDATE', old, object });

  test('is charged what it adds', () => {
    expect(update(service('NodePort'), service('NodePort', 3))).toEqual([{ 'services.nodeports': '3', services: '1' }]);
    expect(update(service('NodePort'), service('NodePort', 4))).toBe(
      'services "x" is forbidden: exceeded quota: q, requested: services.nodeports=3, used: services.nodeports=1, limited: services.nodeports=3',
    );
  });

  test('that uses less, or the same, is free', () => {
    expect(update(service('NodePort', 3), service('NodePort'))).toBe('free');
    expect(update(service('ClusterIP'), service('ClusterIP'))).toBe('free');
  });

  test('is charged whole by a quota that did not count the object before', () => {
    const scope = { scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] }] } };
    const claim = (volumeAttributesClassName?: string) => ({
      metadata: { name: 'x', resourceVersion: '1' },
      spec: { volumeAttributesClassName, resources: { requests: { storage: '1Gi' } } },
    });
    const two = [
      quotaOf('fast', { persistentvolumeclaims: '1' }, { persistentvolumeclaims: '0' }, scope),
      quotaOf('all', { persistentvolumeclaims: '1' }, { persistentvolumeclaims: '1' }),
    ];
    expect(asked({ quotas: two, resource: 'persistentvolumeclaims', operation: 'UPDATE', old: claim(), object: claim('fast') })).toEqual([
      { persistentvolumeclaims: '1' },
      { persistentvolumeclaims: '1' },
    ]);
  });

  test('of a status is charged, whatever there is', () => {
    const claim = (storage: string) => ({
      metadata: { name: 'x', resourceVersion: '1' },
      spec: { resources: { requests: { storage: '1Gi' } } },
      status: { allocatedResources: { storage } },
    });
    const one = [quotaOf('q', { 'requests.storage': '1Gi' }, { 'requests.storage': '1Gi' })];
    const write = {
      quotas: one,
      resource: 'persistentvolumeclaims',
      operation: 'UPDATE',
      old: claim('1Gi'),
      object: claim('2Gi'),
    } as const;
    expect(asked({ ...write, subresource: 'status' })).toEqual([{ 'requests.storage': '2Gi' }]);
    expect(asked(write)).toMatch(/exceeded quota: q, requested: requests.storage=1Gi/);
  });
});

describe('what is limited by configuration', () => {
  const limited = [{ matchContains: ['requests.cpu'] }];

  test('needs a quota that covers it', () => {
    expect(asked({ quotas: [], limited, object: pod('1') })).toBe('pods "x" is forbidden: insufficient quota to consume: requests.cpu');
    expect(asked({ quotas: [quotaOf('q', { pods: '1' }, { pods: '0' })], limited, object: pod('1') })).toBe(
      'pods "x" is forbidden: insufficient quota to consume: requests.cpu',
    );
    expect(asked({ quotas: [quotaOf('q', { 'requests.cpu': '1' }, { 'requests.cpu': '0' })], limited, object: pod('1') })).toEqual([
      { 'requests.cpu': '1' },
    ]);
    expect(asked({ quotas: [], limited: [{ resource: 'secrets', matchContains: ['requests.cpu'] }], object: pod('1') })).toBe('free');
  });

  test('so does a scope', () => {
    const scope = { scopeName: 'PriorityClass', operator: 'In', values: ['high', 'higher'] };
    const high = pod('1', { priorityClassName: 'high' });
    expect(asked({ quotas: [], limited: [{ matchScopes: [scope] }], object: high })).toBe(
      'insufficient quota to match these scopes: [{PriorityClass In [high higher]}]',
    );
    expect(asked({ quotas: [], limited: [{ matchScopes: [scope] }], object: pod('1') })).toBe('free');
    const covering = quotaOf('q', { pods: '1' }, { pods: '0' }, { scopes: ['PriorityClass'] });
    expect(asked({ quotas: [covering], limited: [{ matchScopes: [scope] }], object: high })).toEqual([{ pods: '1' }]);
  });
});
