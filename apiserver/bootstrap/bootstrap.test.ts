import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ClusterRole,
  type ClusterRoleBinding,
  type ConfigMap,
  coordinationKinds,
  coreKinds,
  discoveryKinds,
  type EndpointSlice,
  type Endpoints,
  flowcontrolKinds,
  type KindInfo,
  type Service as KubeService,
  type Lease,
  type Namespace,
  networkingKinds,
  rbacKinds,
  type ServiceCIDR,
  toMicroTime,
} from '../../api/index.ts';
import { generateKey, issueCertificate, seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { openMemoryStore, type Store } from '../../store/index.ts';
import { createAuthorizer } from '../auth/index.ts';
import { ObjectsInMemory } from '../auth/objects-in-memory.ts';
import { createBootstrap, defaultAdvertiseAddress, MasterLeases } from './index.ts';
import { CONTROLLER_ROLES } from './rbac-controller-roles.ts';

let objects: ObjectsInMemory;
let clock: VirtualClock;
let port: number;
let advertiseAddress: string | undefined;
let store: Store;

const ca = (commonName: string, minutes = 10) =>
  issueCertificate({
    subject: { commonName },
    key: generateKey(),
    use: 'ca',
    notBeforeMs: Date.UTC(2025, 0, 1),
    notAfterMs: Date.UTC(2026, 0, 1) + minutes * 60_000,
  });
const CA = ca('the CA');

beforeEach(async () => {
  objects = new ObjectsInMemory();
  clock = new VirtualClock();
  port = 6443;
  advertiseAddress = '192.168.7.9';
  store = await openMemoryStore({ clock });
});
afterEach(() => store.close());

/** Time passes, and what the store has to do is done. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5000) {
    await clock.advance(Math.min(left, 5000));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

const make = (kinds: readonly KindInfo[] = [], serviceClusterIpRange = '10.96.0.0/16') =>
  createBootstrap({
    objects,
    kinds,
    clientCa: () => CA,
    leases: new MasterLeases(store, '/registry'),
    serviceClusterIpRange,
    address: () => ({ serviceIp: '10.96.0.1', advertiseAddress, port }),
    hostname: 'box',
    clock,
    random: seededRandom(1),
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
    'client-ca-file': CA,
  });
  expect(objects.list(rbacKinds.clusterroles)).toHaveLength(71);
  // Upstream's, those of kubelet-sim and of its API, and one for each controller's role.
  expect(objects.list(rbacKinds.clusterrolebindings)).toHaveLength(52 + CONTROLLER_ROLES.length);
  expect(objects.list(rbacKinds.roles)).toHaveLength(7);
  expect(objects.list(rbacKinds.rolebindings)).toHaveLength(7 + 3);
  expect(binding('system:controller:job-controller')?.subjects).toEqual([
    { kind: 'ServiceAccount', name: 'job-controller', namespace: 'kube-system' },
  ]);
});

it('writes nothing on a restart', async () => {
  await run();
  const before = objects.writes;
  await run();
  expect(objects.writes).toBe(before);
});

it('a slice of another family of addresses is made anew', async () => {
  const { endpointslices } = discoveryKinds;
  await make([endpointslices]).start();
  advertiseAddress = 'fd00::9';
  await store.close();
  store = await openMemoryStore({ clock });
  await make([endpointslices]).start();
  const slice = objects.get<EndpointSlice>(endpointslices, 'default', 'kubernetes');
  expect([slice?.addressType, slice?.endpoints?.flatMap(({ addresses }) => addresses)]).toEqual(['IPv6', ['fd00::9']]);
});

it('starts on a cluster whose own Service it cannot write, and tries again', async () => {
  const create = vi.spyOn(objects, 'create').mockImplementation((kind, object) => {
    if (kind === coreKinds.services) throw new Error('this cluster has no such addresses');
    return ObjectsInMemory.prototype.create.call(objects, kind, object) as never;
  });
  const bootstrap = make();
  await bootstrap.start();
  expect(objects.get(coreKinds.services, 'default', 'kubernetes')).toBeUndefined();
  create.mockRestore();
  await pass(10_000);
  expect(objects.get(coreKinds.services, 'default', 'kubernetes')).toBeDefined();
  await bootstrap.stop();
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

it('writes the default ServiceCIDR where it is served, and that it is ready', async () => {
  const bootstrap = make([networkingKinds.servicecidrs]);
  await bootstrap.start();
  const [cidr] = objects.list<ServiceCIDR>(networkingKinds.servicecidrs);
  expect(cidr?.status.conditions).toMatchObject([{ type: 'Ready', status: 'True', message: 'Kubernetes default Service CIDR is ready' }]);
  await bootstrap.stop();
});

it('does not say that a default ServiceCIDR of another range is ready', async () => {
  const { servicecidrs } = networkingKinds;
  await objects.create<ServiceCIDR>(servicecidrs, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs: ['10.97.0.0/16'] },
    status: {},
  });
  const bootstrap = make([servicecidrs]);
  await bootstrap.start();
  expect(objects.get<ServiceCIDR>(servicecidrs, '', 'kubernetes')?.status?.conditions).toBeUndefined();
  await bootstrap.stop();
});

it('makes the default ServiceCIDR again when it has gone, for a cluster that moves to another range', async () => {
  const { servicecidrs } = networkingKinds;
  const bootstrap = make([servicecidrs]);
  await bootstrap.start();
  await objects.delete(servicecidrs, '', 'kubernetes');
  await pass(10_000);
  expect(objects.get<ServiceCIDR>(servicecidrs, '', 'kubernetes')).toMatchObject({
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  await bootstrap.stop();
});

it('adds a second range to the default ServiceCIDR, and changes nothing else of it', async () => {
  const ranges = async (range: string) => {
    const bootstrap = make([networkingKinds.servicecidrs], range);
    await bootstrap.start();
    await bootstrap.stop();
    return objects.list<ServiceCIDR>(networkingKinds.servicecidrs).map(({ spec }) => spec.cidrs);
  };
  expect(await ranges('10.96.0.0/16')).toEqual([['10.96.0.0/16']]);
  expect(await ranges('10.97.0.0/16,fd00::/108')).toEqual([['10.96.0.0/16']]);
  expect(await ranges('10.96.0.0/16,fd00::/108')).toEqual([['10.96.0.0/16', 'fd00::/108']]);
});

it('follows the port, and puts back what is deleted while it runs', async () => {
  await run(async () => {
    port = 7443;
    await objects.delete(coreKinds.namespaces, '', 'kube-public');
    await pass(10_000);
    expect(objects.get<Endpoints>(coreKinds.endpoints, 'default', 'kubernetes')?.subsets?.[0]?.ports?.[0]?.port).toBe(7443);
    expect(objects.get(coreKinds.namespaces, '', 'kube-public')).toBeDefined();
  });
  const targetPort = () => objects.get<KubeService>(coreKinds.services, 'default', 'kubernetes')?.spec.ports?.[0]?.targetPort;
  // The Service's own port is put right at a start, as upstream's.
  expect(targetPort()).toBe(6443);
  await run();
  expect(targetPort()).toBe(7443);
});

describe('the Lease by which a server tells that it is there', () => {
  const leases = () => objects.list<Lease>(coordinationKinds.leases, 'kube-system');
  const lease = (name: string, renewTime: string, identity = 'kube-apiserver') =>
    objects.create<Lease>(coordinationKinds.leases, {
      metadata: { name, namespace: 'kube-system', labels: { 'apiserver.kubernetes.io/identity': identity } },
      spec: { holderIdentity: name, leaseDurationSeconds: 3600, renewTime },
    });

  it('is made of the name of its host, renewed every ten seconds, and gone on with by the next server there', async () => {
    const first = make([coordinationKinds.leases]);
    await first.start();
    const [made] = leases();
    // Of sha256("\0\3box\0\16kube-apiserver"), the first 16 bytes.
    expect(made?.metadata.name).toBe('apiserver-cv3t357sspoikjgjpiemjidab4');
    expect(made?.metadata.labels).toEqual({ 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': 'box' });
    expect(made?.spec).toEqual({
      holderIdentity: expect.stringMatching(/^apiserver-[a-z2-7]{26}_[0-9a-f-]{36}$/),
      leaseDurationSeconds: 3600,
      renewTime: toMicroTime(clock.now()),
    });
    await pass(10_000);
    expect(leases()[0]?.spec.renewTime).toBe(toMicroTime(clock.now()));
    await first.stop();
    const second = make([coordinationKinds.leases]);
    await second.start();
    expect(leases().map(({ spec }) => spec.holderIdentity)).toEqual([made?.spec.holderIdentity]);
    await second.stop();
  });

  it('goes when its server has not been there for as long as it said: at a start, and within the hour', async () => {
    const hourAgo = toMicroTime(clock.now() - 3_600_001);
    await lease('apiserver-dead', hourAgo);
    await lease('another', hourAgo, 'aggregated');
    const server = make([coordinationKinds.leases]);
    await server.start();
    await lease('apiserver-dying', toMicroTime(clock.now() - 3_590_000));
    const names = () => leases().map(({ metadata }) => metadata.name.split('-')[1] ?? metadata.name);
    expect(names()).toEqual(expect.arrayContaining(['another', 'dying']));
    expect(names()).not.toContain('dead');
    await pass(3_600_000);
    expect(names()).not.toContain('dying');
    expect(leases()).toHaveLength(2);
    await server.stop();
  });
});

describe('several API servers on a store', () => {
  const server = (ip: string, more: { port?: number; clientCa?: string } = {}) =>
    createBootstrap({
      objects,
      kinds: [],
      clientCa: () => more.clientCa ?? CA,
      serviceClusterIpRange: '10.96.0.0/16',
      address: () => ({ serviceIp: '10.96.0.1', advertiseAddress: ip, port: more.port ?? 6443 }),
      leases: new MasterLeases(store, '/registry'),
      hostname: ip,
      clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
  const endpoints = () => objects.get<Endpoints>(coreKinds.endpoints, 'default', 'kubernetes')?.subsets;
  const addresses = () => endpoints()?.[0]?.addresses?.map(({ ip }) => ip);

  it('are all endpoints of the Service; one that stops is out at once, one that dies within 15 s, and the last stays', async () => {
    const first = server('192.168.7.9');
    const second = server('192.168.7.10');
    const third = server('192.168.7.11');
    await Promise.all([first.start(), second.start(), third.start()]);
    await pass(10_000);
    expect(addresses()).toEqual(['192.168.7.10', '192.168.7.11', '192.168.7.9']);
    await third.stop();
    expect(addresses()).toEqual(['192.168.7.10', '192.168.7.9']);
    const { revision } = store;
    await pass(60_000);
    expect(store.revision).toBe(revision); // an idle cluster writes nothing
    const dead = new MasterLeases(store, '/registry');
    await dead.announce('192.168.7.12');
    await pass(10_000);
    expect(addresses()?.length).toBe(3);
    await pass(20_000);
    expect(addresses()).toEqual(['192.168.7.10', '192.168.7.9']);
    await second.stop();
    await first.stop();
    expect(addresses()).toEqual(['192.168.7.9']);
    expect((await store.range({ key: '/registry/masterleases/192.168.7.9' })).kvs).toEqual([]);
  });

  it('with different ports do not fight: that of the first stays', async () => {
    const first = server('192.168.7.9');
    const second = server('192.168.7.10', { port: 7443 });
    await first.start();
    await second.start();
    await pass(10_000);
    expect(endpoints()?.[0]?.ports?.[0]?.port).toBe(6443);
    const { writes } = objects;
    await pass(30_000);
    expect(objects.writes).toBe(writes);
    await first.stop();
    await pass(10_000);
    expect(endpoints()?.[0]).toMatchObject({ addresses: [{ ip: '192.168.7.10' }], ports: [{ port: 7443 }] });
    await second.stop();
  });

  it('with CAs of their own are all trusted, without those that have expired', async () => {
    const other = ca('another CA', 30);
    const first = server('192.168.7.9');
    const second = server('192.168.7.10', { clientCa: other });
    await first.start();
    await second.start();
    const bundle = () =>
      objects.get<ConfigMap>(coreKinds.configmaps, 'kube-system', 'extension-apiserver-authentication')?.data?.['client-ca-file'];
    expect(bundle()).toBe(CA + other);
    const { writes } = objects;
    await pass(30_000);
    expect(objects.writes).toBe(writes);
    await first.stop();
    await pass(10 * 60_000);
    expect(bundle()).toBe(other);
    await second.stop();
  });
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

  it('and whoever may discover may read what is public, where that is bound to nobody', async () => {
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false', mine: 'yes' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:discovery' };
    objects.put<ClusterRoleBinding>(rbacKinds.clusterrolebindings, {
      metadata: { name: 'system:discovery', annotations },
      roleRef,
      subjects,
    });
    await run();
    const found = binding('system:public-info-viewer');
    expect(found).toMatchObject({ metadata: { annotations }, roleRef: { name: 'system:public-info-viewer' }, subjects });
    expect(found?.metadata.labels).toBeUndefined();
  });
});

it('makes the objects of flow control where they are served, and looks after them every minute', async () => {
  const { flowschemas, prioritylevelconfigurations } = flowcontrolKinds;
  await run();
  expect(objects.list(flowschemas)).toEqual([]);
  const bootstrap = make([flowschemas, prioritylevelconfigurations]);
  await bootstrap.start();
  expect([objects.list(flowschemas).length, objects.list(prioritylevelconfigurations).length]).toEqual([11, 8]);
  await objects.delete(flowschemas, '', 'exempt');
  await pass(50_000);
  expect(objects.list(flowschemas)).toHaveLength(10);
  await pass(15_000);
  expect(objects.list(flowschemas)).toHaveLength(11);
  await bootstrap.stop();
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
    ['list', 'endpointslices.discovery.k8s.io'],
    ['list', 'networkpolicies.networking.k8s.io'],
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

it('is at an address of the machine that others reach, of the first family of Services if there is one', () => {
  const at = (address: string, family: 'IPv4' | 'IPv6', internal = false) => {
    const rest = { netmask: '', mac: '', internal, cidr: null };
    return family === 'IPv6' ? { ...rest, address, family, scopeid: 0 } : { ...rest, address, family };
  };
  const loopback = [at('127.0.0.1', 'IPv4', true), at('::1', 'IPv6', true)];
  const both = { lo: loopback, eth0: [at('fe80::1', 'IPv6'), at('192.0.2.2', 'IPv4'), at('2001:db8::2', 'IPv6')] };
  const four = { lo: loopback, eth0: [at('fe80::1', 'IPv6'), at('192.0.2.2', 'IPv4')] };
  expect(['10.96.0.0/16,fd00::/112', 'fd00::/112,10.96.0.0/16'].map((ranges) => defaultAdvertiseAddress(ranges, both))).toEqual([
    '192.0.2.2',
    '2001:db8::2',
  ]);
  expect(defaultAdvertiseAddress('fd00::/112', four)).toBe('192.0.2.2');
  expect(defaultAdvertiseAddress('10.96.0.0/16', { lo: loopback })).toBeUndefined();
});
