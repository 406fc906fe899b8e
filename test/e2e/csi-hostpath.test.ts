import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Thing, World } from '../conformance/network/world.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';

// What `up --addons csi-hostpath` makes, and what users do with it: volumes on demand, snapshots, restored claims, copies. The driver is a pod.

let cluster: TestCluster;
let world: World;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2, args: ['--ephemeral', '--addons=csi-hostpath'] });
  world = new World(cluster.kubeconfig);
});

afterAll(async () => {
  world?.close();
  await cluster?.[Symbol.asyncDispose]();
});

const SNAPSHOTS = '/apis/snapshot.storage.k8s.io/v1';
const CLASS = 'csi-hostpath-sc';
const SNAPSHOT_CLASS = 'csi-hostpath-snapclass';
const DRIVER = 'hostpath.csi.k8s.io';

const claimNamed = (name: string, spec: object = {}, storage = '1Gi') => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: CLASS, resources: { requests: { storage } }, ...spec },
});

const podWith = (name: string, volumes: Readonly<Record<string, object>>, container: object = {}) => ({
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'c',
        image: 'busybox:1.36',
        command: ['sleep', '3600'],
        volumeMounts: Object.keys(volumes).map((volume) => ({ name: volume, mountPath: `/${volume}` })),
        ...container,
      },
    ],
    volumes: Object.entries(volumes).map(([volume, source]) => ({ name: volume, ...source })),
  },
});

const ofClaim = (claimName: string) => ({ persistentVolumeClaim: { claimName } });
const fromSnapshot = (name: string) => ({ dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } });
const fromClaim = (name: string) => ({ dataSource: { kind: 'PersistentVolumeClaim', name } });

const nameOf = (namespace: string): string => namespace.replace('/api/v1/namespaces/', '');
const snapshotsIn = (namespace: string): string => `${SNAPSHOTS}/namespaces/${nameOf(namespace)}/volumesnapshots`;
const claimsIn = (namespace: string): string => `${namespace}/persistentvolumeclaims`;

const take = (namespace: string, name: string, persistentVolumeClaimName: string): Promise<Thing> =>
  world.create(snapshotsIn(namespace), {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name },
    spec: { volumeSnapshotClassName: SNAPSHOT_CLASS, source: { persistentVolumeClaimName } },
  });

const ready = (namespace: string, name: string): Promise<Thing> =>
  world.until(`snapshot ${name} to be ready`, async () => {
    const snapshot = await world.get(`${snapshotsIn(namespace)}/${name}`);
    return snapshot.status?.readyToUse && snapshot;
  });

const eventsOf = async (namespace: string, name: string): Promise<Thing[]> =>
  (await world.get(`${namespace}/events?fieldSelector=involvedObject.name=${name}`)).items;

const told = (namespace: string, name: string, reason: string): Promise<string> =>
  world.until(`${reason} of ${name}`, async () => (await eventsOf(namespace, name)).find((event) => event.reason === reason)?.message);

const gone = (path: string): Promise<unknown> =>
  world.until(`${path} to be gone`, async () => (await world.ask('GET', path)).status === 404);

it('the driver registers with its node', async () => {
  const own = await world.until('the driver', async () => {
    const { items } = await world.get('/apis/storage.k8s.io/v1/csinodes');
    return items.find(({ spec }: Thing) => spec.drivers?.some(({ name }: Thing) => name === DRIVER));
  });
  const node = own.metadata.name;
  expect(own.spec.drivers).toEqual([{ name: DRIVER, nodeID: node, topologyKeys: ['topology.hostpath.csi/node'] }]);
  const { metadata } = await world.get(`/api/v1/nodes/${node}`);
  expect(metadata.labels).toMatchObject({ 'topology.hostpath.csi/node': node });
  expect(JSON.parse(metadata.annotations['csi.volume.kubernetes.io/nodeid'])).toEqual({ [DRIVER]: node });
});

it('what was on a volume when its snapshot was taken is on the restored one, what is on it now is on its copy', async () => {
  const ns = await world.namespace('snapshots');
  await world.create(claimsIn(ns), claimNamed('source'));
  await world.pods(ns, podWith('writer', { data: ofClaim('source') }));
  await world.sh(ns, 'writer', 'mkdir /data/d && echo before > /data/d/f && ln -s d/f /data/link && chmod 640 /data/d/f');
  await take(ns, 'snap', 'source');
  const { status, metadata } = await ready(ns, 'snap');
  expect(status).toMatchObject({ boundVolumeSnapshotContentName: `snapcontent-${metadata.uid}`, restoreSize: '1Gi' });
  await world.sh(ns, 'writer', 'echo after > /data/d/f');
  await world.create(claimsIn(ns), claimNamed('restored', fromSnapshot('snap')));
  await world.create(claimsIn(ns), claimNamed('copy', fromClaim('source'), '2Gi'));
  await world.pods(ns, podWith('reader', { restored: ofClaim('restored'), copy: ofClaim('copy') }));
  const { stdout } = await world.sh(ns, 'reader', 'cat /restored/link /copy/link; stat -c %a /restored/d/f');
  expect(stdout).toBe('before\nafter\n640\n');
  await world.sh(ns, 'reader', 'echo other > /copy/d/f');
  expect((await world.sh(ns, 'writer', 'cat /data/d/f')).stdout).toBe('after\n');
  const reasons = (await eventsOf(ns, 'snap')).map(({ reason }) => reason);
  expect(reasons.toSorted()).toEqual(['CreatingSnapshot', 'SnapshotCreated', 'SnapshotReady']);
});

it('a snapshot goes with what was taken, and keeps its claim only while it is taken', async () => {
  const ns = await world.namespace('deletion');
  await world.create(claimsIn(ns), claimNamed('source'));
  await world.until('the claim to be bound', async () => (await world.get(`${claimsIn(ns)}/source`)).status.phase === 'Bound');
  const { spec } = await world.get(`${claimsIn(ns)}/source`);
  await take(ns, 'snap', 'source');
  const { status } = await ready(ns, 'snap');
  const content = `${SNAPSHOTS}/volumesnapshotcontents/${status.boundVolumeSnapshotContentName}`;
  expect((await world.get(content)).metadata.finalizers).toEqual(['snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection']);
  await world.remove(`${claimsIn(ns)}/source`);
  await gone(`${claimsIn(ns)}/source`);
  await gone(`/api/v1/persistentvolumes/${spec.volumeName}`);
  await world.remove(`${snapshotsIn(ns)}/snap`);
  await gone(`${snapshotsIn(ns)}/snap`);
  await gone(content);
});

it('what was retained is a snapshot again by a content made by hand', async () => {
  const ns = await world.namespace('retained');
  await world.create(claimsIn(ns), claimNamed('source'));
  await world.pods(ns, podWith('writer', { data: ofClaim('source') }));
  await world.sh(ns, 'writer', 'echo kept > /data/f');
  await take(ns, 'first', 'source');
  const { status } = await ready(ns, 'first');
  const path = `${SNAPSHOTS}/volumesnapshotcontents/${status.boundVolumeSnapshotContentName}`;
  const content = await world.patch(path, { spec: { deletionPolicy: 'Retain' } });
  await world.remove(`${snapshotsIn(ns)}/first`);
  await gone(`${snapshotsIn(ns)}/first`);
  expect((await world.get(path)).spec.deletionPolicy).toBe('Retain');
  await world.create(`${SNAPSHOTS}/volumesnapshotcontents`, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name: 'by-hand' },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Retain',
      source: { snapshotHandle: content.status.snapshotHandle },
      volumeSnapshotRef: { name: 'again', namespace: nameOf(ns) },
    },
  });
  await world.create(snapshotsIn(ns), {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'again' },
    spec: { source: { volumeSnapshotContentName: 'by-hand' } },
  });
  await ready(ns, 'again');
  await world.create(claimsIn(ns), claimNamed('restored', fromSnapshot('again')));
  await world.pods(ns, podWith('reader', { restored: ofClaim('restored') }));
  expect((await world.sh(ns, 'reader', 'cat /restored/f')).stdout).toBe('kept\n');
});

it('what cannot be made is told of', async () => {
  const ns = await world.namespace('refused');
  await world.create(claimsIn(ns), claimNamed('source'));
  await world.create(claimsIn(ns), claimNamed('small', fromClaim('source'), '1Mi'));
  await world.create(claimsIn(ns), claimNamed('other', { ...fromClaim('source'), volumeMode: 'Block' }));
  await world.create(claimsIn(ns), claimNamed('early', fromSnapshot('none')));
  const handle = (kind: string, name: string) => `error getting handle for DataSource Type ${kind} by Name ${name}:`;
  await world.until('the source', async () => (await world.get(`${claimsIn(ns)}/source`)).status.phase === 'Bound');
  const messages = async (name: string) => (await eventsOf(ns, name)).map(({ message }) => message);
  const size = 'new PVC request must be greater than or equal in size to the specified PVC data source';
  const sizes = `${handle('PersistentVolumeClaim', 'source')} error, ${size}, requested 1048576 but source is 1073741824`;
  await world.until('the sizes', async () => (await messages('small')).includes(sizes));
  const modes = 'Source is Filesystem, but new PVC requested Block';
  await world.until('the modes', async () => (await messages('other')).some((message) => message.endsWith(modes)));
  expect(await told(ns, 'early', 'ProvisioningFailed')).toBe(
    `${handle('VolumeSnapshot', 'none')} error getting snapshot none from api server: volumesnapshots.snapshot.storage.k8s.io "none" not found`,
  );
  await take(ns, 'nothing', 'no-claim');
  expect(await told(ns, 'nothing', 'SnapshotContentCreationFailed')).toContain('cannot get claim from snapshot');
  expect((await world.get(`${snapshotsIn(ns)}/nothing`)).status).toMatchObject({ readyToUse: false });
  const changed = await world.ask(
    'PATCH',
    `${snapshotsIn(ns)}/nothing`,
    { spec: { source: { persistentVolumeClaimName: 'source' } } },
    'application/merge-patch+json',
  );
  expect(changed.status).toBe(422);
  expect(changed.text).toContain('persistentVolumeClaimName is immutable');
});

it('volumes are devices, grow, and are made for one pod', async () => {
  const ns = await world.namespace('kinds');
  await world.create(claimsIn(ns), claimNamed('device', { volumeMode: 'Block' }));
  await world.create(claimsIn(ns), claimNamed('files'));
  const devices = { volumeDevices: [{ name: 'device', devicePath: '/dev/xvda' }] };
  await world.pods(
    ns,
    podWith('raw', { device: ofClaim('device') }, { ...devices, volumeMounts: [] }),
    podWith('user', { files: ofClaim('files'), own: { csi: { driver: DRIVER } } }),
  );
  await world.sh(ns, 'raw', 'printf written | dd of=/dev/xvda conv=notrunc');
  expect((await world.sh(ns, 'raw', 'head -c 7 /dev/xvda')).stdout).toBe('written');
  expect((await world.sh(ns, 'user', 'echo x > /own/f && cat /own/f')).stdout).toBe('x\n');
  await world.patch(`${claimsIn(ns)}/files`, { spec: { resources: { requests: { storage: '3Gi' } } } });
  await world.until('the claim to have grown', async () => (await world.get(`${claimsIn(ns)}/files`)).status.capacity.storage === '3Gi');
  for (const reason of ['Resizing', 'FileSystemResizeRequired', 'FileSystemResizeSuccessful']) await told(ns, 'files', reason);
});
