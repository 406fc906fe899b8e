import { expect, test } from 'vitest';
import type { Container, Live, Service } from '../../api/index.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import type { ConfigSource } from './config-source.ts';
import { environmentOf, expand } from './environment.ts';
import { fieldValue, resourceValue } from './field-ref.ts';

const aService = (name: string, clusterIP: string, port: number, more: Partial<Service['spec']> = {}): Live<Service> => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'x', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { clusterIP, ports: [{ port, protocol: 'TCP' }], ...more },
  status: {},
});

const SERVICES: Readonly<Record<string, readonly Live<Service>[]>> = {
  default: [aService('kubernetes', '1.2.3.1', 8081), aService('not-special', '1.2.3.8', 8088)],
  test1: [aService('test', '1.2.3.3', 8083), aService('headless', 'None', 1)],
  test2: [aService('kubernetes', '1.2.3.4', 8084), aService('test', '', 1)],
};

const source: ConfigSource = {
  services: (namespace) => Promise.resolve(SERVICES[namespace] ?? []),
  configMap: (namespace, name) =>
    Promise.resolve(
      name === 'known'
        ? {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
            data: { '1234.name': 'abc', DUPE: 'config', LATER: 'map' },
          }
        : undefined,
    ),
  secret: () => Promise.resolve(undefined),
  runtimeClass: () => Promise.resolve(undefined),
  serviceAccountToken: () => Promise.reject(new Error('nobody asks for tokens')),
};

async function seen(namespace: string, container: Partial<Container>, enableServiceLinks = true): Promise<Record<string, string>> {
  const pod = aPod({ enableServiceLinks });
  pod.metadata.namespace = namespace;
  const facts = { pod, podIPs: ['10.0.0.1'], hostIPs: ['10.0.0.2'], allocatable: {} };
  return Object.fromEntries(await environmentOf(facts, aContainer('main', container), source));
}

const hosts = (environment: Record<string, string>) =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => name.endsWith('_SERVICE_HOST')));

// The cases of upstream's TestMakeEnvironmentVariables that decide about services.
test.each<[string, boolean, Record<string, string>]>([
  ['test1', true, { TEST_SERVICE_HOST: '1.2.3.3', KUBERNETES_SERVICE_HOST: '1.2.3.1' }],
  ['test1', false, { KUBERNETES_SERVICE_HOST: '1.2.3.1' }],
  ['test2', true, { KUBERNETES_SERVICE_HOST: '1.2.3.4' }],
  ['test2', false, { KUBERNETES_SERVICE_HOST: '1.2.3.1' }],
  ['default', true, { KUBERNETES_SERVICE_HOST: '1.2.3.1', NOT_SPECIAL_SERVICE_HOST: '1.2.3.8' }],
])('services that a pod in %s sees, links %s', async (namespace, links, expected) => {
  expect(hosts(await seen(namespace, {}, links))).toEqual(expected);
});

test('what a container says comes before what it takes from elsewhere, and that before services', async () => {
  const env = [
    { name: 'OUT_OF_ORDER', value: '$(LAST)' },
    { name: 'DUPE', value: 'own' },
    { name: 'FROM_MAP', value: '$(LATER)-$(p_LATER)' },
    { name: 'OF_SERVICE', value: '$(TEST_SERVICE_HOST):$(TEST_SERVICE_PORT)' },
    { name: 'TEST_PORT', value: 'mine' },
    { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'unknown', key: 'k', optional: true } } },
    { name: 'LAST', value: 'z' },
  ];
  const envFrom = [{ configMapRef: { name: 'known' } }, { prefix: 'p_', configMapRef: { name: 'known' } }];
  const environment = await seen('test1', { env, envFrom });
  expect(environment).toMatchObject({
    OUT_OF_ORDER: '$(LAST)',
    DUPE: 'own',
    p_DUPE: 'config',
    FROM_MAP: 'map-map',
    OF_SERVICE: '1.2.3.3:8083',
    TEST_PORT: 'mine',
    '1234.name': 'abc',
    'p_1234.name': 'abc',
  });
  expect(environment).not.toHaveProperty('ABSENT');
  await expect(seen('test1', { envFrom: [{ configMapRef: { name: 'unknown' } }] })).rejects.toThrow('configmap "unknown" not found');
});

// Upstream: third_party/forked/golang/expansion/expand_test.go.
test.each([
  ['$(VAR_A)', 'A'],
  ['___$(VAR_B)___', '___B___'],
  ['$(VAR_A', '$(VAR_A'],
  ['$$(VAR_A)', '$(VAR_A)'],
  ['$$$(VAR_A)', '$A'],
  ['$$$$$$$(VAR_A)', '$$$A'],
  ['\\$(VAR_A)', '\\A'],
  ['f000-$$VAR_A', 'f000-$VAR_A'],
  ['$(VAR_DNE)', '$(VAR_DNE)'],
  ['$()', '$()'],
  ['$?', '$?'],
  ['$(A$(VAR_A)', '$(A$(VAR_A)'],
  ['foo$', 'foo$'],
  ['foo$$', 'foo$'],
  ['$(VAR_A))', 'A)'],
  ['$$(VAR_A)$(VAR_B))$$', '$(VAR_A)B)$'],
])('%s becomes %s', (text, expected) => {
  const values: Record<string, string> = { VAR_A: 'A', VAR_B: 'B' };
  expect(expand(text, (name) => values[name])).toBe(expected);
});

test('values of annotations are quoted as Go quotes them', () => {
  const pod = aPod();
  pod.metadata.annotations = { z: 'a\u0000\tb\n"c"', a: 'é' };
  const facts = { pod, podIPs: [], hostIPs: [], allocatable: {} };
  expect(fieldValue(facts, 'metadata.annotations')).toBe('a="é"\nz="a\\x00\\tb\\n\\"c\\""');
});

// Upstream's TestPodResourceLimitsDefaulting.
test.each([
  [{}, '6 4096'],
  [{ cpu: '0', memory: '0' }, '6 4096'],
  [{ cpu: '1', memory: '0' }, '1 4096'],
  [{ cpu: '0', memory: '1Mi' }, '6 1'],
])('limits of %o are what the node has where there are none', (limits, seen) => {
  const facts = { pod: aPod(), podIPs: [], hostIPs: [], allocatable: { cpu: '6', memory: '4Gi' } };
  const container = aContainer('main', { resources: { limits } });
  const amountOf = (resource: string, divisor: string) => resourceValue(facts, container, { resource, divisor });
  expect(`${amountOf('limits.cpu', '1')} ${amountOf('limits.memory', '1Mi')}`).toBe(seen);
});

test('the limits of a pod as a whole stand before what the node has', () => {
  const pod = aPod({ resources: { limits: { cpu: '1250m' } } });
  const facts = { pod, podIPs: [], hostIPs: [], allocatable: { cpu: '6', memory: '4Gi' } };
  const amountOf = (resource: string, limits = {}) => resourceValue(facts, aContainer('main', { resources: { limits } }), { resource });
  expect([amountOf('limits.cpu'), amountOf('limits.cpu', { cpu: '1' }), amountOf('limits.memory')]).toEqual(['2', '1', '4294967296']);
});

test('the downward API tells of all addresses, the first alone where one is asked for', () => {
  const facts = { pod: aPod(), podIPs: ['fd00::2', '10.0.0.1'], hostIPs: ['fd00:172::2', '172.18.0.2'], allocatable: {} };
  expect(['status.podIP', 'status.podIPs', 'status.hostIP', 'status.hostIPs'].map((path) => fieldValue(facts, path))).toEqual([
    'fd00::2',
    'fd00::2,10.0.0.1',
    'fd00:172::2',
    'fd00:172::2,172.18.0.2',
  ]);
});
