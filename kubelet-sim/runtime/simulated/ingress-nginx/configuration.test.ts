import { describe, expect, test } from 'vitest';
import type { EndpointSlice, Live, Secret, Service } from '../../../../api/index.ts';
import { meta } from '../../../testing/fake-directory.ts';
import { overlap } from './admission.ts';
import { AnnotationReader } from './annotation-reader.ts';
import { readAnnotations } from './annotations.ts';
import { buildConfiguration } from './configuration.ts';
import { LocationMatcher, normalizedPath, serverFor } from './locations.ts';
import type { AnnotatedIngress, Configuration, PathType } from './model.ts';
import { readSettings } from './settings.ts';
import type { LiveIngress, World } from './world.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';

/** A path of a rule: its host, path, type, Service and port. */
type Row = readonly [host: string, path: string, type: PathType, service: string, port?: number | string];

let created = 0;

/** An Ingress of some rules, younger than those before it. */
function anIngress(name: string, rows: readonly Row[], annotations: Readonly<Record<string, string>> = {}, more: object = {}): LiveIngress {
  created++;
  const rules = rows.map(([host, path, pathType, service, port = 80]) => ({
    host,
    http: {
      paths: [
        { path, pathType, backend: { service: { name: service, port: typeof port === 'number' ? { number: port } : { name: port } } } },
      ],
    },
  }));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      ...meta(name),
      creationTimestamp: new Date(created * 1000).toISOString(),
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${PREFIX}/${key}`, value])),
    },
    spec: { rules, ...more },
    status: {},
  } as LiveIngress;
}

const service = (name: string, spec: object = {}): Live<Service> =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name),
    spec: { clusterIP: '10.96.9.9', ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  }) as Live<Service>;
const slice = (ready: readonly string[], unready: readonly string[] = []): Live<EndpointSlice> =>
  ({
    metadata: meta('slice'),
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [
      ...ready.map((one) => ({ addresses: [one] })),
      ...unready.map((one) => ({ addresses: [one], conditions: { ready: false } })),
    ],
  }) as unknown as Live<EndpointSlice>;

/** Every Service is there, with one pod; `none` has no pod. */
const WORLD: World = {
  service: (key) =>
    key === 'default/ext'
      ? service('ext', { type: 'ExternalName', externalName: 'other.org' })
      : key === 'default/absent'
        ? undefined
        : service(key),
  slices: (key) => (key === 'default/none' ? [slice([], ['10.0.0.9'])] : [slice(['10.0.0.1'], ['10.0.0.2'])]),
  secret: () => undefined as Live<Secret> | undefined,
  configMap: () => undefined,
};

const annotated = (ingress: LiveIngress): AnnotatedIngress => {
  const reader = new AnnotationReader(ingress.metadata.annotations ?? {}, { prefix: PREFIX, validates: true, warn: () => undefined });
  return { ingress, annotations: readAnnotations(reader, ingress, WORLD, readSettings({})) };
};

const build = (ingresses: readonly LiveIngress[]): Configuration =>
  buildConfiguration(ingresses.map(annotated), {
    world: WORLD,
    defaultBackendService: '',
    disablesExternalNames: false,
    isCertificateFor: (key) => (key === 'default/good' ? true : key === 'default/other' ? false : undefined),
    warn: () => undefined,
  });

/** Which upstream a URL leads to. */
function routed(configuration: Configuration, url: string): string {
  const { hostname, pathname } = new URL(url);
  const server = serverFor(configuration, hostname);
  return (server && new LocationMatcher(server).match(normalizedPath(pathname) ?? '')?.backend) ?? 'nobody';
}

// From the documentation: "Ingress Path Matching", and the table of examples of the concept "Ingress".
const DOCUMENTED = [
  anIngress('test-ingress-1', [
    ['test.com', '/foo/bar', 'Prefix', 'service1'],
    ['test.com', '/foo/bar/', 'Prefix', 'service2'],
  ]),
  anIngress('test-ingress-2', [['test.com', '/foo/bar/(.+)', 'ImplementationSpecific', 'service3']], { 'rewrite-target': '/$1' }),
  anIngress(
    'test-ingress-3',
    [
      ['regex.com', '/foo/bar/bar', 'Prefix', 'plain'],
      ['regex.com', '/foo/bar/[A-Z0-9]{3}', 'ImplementationSpecific', 'pattern'],
    ],
    { 'use-regex': 'true' },
  ),
  anIngress('paths', [
    ['paths.com', '/foo', 'Exact', 'exact'],
    ['paths.com', '/bbb', 'Prefix', 'b'],
    ['paths.com', '/aaa/bbb/', 'Prefix', 'ab'],
    ['paths.com', '/impl', 'ImplementationSpecific', 'impl'],
    ['all.com', '/', 'Prefix', 'all'],
    ['all.com', '/aaa', 'Prefix', 'a'],
    ['all.com', '/aaa/bbb', 'Prefix', 'ab'],
    ['mixed.com', '/foo', 'Prefix', 'prefix'],
    ['mixed.com', '/foo', 'Exact', 'exact'],
    ['*.foo.com', '/', 'Prefix', 'wild'],
    ['a.foo.com', '/', 'Prefix', 'named', 'http'],
  ]),
  anIngress('aliased', [['main.org', '/', 'Prefix', 'main']], { 'server-alias': 'one.org, two.org,all.com' }),
];

describe('a request goes to', () => {
  const configuration = build(DOCUMENTED);
  test.each([
    ['http://test.com/foo/bar/1', 'service3'],
    ['http://test.com/foo/bar/', 'service2'],
    ['http://test.com/foo/bar', 'service1'],
    ['http://test.com/FOO/bar', 'service1'],
    ['http://regex.com/foo/bar/bar', 'pattern'],
    ['http://regex.com/foo/bar/b', 'default'],
    ['http://paths.com/foo', 'exact'],
    ['http://paths.com/foo/', 'default'],
    ['http://paths.com/bar', 'default'],
    ['http://paths.com/bbb', 'b'],
    ['http://paths.com/bbb/', 'b'],
    ['http://paths.com/bbb/ccc', 'b'],
    ['http://paths.com/bbbxyz', 'default'],
    ['http://paths.com/BBB', 'default'],
    ['http://paths.com/aaa/bbb/ccc', 'ab'],
    ['http://paths.com/implementation', 'impl'],
    ['http://paths.com//bbb/%63cc', 'b'],
    ['http://all.com/aaa/ccc', 'a'],
    ['http://all.com/aaa/bbb/ccc', 'ab'],
    ['http://all.com/ccc', 'all'],
    ['http://mixed.com/foo', 'exact'],
    ['http://mixed.com/foo/bar', 'prefix'],
    ['http://bar.foo.com/', 'wild'],
    ['http://a.foo.com/', 'named'],
    ['http://baz.bar.foo.com/', 'default'],
    ['http://foo.com/', 'default'],
    ['http://one.org/', 'main'],
    ['http://unknown.org/', 'default'],
  ])('%s → %s', (url, name) => {
    const upstream = name === 'default' ? 'upstream-default-backend' : `default-${name}-${name === 'named' ? 'http' : '80'}`;
    expect(routed(configuration, url)).toBe(upstream);
  });
});

test('of two Ingresses that claim a path the older one has it, and a default backend takes what nobody claims', () => {
  const configuration = build([
    anIngress('older', [['x.com', '/', 'Prefix', 'older']]),
    anIngress('younger', [
      ['x.com', '/', 'Prefix', 'younger'],
      ['x.com', '/y', 'Prefix', 'younger'],
    ]),
    anIngress('both', [['y.com', '/only', 'Exact', 'only']], {}, { defaultBackend: { service: { name: 'rest', port: { number: 80 } } } }),
    anIngress('all', [], {}, { defaultBackend: { service: { name: 'catch', port: { number: 80 } } } }),
  ]);
  expect(['http://x.com/', 'http://x.com/y', 'http://y.com/', 'http://z.com/a'].map((url) => routed(configuration, url))).toEqual([
    'default-older-80',
    'default-younger-80',
    'default-rest-80',
    'default-catch-80',
  ]);
});

test('an upstream has the ready pods of a Service, its cluster IP, or the name that it stands for', () => {
  const { upstreams } = build([
    anIngress('pods', [
      ['x.com', '/', 'Prefix', 'web', 'http'],
      ['x.com', '/none', 'Prefix', 'none'],
      ['x.com', '/ext', 'Prefix', 'ext', 8443],
      ['x.com', '/absent', 'Prefix', 'absent'],
    ]),
    anIngress('service', [['x.com', '/ip', 'Prefix', 'ip']], { 'service-upstream': 'true' }),
  ]);
  const endpoints = (name: string) => upstreams.get(name)?.endpoints.map(({ address, port }) => `${address}:${port}`);
  expect(endpoints('default-web-http')).toEqual(['10.0.0.1:8080']);
  expect(endpoints('default-none-80')).toEqual([]);
  expect(endpoints('default-ext-8443')).toEqual(['other.org:8443']);
  expect(endpoints('default-absent-80')).toEqual([]);
  expect(endpoints('default-ip-80')).toEqual(['10.96.9.9:80']);
});

test('a certificate is the Secret that names the host, where it is for it; else the usual one', () => {
  const tls = (host: string, secretName: string) => ({ tls: [{ hosts: [host], secretName }] });
  const { servers } = build([
    anIngress('good', [['good.com', '/', 'Prefix', 'web']], {}, tls('good.com', 'good')),
    anIngress('other', [['other.com', '/', 'Prefix', 'web']], {}, tls('other.com', 'other')),
    anIngress('absent', [['absent.com', '/', 'Prefix', 'web']], {}, tls('absent.com', 'absent')),
    anIngress('found', [['found.com', '/', 'Prefix', 'web']], {}, tls('elsewhere.com', 'good')),
    anIngress('plain', [['plain.com', '/', 'Prefix', 'web']]),
  ]);
  const certificates = [...servers].map(([host, { certificate }]) => `${host}: ${certificate}`);
  expect(certificates).toEqual([
    '_: ',
    'absent.com: ',
    'found.com: default/good',
    'good.com: default/good',
    'other.com: ',
    'plain.com: undefined',
  ]);
});

test('a canary shares the path of another Ingress, and has none of its own', () => {
  const configuration = build([
    anIngress('main', [['x.com', '/', 'Prefix', 'main']]),
    anIngress('canary', [['x.com', '/', 'Prefix', 'new']], { canary: 'true', 'canary-weight': '20' }),
    anIngress('lost', [['x.com', '/other', 'Prefix', 'lost']], { canary: 'true' }),
  ]);
  expect(configuration.upstreams.get('default-main-80')?.alternatives).toEqual(['default-new-80']);
  expect(routed(configuration, 'http://x.com/other')).toBe('default-main-80');
});

test('a host and path that another Ingress has are told of, unless one is a canary', () => {
  const ingresses = [anIngress('first', [['x.com', '/a', 'Prefix', 'web']])];
  const check = (ingress: LiveIngress) => overlap(ingress, build([...ingresses, ingress]), PREFIX);
  const message = 'host "x.com" and path "/a" is already defined in ingress default/first';
  expect(check(anIngress('second', [['x.com', '/a', 'Prefix', 'web']]))).toBe(message);
  expect(check(anIngress('second', [['x.com', '/b', 'Prefix', 'web']]))).toBeUndefined();
  expect(check(anIngress('first', [['x.com', '/a', 'Prefix', 'web']]))).toBeUndefined();
  expect(check(anIngress('canary', [['x.com', '/a', 'Prefix', 'web']], { canary: 'true' }))).toBeUndefined();
});

describe('annotations', () => {
  test.each([
    ['rewrite-target', '/$1; return 200', 'is not taken'],
    ['auth-realm', 'a"b', 'is not looked at without a type'],
  ])('%s: %s %s', (name, value) => {
    const { annotations } = annotated(anIngress('x', [], { [name]: value }));
    expect([annotations.rewriteTarget, annotations.basicAuth]).toEqual(['', undefined]);
  });

  test.each([
    ['upstream-vhost', 'a b;c'],
    ['default-backend', 'Not_A_Name'],
    ['temporal-redirect', 'https://x.org/$uri;'],
    ['limit-rps', 'many'],
  ])('%s: %s refuses the Ingress', (name, value) => {
    expect(() => annotated(anIngress('x', [], { [name]: value }))).toThrow(`annotation ${PREFIX}/${name} contains invalid value`);
  });

  test('what denies all requests is said: a Secret of passwords that is not there', () => {
    const { annotations } = annotated(anIngress('x', [], { 'auth-type': 'basic', 'auth-secret': 'users' }));
    expect(annotations.denied).toBe('unexpected error reading secret default/users: no object matching key "default/users" in local store');
  });
});

test.each([
  ['/a//b/./c/../d', '/a/b/d'],
  ['/a/b/..', '/a/'],
  ['/%7Euser/a%20b?x=/..', '/~user/a b'],
  ['/', '/'],
  ['/../x', undefined],
])('the path of %s is %s', (raw, path) => {
  expect(normalizedPath(raw)).toBe(path);
});
