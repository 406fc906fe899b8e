import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../../../runtime/index.ts';
import { NodePlugins } from '../../../plugins/node-plugins.ts';
import { TestRuntime } from '../../../testing/runtime-harness.ts';
import type { MountableVolume } from '../../cri.ts';
import type { DriverVolume, NodeDriver } from '../../node-drivers.ts';
import { CsiDriver, type NewVolume } from './csi-driver.ts';
import { MADE_BY, TOPOLOGY_KEY } from './hostpath-driver.ts';

const DRIVER = 'hostpath.csi.k8s.io';
const SOCKET = '/csi/csi.sock';
const IMAGES = 'registry.k8s.io/sig-storage';
const PLUGIN_DIRECTORY = '/var/lib/kubelet/plugins/csi-hostpath';
const PODS = '/var/lib/kubelet/pods';
const GIB = 1024 ** 3;

let world: TestRuntime;
let kubelet: NodePlugins | undefined;
const opened: CsiDriver[] = [];
afterEach(() => opened.splice(0).forEach((driver) => void driver.close()));
afterEach(() => kubelet?.close());
afterEach(() => world?.runtime.listPodSandboxes().forEach(({ id }) => void world.runtime.stopPodSandbox(id)));

/** What of a kubelet takes drivers. */
const kubeletOf = ({ clock, host, runtime }: TestRuntime): NodePlugins =>
  new NodePlugins({
    clock,
    random: host.random,
    logger: silentLogger,
    sockets: runtime.sockets,
    volumeDrivers: runtime.drivers,
    source: { resourceClaim: () => Promise.resolve(undefined) },
    deviceDrivers: new Set(),
    wipe: () => Promise.resolve(),
  });

/** Waits for what takes turns of the platform as well as time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 40 && !isSo(); i++) await world.pass(0.25);
  expect(isSo()).toBe(true);
}

/** A pod of the driver and its registrar, with more options for the driver. */
async function aDriver(...options: readonly string[]) {
  world = new TestRuntime();
  const { runtime } = world;
  kubelet = kubeletOf(world);
  const volume = async (name: string, path: string): Promise<MountableVolume> => ({
    name,
    tree: await runtime.hostPath(path, 'DirectoryOrCreate'),
  });
  const sockets = await volume('socket-dir', PLUGIN_DIRECTORY);
  const data = await volume('csi-data-dir', '/var/lib/csi-hostpath-data');
  const pods = await volume('mountpoint-dir', PODS);
  const registration = await volume('registration-dir', '/var/lib/kubelet/plugins_registry');
  const mount = (containerPath: string, of: MountableVolume) => ({ containerPath, readOnly: false, volume: of, subPath: '' });
  const sandbox = world.sandbox();
  const args = [`--drivername=${DRIVER}`, `--endpoint=unix://${SOCKET}`, '--nodeid=node-0', ...options];
  const plugin = await world.start(sandbox, {
    name: 'hostpath',
    image: `${IMAGES}/hostpathplugin:v1.17.1`,
    args,
    mounts: [mount('/csi', sockets), mount('/csi-data-dir', data), { ...mount(PODS, pods), propagation: 'both' }],
  });
  const registrar = await world.start(sandbox, {
    name: 'registrar',
    image: `${IMAGES}/csi-node-driver-registrar:v2.17.0`,
    args: [`--csi-address=${SOCKET}`, '--http-endpoint=:9809', `--kubelet-registration-path=${PLUGIN_DIRECTORY}/csi.sock`],
    mounts: [mount('/csi', sockets), mount('/registration', registration)],
  });
  await world.start(sandbox, {
    name: 'probe',
    image: `${IMAGES}/livenessprobe:v2.19.0`,
    args: [`--csi-address=${SOCKET}`, '--health-port=9898'],
    mounts: [mount('/csi', sockets)],
  });
  await world.pass(1);
  const { clock, host } = world;
  const driver = new CsiDriver({ dial: () => runtime.sockets.dial(`${PLUGIN_DIRECTORY}/csi.sock`), clock, random: host.random });
  opened.push(driver);
  const shell = await world.start(world.sandbox({ name: 'shell' }), { script: 'sleep 9999', mounts: [mount('/data', data)] });
  return { driver, sandbox, plugin, registrar, shell, runtime };
}

const MOUNT = { mount: {}, accessMode: { mode: 1 } };
const BLOCK = { block: {}, accessMode: { mode: 1 } };

const wanted = (name: string, own: Partial<NewVolume> = {}): NewVolume => ({
  name,
  sizeBytes: GIB,
  capabilities: [MOUNT],
  parameters: {},
  secrets: {},
  ...own,
});

const asked = (handle: string): DriverVolume => ({
  handle,
  use: { isDevice: false, accessMode: 'ReadWriteOnce' },
  stagingPath: '/var/lib/kubelet/plugins/staging',
  publishContext: {},
  context: {},
  secrets: {},
});

/** The driver as the kubelet knows it, once it does. */
async function registered(): Promise<NodeDriver> {
  await until(() => world.runtime.drivers.named(DRIVER) !== undefined);
  const driver = world.runtime.drivers.named(DRIVER);
  if (!driver) throw new Error('not registered');
  return driver;
}

const health = async (sandbox: string): Promise<number> =>
  (await world.runtime.connect(sandbox, 9898).http({ method: 'GET', path: '/healthz', headers: {} })).status;

test('a driver is the kubelet’s from when its registrar has registered it until that ends', async () => {
  const { sandbox, plugin, registrar, runtime } = await aDriver();
  await until(() => runtime.drivers.named(DRIVER) !== undefined);
  expect(runtime.drivers.named(DRIVER)).toMatchObject({ nodeId: 'node-0', topology: { [TOPOLOGY_KEY]: 'node-0' }, volumesMax: 0 });
  expect(await health(sandbox)).toBe(200);
  const changes: string[] = [];
  runtime.drivers.follow(({ name }, isThere) => changes.push(`${name} ${isThere}`));
  await world.runtime.stopContainer(plugin, 0);
  expect(await health(sandbox)).toBe(500);
  await until(() => runtime.drivers.named(DRIVER) === undefined);
  expect(runtime.drivers.isOfPods(DRIVER)).toBe(true);
  await world.runtime.stopContainer(registrar, 0);
  expect(changes).toEqual([`${DRIVER} true`, `${DRIVER} false`]);
});

test('volumes are directories of the node; a snapshot and a copy hold what was there', async () => {
  const { driver, shell } = await aDriver();
  const { id, topologies } = await driver.createVolume(wanted('pvc-1'));
  expect(topologies).toEqual([{ [TOPOLOGY_KEY]: 'node-0' }]);
  await world.say(shell, `mkdir /data/${id}/d && echo before > /data/${id}/d/f && chown 7:8 /data/${id}/d/f`);
  const snapshot = await driver.createSnapshot('snapshot-1', id, {});
  expect(snapshot).toMatchObject({ volumeId: id, sizeBytes: GIB });
  expect(await driver.createSnapshot('snapshot-1', id, {})).toEqual(snapshot);
  await world.say(shell, `echo after >> /data/${id}/d/f`);
  const restored = await driver.createVolume(wanted('pvc-2', { source: { kind: 'snapshot', id: snapshot.id } }));
  const copy = await driver.createVolume(wanted('pvc-3', { source: { kind: 'volume', id } }));
  expect(await world.say(shell, `cat /data/${restored.id}/d/f; stat -c %u:%g /data/${restored.id}/d/f`)).toBe('before\n7:8\n');
  await world.say(shell, `echo more >> /data/${copy.id}/d/f`);
  expect(await world.say(shell, `cat /data/${copy.id}/d/f`)).toBe('before\nafter\nmore\n');
  expect(await world.say(shell, `cat /data/${id}/d/f`)).toBe('before\nafter\n');
  await driver.deleteSnapshot(snapshot.id);
  await driver.deleteVolume(id);
  expect(await world.say(shell, 'ls /data')).toBe(
    [copy.id, restored.id, 'state.json']
      .sort()
      .map((name) => `${name}\n`)
      .join(''),
  );
});

test('a driver that is started again knows what it has', async () => {
  const { driver, plugin, runtime, sandbox } = await aDriver();
  const { id } = await driver.createVolume(wanted('pvc-1'));
  await world.runtime.stopContainer(plugin, 0);
  const volume = async (name: string, path: string): Promise<MountableVolume> => ({ name, tree: await runtime.hostPath(path, '') });
  const mounts = [
    { containerPath: '/csi', readOnly: false, volume: await volume('s', '/var/lib/kubelet/plugins/csi-hostpath'), subPath: '' },
    { containerPath: '/csi-data-dir', readOnly: false, volume: await volume('d', '/var/lib/csi-hostpath-data'), subPath: '' },
  ];
  await world.start(sandbox, {
    name: 'hostpath',
    attempt: 1,
    image: `${IMAGES}/hostpathplugin:v1.17.1`,
    args: [`--endpoint=unix://${SOCKET}`, '--nodeid=node-0'],
    mounts,
  });
  await until(() => runtime.drivers.named(DRIVER) === undefined);
  await until(() => runtime.drivers.named(DRIVER) !== undefined);
  await expect(runtime.drivers.named(DRIVER)?.stage(asked(id))).resolves.toBeUndefined();
});

test('what a driver cannot do reads as its gRPC errors', async () => {
  const { driver } = await aDriver('--max-volume-size=2147483648');
  const { id } = await driver.createVolume(wanted('pvc-1'));
  const make = (own: Partial<NewVolume>) => driver.createVolume(wanted('pvc-2', own));
  await expect(make({ sizeBytes: 4 * GIB })).rejects.toThrow(
    'rpc error: code = OutOfRange desc = Requested capacity 4294967296 exceeds maximum allowed 2147483648',
  );
  await expect(make({ source: { kind: 'snapshot', id: 'x' } })).rejects.toThrow(
    'rpc error: code = NotFound desc = snapshot id x does not exist in the snapshots list',
  );
  await expect(make({ sizeBytes: 1, source: { kind: 'volume', id } })).rejects.toThrow(
    `volume ${id} size 1073741824 is greater than requested volume size 1`,
  );
  await expect(make({ capabilities: [BLOCK], source: { kind: 'volume', id } })).rejects.toThrow(
    `volume ${id} mode is not compatible with requested mode`,
  );
  await expect(make({ parameters: { kind: 'fast' } })).rejects.toThrow('capacity tracking disabled, specifying kind "fast" is invalid');
  await expect(make({ name: 'pvc-1', sizeBytes: 2 * GIB })).rejects.toThrow(
    'Volume with the same name: pvc-1 but with different size already exist',
  );
  const node = await registered();
  await expect(node.stage(asked('x'))).rejects.toThrow('rpc error: code = NotFound desc = volume id x does not exist in the volumes list');
  const asDevice = { ...asked(id), use: { isDevice: true, accessMode: 'ReadWriteOnce' } };
  await expect(node.publish(asDevice, `${PODS}/u/mount`, false)).rejects.toThrow('cannot publish a non-block volume as block volume');
  await expect(driver.createSnapshot('s', id, { ignoreFailedRead: 'maybe' })).rejects.toThrow(
    'invalid value for "ignoreFailedRead", expected boolean but was "maybe"',
  );
  await expect(driver.expandVolume(id, 4 * GIB)).rejects.toThrow('OutOfRange');
  expect(await driver.expandVolume(id, 2 * GIB)).toEqual({ sizeBytes: 2 * GIB, onNode: true });
});

test('storage that is simulated runs out', async () => {
  const { driver } = await aDriver('--capacity=slow=2Gi', '--capacity=fast=1Gi');
  const make = (name: string, kind: string) => driver.createVolume(wanted(name, { parameters: kind === '' ? {} : { kind } }));
  await make('a', 'fast');
  await expect(make('b', 'fast')).rejects.toThrow(
    'requested capacity 1073741824 exceeds remaining capacity for "fast", 1Gi out of 1Gi already used',
  );
  await make('b', '');
  await make('c', 'slow');
  await expect(make('d', '')).rejects.toThrow('requested capacity 1073741824 of arbitrary storage exceeds all remaining capacity');
});

test('a volume is mounted where the node sees it; one for a single pod goes with it', async () => {
  const { runtime, shell } = await aDriver();
  const node = await registered();
  const path = `${PODS}/u/volumes/kubernetes.io~csi/v/mount`;
  const own = { ...asked('csi-1'), context: { 'csi.storage.k8s.io/ephemeral': 'true' } };
  await node.publish(own, path, false);
  await world.say(shell, 'echo x > /data/csi-1/f');
  expect(await runtime.readHostPath(path)).toEqual({ names: ['f'] });
  await node.unpublish('csi-1', path);
  expect(await world.say(shell, 'ls /data')).toBe('state.json\n');
  expect(await runtime.readHostPath(path)).toBeUndefined();
});

test('what was made before the node’s files went is empty', async () => {
  const { runtime } = await aDriver();
  const node = await registered();
  const before = { ...asked('old'), use: { isDevice: true, accessMode: 'ReadWriteOnce' }, context: { [MADE_BY]: `1-2-${DRIVER}` } };
  await node.stage(before);
  const path = '/var/lib/kubelet/pods/u';
  await node.publish(before, path, false);
  expect(await runtime.hostPath(path, 'BlockDevice')).toMatchObject({ type: 'file', device: 'block' });
});

test('calls are told of in the log as Go’s JSON has them', async () => {
  const { driver, plugin } = await aDriver('-v=5');
  await driver.createVolume(wanted('pvc-1', { parameters: { someKey: 'x' } }));
  const line = (await world.log(plugin)).split('\n').find((one) => one.includes('CreateVolume'));
  const call = JSON.parse(line?.split('gRPCCall: ')[1] ?? '{}') as { Method: string; Request: unknown; Error: string };
  expect(call).toMatchObject({ Method: '/csi.v1.Controller/CreateVolume', Error: '' });
  expect(call.Request).toEqual({
    name: 'pvc-1',
    capacity_range: { required_bytes: GIB },
    volume_capabilities: [{ mount: {}, access_mode: { mode: 1 } }],
    parameters: { someKey: 'x' },
  });
});
