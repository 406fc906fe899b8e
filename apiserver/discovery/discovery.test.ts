import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KindInfo } from '../../api/index.ts';
import { BUILT_IN_KINDS, decodeProtobuf } from '../../api/schema.ts';
import { compareVersions } from './groups.ts';
import { createDiscovery } from './index.ts';

const builtIn = BUILT_IN_KINDS.map(({ info }) => info);
const discoveryOf = (kinds: readonly KindInfo[] = builtIn) =>
  createDiscovery({ kinds: () => kinds, serverAddress: () => '127.0.0.1:6443' });
const json = (path: string, accept?: string, discovery = discoveryOf()) => {
  const answer = discovery.respond(path, accept);
  return answer && JSON.parse(answer.body.toString());
};
const kind = (group: string, version: string, name: string, more: Partial<KindInfo> = {}): KindInfo => ({
  group,
  version,
  kind: name,
  resource: `${name.toLowerCase()}s`,
  singular: name.toLowerCase(),
  namespaced: true,
  verbs: ['create', 'get', 'list', 'watch'],
  subresources: [],
  ...more,
});

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const V2_BETA = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

describe('legacy documents', () => {
  it('/api and /api/v1 carry no apiVersion', () => {
    expect(json('/api/')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1:6443' }],
    });
    const list = json('/api/v1');
    expect({ ...list, resources: [] }).toEqual({ kind: 'APIResourceList', groupVersion: 'v1', resources: [] });
    const find = (name: string) => list.resources.find((entry: { name: string }) => entry.name === name);
    expect(find('configmaps')).toEqual({
      name: 'configmaps',
      singularName: 'configmap',
      namespaced: true,
      kind: 'ConfigMap',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['cm'],
      storageVersionHash: 'qFsyl6wFWjQ=',
    });
    expect(find('pods/eviction')).toMatchObject({ singularName: '', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] });
    expect(find('bindings')).not.toHaveProperty('storageVersionHash');
    const names = list.resources.map((entry: { name: string }) => entry.name);
    expect(names).toEqual([...names].sort());
  });

  it('/apis lists the groups in upstream order, preferred versions first', () => {
    const kinds = [
      kind('zoo.example.com', 'v1alpha1', 'Animal'),
      kind('autoscaling', 'v1', 'HorizontalPodAutoscaler', { storedAs: 'autoscaling/v2' }),
      kind('apps', 'v1', 'Deployment'),
      kind('autoscaling', 'v2', 'HorizontalPodAutoscaler'),
    ];
    const discovery = discoveryOf(kinds);
    expect(json('/apis', undefined, discovery).groups.map(({ name }: { name: string }) => name)).toEqual([
      'apps',
      'autoscaling',
      'zoo.example.com',
    ]);
    expect(json('/apis/autoscaling', undefined, discovery)).toEqual({
      kind: 'APIGroup',
      apiVersion: 'v1',
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
    expect(json('/apis/autoscaling/v1', undefined, discovery).resources[0].storageVersionHash).toBe('qwQve8ut294=');
  });

  it('stores events as the core group has them', () => {
    const kinds = [kind('', 'v1', 'Event'), kind('events.k8s.io', 'v1', 'Event', { storedAs: 'v1' })];
    expect(json('/apis/events.k8s.io/v1', undefined, discoveryOf(kinds)).resources[0].storageVersionHash).toBe('r2yiGXH7wu8=');
  });

  it('are YAML for who asks for it', () => {
    const answer = discoveryOf().respond('/api', 'application/yaml');
    expect(answer?.contentType).toBe('application/yaml');
    expect(answer?.body.toString()).toBe(
      'kind: APIVersions\nserverAddressByClientCIDRs:\n- clientCIDR: 0.0.0.0/0\n  serverAddress: 127.0.0.1:6443\nversions:\n- v1\n',
    );
  });

  it('knows nothing of what is not served', () => {
    for (const path of [
      '/apis/nope.example.com',
      '/apis/apps/v9',
      '/api/v2',
      '/version/x',
      '/',
      '/apis/apps/v1/deployments',
      '/api/v1/pods',
    ]) {
      expect(discoveryOf().respond(path, undefined), path).toBeUndefined();
    }
  });
});

describe('the aggregated document', () => {
  it('is answered in its second version; there is no other any more', () => {
    for (const accept of [V2, `${V2},${V2_BETA},application/json`]) {
      const answer = discoveryOf().respond('/api', accept);
      expect(answer?.contentType).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
      expect(JSON.parse(answer?.body.toString() ?? '')).toMatchObject({ apiVersion: 'apidiscovery.k8s.io/v2' });
    }
    expect(json('/api', `${V2_BETA},application/json`).kind).toBe('APIVersions');
    expect(() => discoveryOf().respond('/api', V2_BETA)).toThrow('only the following media types are accepted');
  });

  it('has the ETag of what it says, without its kind', () => {
    const answer = discoveryOf().respond('/apis', V2);
    const { kind: _kind, apiVersion: _apiVersion, ...said } = JSON.parse(answer?.body.toString() ?? '');
    expect(answer?.headers.etag).toBe(`"${createHash('sha512').update(JSON.stringify(said)).digest('hex').toUpperCase()}"`);
  });

  it('is to be had in protobuf, with the same ETag', () => {
    for (const path of ['/api', '/apis']) {
      const answer = discoveryOf().respond(path, V2.replace('application/json', 'application/vnd.kubernetes.protobuf'));
      expect(answer?.contentType).toBe('application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
      const { apiVersion, kind } = decodeProtobuf(answer?.body ?? Buffer.alloc(0));
      expect([apiVersion, kind]).toEqual(['apidiscovery.k8s.io/v2', 'APIGroupDiscoveryList']);
      expect(answer?.headers.etag).toBe(discoveryOf().respond(path, V2)?.headers.etag);
    }
    // Group, version and kind of what a resource answers with, then its scope.
    const apps = discoveryOf().respond('/apis', V2.replace('application/json', 'application/vnd.kubernetes.protobuf'));
    expect(apps?.body.toString('latin1')).toContain('\x0a\x00\x12\x00\x1a\x0aDeployment\x1a\x0aNamespaced');
  });

  it('is there for all groups only: each of the other documents is told in protobuf as it is', () => {
    const protobuf = 'application/vnd.kubernetes.protobuf';
    for (const [path, kind, first] of [
      ['/apis/apps', 'APIGroup', '\x0a\x04apps'],
      ['/apis/apps/v1', 'APIResourceList', '\x0a\x07apps/v1'],
    ] as const) {
      const answer = discoveryOf().respond(path, `${V2.replace('application/json', protobuf)},${protobuf}`);
      expect(answer?.contentType, path).toBe(protobuf);
      const body = decodeProtobuf(answer?.body ?? Buffer.alloc(0));
      expect(body.kind, path).toBe(kind);
      expect(answer?.body.toString('latin1'), path).toContain(first);
    }
  });

  it('has verbs in a message of their own in protobuf, as Go reads them', () => {
    const answer = discoveryOf().respond('/apis/apps/v1', 'application/vnd.kubernetes.protobuf');
    const text = answer?.body.toString('latin1');
    expect(text).toContain('\x0a\x06create\x0a\x06delete');
    expect(text).not.toContain('\x22\x06create');
  });

  it.each([
    ['application/*', undefined],
    ['application/JSON', '406: Not Acceptable'],
    [';', '406: Not Acceptable'],
    ['application/json;stream=x', 'only the following media types are accepted'],
  ])('takes %j as a running server does', (accept, refused) => {
    if (refused === undefined) expect(json('/apis', accept).kind).toBe('APIGroupList');
    else expect(() => discoveryOf().respond('/api', accept)).toThrow(refused);
  });

  it('lists resources with their subresources', () => {
    const list = json('/apis', V2);
    expect(list.items[1].metadata).toEqual({ name: 'apps' });
    const [apps] = list.items[1].versions;
    expect(apps.freshness).toBe('Current');
    const deployments = apps.resources.find(({ resource }: { resource: string }) => resource === 'deployments');
    expect(deployments).toMatchObject({ scope: 'Namespaced', responseKind: { group: '', version: '', kind: 'Deployment' } });
    expect(deployments.subresources).toContainEqual({
      subresource: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
    });
    expect(json('/api', V2).items).toMatchObject([{ metadata: {} }]);
  });

  it('falls back to the legacy one, or is refused where nothing else will do', () => {
    expect(json('/api', `${V2.replace('v2;', 'v9;')},application/json`).kind).toBe('APIVersions');
    expect(json('/apis/apps', `${V2},*/*`).kind).toBe('APIGroup');
    expect(json('/api', 'application/cbor, */*').kind).toBe('APIVersions');
    expect(() => discoveryOf().respond('/api', V2.replace('v2;', 'v9;'))).toThrow(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
    expect(() => discoveryOf().respond('/api', 'text/html')).toThrow('406: Not Acceptable');
  });

  it('is not sent again to who has it, until the kinds change', () => {
    let kinds: readonly KindInfo[] = builtIn;
    const discovery = createDiscovery({ kinds: () => kinds, serverAddress: () => '' });
    const first = discovery.respond('/apis', V2);
    const tag = first?.headers.etag;
    expect(tag).toMatch(/^"[0-9A-F]{128}"$/);
    expect(discovery.respond('/apis', V2, tag)).toMatchObject({ status: 304, body: Buffer.alloc(0), headers: { etag: tag } });
    kinds = [...builtIn, kind('zoo.example.com', 'v1', 'Animal')];
    expect(discovery.respond('/apis', V2, tag)).toMatchObject({ status: 200 });
    expect(discovery.respond('/apis', V2)?.headers.etag).not.toBe(tag);
  });
});

it('orders versions as Kubernetes does', () => {
  const sorted = ['foo10', 'v1alpha2', 'v10', 'v2', 'v1', 'v1beta1', 'v2alpha1', 'v2beta1', 'foo1', 'v1alpha1', 'v11beta2'].sort(
    compareVersions,
  );
  expect(sorted).toEqual(['v10', 'v2', 'v1', 'v11beta2', 'v2beta1', 'v1beta1', 'v2alpha1', 'v1alpha2', 'v1alpha1', 'foo1', 'foo10']);
});

it('tells the version of Kubernetes it behaves as', () => {
  expect(json('/version')).toMatchObject({ major: '1', minor: '34', gitVersion: expect.stringMatching(/^v1\.34\.\d+$/) });
});
