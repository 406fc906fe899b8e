import { beforeEach, describe, expect, it } from 'vitest';
import {
  type ClusterRole,
  type ClusterRoleBinding,
  type ConfigMap,
  coreKinds,
  type Endpoints,
  type KindInfo,
  type Service as KubeService,
  type Namespace,
  rbacKinds,
} from '../../api/index.ts';
import { silentLogger, systemClock, VirtualClock } from '../../runtime/index.ts';
import { createAuthorizer } from '../auth/index.ts';
import { ObjectsInMemory } from '../auth/objects-in-memory.ts';
import { createBootstrap } from './index.ts';
import { CONTROLLER_ROLES } from './rbac-controller-roles.ts';

let objects: ObjectsInMemory;
let clock: VirtualClock;
let port: number;
let advertiseAddress: string | undefined;
beforeEach(() => {
  objects = new ObjectsInMemory();
  clock = new VirtualClock();
  port = 6443;
  advertiseAddress = '192.168.7.9';
});

const make = (kinds: readonly KindInfo[] = []) =>
  createBootstrap({
    objects,
    kinds,
    clientCa: 'the CA',
    serviceClusterIpRange: '10.96.0.0/16',
    address: () => ({ serviceIp: '10.96.0.1', advertiseAddress, port }),
    clock,
    logger: silentLogger,
  });

async function run(body: () => Promise<void> | void = () => undefined): Promise<void> {
  const bootstrap = make();
  await bootstrap.start();
  await body();
  await bootstrap.stop();
}

const role = (name: string) => objects.get<ClusterRole>(rbacKinds.clusterroles, '', name);
const binding = (name: string) => objects.get<ClusterRoleBinding>(rbacKinds.clusterrolebindings, '', name);

it('makes the namespaces, the Service with its Endpoints, the CA and the roles', async () => {
  await run();
  expect(objects.list<Namespace>(coreKinds.namespaces).map(({ metadata }) => metadata.name)).toEqual([
    'default',
    'kube-node-lease',
    'kube-public',
    'kube-system',
  ]);
  expect(objects.get<KubeService>(coreKinds.services, 'default', 'kubernetes')?.spec).toMatchObject({
    clusterIP: '10.96.0.1',
    ports: [{ name: 'https', port: 443, targetPort: 6443 }],
  });
  expect(objects.get<Endpoints>(coreKinds.endpoints, 'default', 'kubernetes')?.subsets).toEqual([
    { addresses: [{ ip: '192.168.7.9' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
  ]);
  expect(objects.get<ConfigMap>(coreKinds.configmaps, 'kube-system', 'extension-apiserver-authentication')?.data).toEqual({
    'client-ca-file': 'the CA',
  });
  expect(objects.list(rbacKinds.clusterroles)).toHaveLength(70);
  // Upstream's, that of kubelet-sim, and one for each controller's role.
  expect(objects.list(rbacKinds.clusterrolebindings)).toHaveLength(51 + CONTROLLER_ROLES.length);
  expect(objects.list(rbacKinds.roles)).toHaveLength(7);
  expect(objects.list(rbacKinds.rolebindings)).toHaveLength(7);
  expect(binding('system:controller:job-controller')?.subjects).toEqual([
    { kind: 'ServiceAccount', name: 'job-controller', namespace: 'kube-system' },
  ]);
});

it('writes nothing on a restart, and looks through it all in no time', async () => {
  await run();
  const before = objects.writes;
  const began = systemClock.monotonic();
  await run();
  expect(objects.writes).toBe(before);
  expect(systemClock.monotonic() - began).toBeLessThan(100);
});

it('writes no Endpoints for an address that only this machine can reach', async () => {
  advertiseAddress = '127.0.0.1';
  await run();
  expect(objects.list(coreKinds.endpoints)).toEqual([]);
});

it('writes priority classes where they are served', async () => {
  const kind: KindInfo = {
    group: 'scheduling.k8s.io',
    version: 'v1',
    kind: 'PriorityClass',
    resource: 'priorityclasses',
    singular: 'priorityclass',
    namespaced: false,
    verbs: [],
    subresources: [],
  };
  const bootstrap = make([kind]);
  await bootstrap.start();
  expect(objects.list(kind).map(({ metadata }) => metadata.name)).toEqual(['system-cluster-critical', 'system-node-critical']);
  await bootstrap.stop();
});

it('follows the port, and puts back what is deleted while it runs', async () => {
  await run(async () => {
    port = 7443;
    await objects.delete(coreKinds.namespaces, '', 'kube-public');
    await clock.advance(10_000);
    expect(objects.get<KubeService>(coreKinds.services, 'default', 'kubernetes')?.spec.ports?.[0]?.targetPort).toBe(7443);
    expect(objects.get<Endpoints>(coreKinds.endpoints, 'default', 'kubernetes')?.subsets?.[0]?.ports?.[0]?.port).toBe(7443);
    expect(objects.get(coreKinds.namespaces, '', 'kube-public')).toBeDefined();
  });
  expect(clock.pending).toBe(0);
});

describe('roles that are there already', () => {
  it('get back rules that were taken away, and keep what was added', async () => {
    await run();
    const extra = { verbs: ['get'], apiGroups: ['mine'], resources: ['things'] };
    const viewer = role('system:public-info-viewer');
    if (!viewer) throw new Error('no role');
    objects.put<ClusterRole>(rbacKinds.clusterroles, { ...viewer, rules: [extra, { verbs: ['get'], nonResourceURLs: ['/healthz'] }] });
    await run();
    const urls = role('system:public-info-viewer')?.rules?.flatMap(({ nonResourceURLs = [] }) => nonResourceURLs);
    expect(urls?.sort()).toEqual(['/healthz', '/livez', '/readyz', '/version', '/version/']);
    expect(role('system:public-info-viewer')?.rules).toContainEqual(extra);
  });

  it('stay as they are where their annotation says so', async () => {
    await run();
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    objects.put<ClusterRole>(rbacKinds.clusterroles, { metadata: { name: 'system:discovery', annotations }, rules: [] });
    await run();
    expect(role('system:discovery')?.rules).toEqual([]);
  });

  it('and bindings: subjects come back, a changed role means a new binding', async () => {
    await run();
    const basic = binding('system:basic-user');
    const discovery = binding('system:discovery');
    if (!basic || !discovery) throw new Error('no binding');
    objects.put<ClusterRoleBinding>(rbacKinds.clusterrolebindings, { ...basic, subjects: [{ kind: 'User', name: 'bob' }] });
    objects.put<ClusterRoleBinding>(rbacKinds.clusterrolebindings, { ...discovery, roleRef: { ...discovery.roleRef, name: 'view' } });
    await run();
    expect(binding('system:basic-user')?.subjects?.map(({ name }) => name)).toEqual(['bob', 'system:authenticated']);
    expect(binding('system:discovery')?.roleRef.name).toBe('system:discovery');
    expect(binding('system:discovery')?.metadata.uid).not.toBe(discovery.metadata.uid);
  });
});

it('gives the simulated kubelets what a kubelet needs and no more', async () => {
  await run();
  const authorizer = createAuthorizer({ objects });
  const user = { name: 'system:nanokube:kubelet-sim', groups: ['system:authenticated'] };
  const may = (verb: string, path: string) => {
    const [resource = '', subresource = ''] = path.split('/');
    const [group, name] = resource.includes('.')
      ? [resource.slice(resource.indexOf('.') + 1), resource.split('.')[0] ?? '']
      : ['', resource];
    const where = { namespace: 'default', group, version: 'v1', resource: name, subresource, name: 'x', path: '' };
    return authorizer.authorize({ user, verb, resourceRequest: true, ...where }).allowed;
  };
  for (const [verb, what] of [
    ['create', 'nodes'],
    ['patch', 'nodes/status'],
    ['watch', 'pods'],
    ['delete', 'pods'],
    ['patch', 'pods/status'],
    ['get', 'secrets'],
    ['create', 'serviceaccounts/token'],
    ['update', 'leases.coordination.k8s.io'],
    ['create', 'events'],
  ] as const) {
    expect(may(verb, what), `${verb} ${what}`).toBe(true);
  }
  for (const [verb, what] of [
    ['update', 'pods'],
    ['create', 'pods/binding'],
    ['update', 'secrets'],
    ['delete', 'namespaces'],
    ['create', 'clusterrolebindings.rbac.authorization.k8s.io'],
    ['get', 'deployments.apps'],
  ] as const) {
    expect(may(verb, what), `${verb} ${what}`).toBe(false);
  }
});
