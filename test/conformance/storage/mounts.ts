// What upstream's suite asks of volumes as they are mounted (test/e2e/storage/persistent_volumes-local.go; testsuites/{fsgroupchangepolicy,volumemode,ephemeral,multivolume}.go).
import { describe, expect, it } from 'vitest';
import { AGNHOST, conditionOf, inScope, type Json, type Scope, type World, waiting } from './world.ts';

const PVC = 'persistentvolumeclaims';
const PV = 'persistentvolumes';
const MOUNT = '/mnt/volume1';
const mounts = [{ name: 'v', mountPath: MOUNT }];
const claimed = (claimName: string, name = 'v') => ({ name, persistentVolumeClaim: { claimName } });
const user = (claimName: string, more: object = {}, container: object = {}) => ({
  containers: [waiting(mounts, container)],
  volumes: [claimed(claimName)],
  ...more,
});

/** A volume and the claim that it is kept for. */
async function pair(scope: Scope, name: string, spec: object, accessModes: readonly string[] = ['ReadWriteOnce']): Promise<void> {
  const storageClassName = `local-${scope.namespace}`;
  const common = { accessModes, storageClassName };
  const claimRef = { namespace: scope.namespace, name };
  await scope.create(PV, {
    metadata: { name: `${scope.namespace}-${name}` },
    spec: { ...common, capacity: { storage: '2Gi' }, claimRef, ...spec },
  });
  const volumeMode = (spec as { volumeMode?: string }).volumeMode ?? 'Filesystem';
  await scope.create(PVC, { metadata: { name }, spec: { ...common, volumeMode, resources: { requests: { storage: '1Gi' } } } });
  await scope.phase(PVC, name, 'Bound');
}

const unpair = async (scope: Scope, name: string): Promise<void> => {
  await scope.remove(PVC, name);
  await scope.remove(PV, `${scope.namespace}-${name}`);
};

/** A pod from which commands are run on its node. */
async function hostExec(scope: Scope): Promise<{ readonly node: string; readonly run: (line: string) => Promise<string> }> {
  const container = {
    name: 'agnhost-container',
    image: AGNHOST,
    securityContext: { privileged: true },
    volumeMounts: [{ name: 'rootfs', mountPath: '/rootfs', readOnly: true }],
  };
  const spec = { containers: [container], hostNetwork: true, volumes: [{ name: 'rootfs', hostPath: { path: '/' } }] };
  const pod = await scope.running('hostexec', spec);
  const run = async (line: string) => {
    const { stdout, stderr, status } = await scope.exec('hostexec', ['nsenter', '--mount=/rootfs/proc/1/ns/mnt', '--', 'sh', '-c', line]);
    if (status.status !== 'Success') throw new Error(`${line}: ${stdout}${stderr}`);
    return stdout;
  };
  return { node: pod.spec.nodeName, run };
}

const on = (node: string) => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] },
  },
});

/** How a directory of a node is set up, and cleaned away. */
const LOCAL: readonly (readonly [string, (dir: string) => string, (dir: string) => string])[] = [
  ['dir', (dir) => `mkdir -p ${dir}`, (dir) => `rm -r ${dir}`],
  ['dir-link', (dir) => `mkdir -p ${dir}-backend && ln -s ${dir}-backend ${dir}`, (dir) => `rm -r ${dir} && rm -r ${dir}-backend`],
  ['dir-bindmounted', (dir) => `mkdir -p ${dir} && mount --bind ${dir} ${dir}`, (dir) => `umount ${dir} && rm -r ${dir}`],
  [
    'dir-link-bindmounted',
    (dir) => `mkdir -p ${dir}-backend && mount --bind ${dir}-backend ${dir}-backend && ln -s ${dir}-backend ${dir}`,
    (dir) => `rm ${dir} && umount ${dir}-backend && rm -r ${dir}-backend`,
  ],
  ['tmpfs', (dir) => `mkdir -p "${dir}" && mount -t tmpfs -o size=10m tmpfs-"${dir}" "${dir}"`, (dir) => `umount "${dir}" && rm -r ${dir}`],
];

const loopOf = (dir: string) => `E2E_LOOP_DEV=$(losetup | grep ${dir}/file | awk '{ print $1 }') 2>&1 > /dev/null && echo \${E2E_LOOP_DEV}`;

async function sharesLocalVolume(scope: Scope, setUp: (dir: string) => string, clean: (dir: string) => string): Promise<void> {
  const { node, run } = await hostExec(scope);
  const dir = `/tmp/local-volume-test-${scope.namespace}`;
  await run(setUp(dir));
  await pair(scope, 'c', { local: { path: dir }, ...on(node) });
  const first = await scope.running('one', user('c'));
  expect(first.spec.nodeName).toBe(node);
  await scope.shell('one', `mkdir -p ${MOUNT}; echo test-file-content > ${MOUNT}/test-file`);
  await scope.running('two', user('c'));
  expect(await scope.shell('two', `cat ${MOUNT}/test-file && echo ${dir} > ${MOUNT}/test-file`)).toBe('test-file-content\n');
  expect(await scope.shell('one', `cat ${MOUNT}/test-file`)).toBe(`${dir}\n`);
  for (const name of ['one', 'two']) await scope.end('pods', name);
  const group = { securityContext: { fsGroup: 1234 } };
  for (const name of ['three', 'four']) {
    await scope.running(name, user('c', group));
    expect(await scope.shell(name, `stat -c %g ${MOUNT}`)).toBe('1234\n');
  }
  for (const name of ['three', 'four']) await scope.end('pods', name);
  await scope.running('five', user('c', { securityContext: { fsGroup: 4321 } }));
  expect(await scope.shell('five', `stat -c %g ${MOUNT} ${MOUNT}/test-file`)).toBe('4321\n4321\n');
  await scope.end('pods', 'five');
  await unpair(scope, 'c');
  await run(clean(dir));
}

async function sharesLocalDevice(scope: Scope): Promise<void> {
  const { node, run } = await hostExec(scope);
  const dir = `/tmp/local-volume-test-${scope.namespace}`;
  await run(`mkdir -p ${dir} && dd if=/dev/zero of=${dir}/file bs=4096 count=64 && losetup -f ${dir}/file`);
  const device = (await run(loopOf(dir))).trim();
  expect(device).toMatch(/^\/dev\/loop\d+$/);
  await pair(scope, 'raw', { local: { path: device }, volumeMode: 'Block', ...on(node) });
  const volumeDevices = [{ name: 'v', devicePath: MOUNT }];
  for (const name of ['one', 'two']) await scope.running(name, user('raw', {}, { volumeMounts: [], volumeDevices }));
  await scope.shell('one', `test -b ${MOUNT} && echo device-content > /tmp/in && dd if=/tmp/in of=${MOUNT} bs=512 count=1`);
  expect(await scope.shell('two', `dd if=${MOUNT} bs=14 count=1 2>/dev/null`)).toBe('device-content');
  for (const name of ['one', 'two']) await scope.end('pods', name);
  await unpair(scope, 'raw');
  await pair(scope, 'unformatted', { local: { path: device, fsType: 'ext4' }, ...on(node) });
  await scope.running('three', user('unformatted'));
  await scope.shell('three', `echo on-disk > ${MOUNT}/file`);
  await scope.end('pods', 'three');
  await unpair(scope, 'unformatted');
  await run(`mkfs -t ext4 ${device} && mount -t ext4 ${device} ${dir} && chmod o+rwx ${dir}`);
  await pair(scope, 'formatted', { local: { path: dir }, ...on(node) });
  await scope.running('four', user('formatted'));
  expect(await scope.shell('four', `ls ${MOUNT}; echo x > ${MOUNT}/file`)).not.toContain('file');
  await scope.end('pods', 'four');
  await unpair(scope, 'formatted');
  await run(`umount ${dir} && losetup -d ${device} && rm -r ${dir}`);
  expect(await run('losetup')).toBe('');
}

/** A CSI driver that leaves groups to the node. */
async function driverOf(scope: Scope): Promise<string> {
  const name = `${scope.namespace}.example.com`;
  const spec = { attachRequired: false, fsGroupPolicy: 'File', volumeLifecycleModes: ['Persistent', 'Ephemeral'] };
  await scope.create('csidrivers', { metadata: { name }, spec });
  return name;
}

interface GroupCase {
  readonly policy: 'Always' | 'OnRootMismatch';
  readonly changed?: readonly [number, number];
  readonly second: number;
  readonly wanted: readonly [number, number];
}

const GROUP_CASES: readonly GroupCase[] = [
  { policy: 'Always', second: 2000, wanted: [2000, 2000] },
  { policy: 'Always', changed: [2000, 3000], second: 1000, wanted: [1000, 1000] },
  { policy: 'Always', changed: [2000, 3000], second: 4000, wanted: [4000, 4000] },
  { policy: 'OnRootMismatch', second: 2000, wanted: [2000, 2000] },
  { policy: 'OnRootMismatch', changed: [2000, 3000], second: 1000, wanted: [2000, 3000] },
  { policy: 'OnRootMismatch', changed: [2000, 3000], second: 4000, wanted: [4000, 4000] },
];

async function changesGroups(scope: Scope, driver: string, { policy, changed, second, wanted }: GroupCase, i: number): Promise<void> {
  const name = `group-${i}`;
  await pair(scope, name, { csi: { driver, volumeHandle: name } });
  const of = (fsGroup: number) => user(name, { securityContext: { fsGroup, fsGroupChangePolicy: policy } });
  const [one, two] = [`${MOUNT}/file1`, `${MOUNT}/subdir/file2`];
  await scope.running(`${name}-a`, of(1000));
  expect(await scope.shell(`${name}-a`, `touch ${one}; mkdir ${MOUNT}/subdir; touch ${two}; stat -c %g ${one} ${two}`)).toBe(
    '1000\n1000\n',
  );
  if (changed) await scope.shell(`${name}-a`, `chgrp ${changed[0]} ${one} && chgrp ${changed[1]} ${two}`);
  await scope.end('pods', `${name}-a`);
  await scope.running(`${name}-b`, of(second));
  expect(await scope.shell(`${name}-b`, `stat -c %g ${one} ${two}`), JSON.stringify({ policy, changed, second })).toBe(
    `${wanted.join('\n')}\n`,
  );
  await scope.end('pods', `${name}-b`);
  await unpair(scope, name);
}

async function hasModes(scope: Scope): Promise<void> {
  const driver = await driverOf(scope);
  await pair(scope, 'block', { csi: { driver, volumeHandle: 'b' }, volumeMode: 'Block' });
  await pair(scope, 'files', { csi: { driver, volumeHandle: 'f' } });
  const asDevice = { volumeMounts: [], volumeDevices: [{ name: 'v', devicePath: MOUNT }] };
  await scope.running('device', user('block', {}, asDevice));
  expect(await scope.shell('device', `test -b ${MOUNT} && echo yes`)).toBe('yes\n');
  await scope.pod('mounted', user('block'));
  await scope.pod('mapped', user('files', {}, asDevice));
  await scope.event('mounted', 'FailedMount', /volume v has volumeMode Block, but is specified in volumeMounts/);
  await scope.event('mapped', 'FailedMount', /volume v has volumeMode Filesystem, but is specified in volumeDevices/);
  for (const name of ['mounted', 'mapped']) expect((await scope.get('pods', name)).status.phase).toBe('Pending');
  const containers = [waiting([])];
  await scope.running('unused', { containers, volumes: [claimed('files'), { name: 'none', configMap: { name: 'absent' } }] });
  for (const name of ['device', 'mounted', 'mapped', 'unused']) await scope.remove('pods', name);
  for (const name of ['block', 'files']) await unpair(scope, name);
  await scope.remove('csidrivers', driver);
}

async function inlineVolumes(scope: Scope, sourceOf: (readOnly: boolean) => object): Promise<void> {
  const pod = (count: number, readOnly: boolean) => {
    const names = Array.from({ length: count }, (_none, i) => `my-volume-${i}`);
    const volumeMounts = names.map((name, i) => ({ name, mountPath: `/mnt/test-${i}`, readOnly }));
    return { containers: [waiting(volumeMounts)], volumes: names.map((name) => ({ name, ...sourceOf(readOnly) })) };
  };
  await scope.running('reads', pod(1, true));
  expect(await scope.shell('reads', 'mount | grep /mnt/test | grep ro,')).toContain('/mnt/test-0');
  await scope.running('writes', pod(1, false));
  expect(await scope.shell('writes', 'mount | grep /mnt/test | grep rw, && touch /mnt/test-0/hello-world')).toContain('/mnt/test-0');
  await scope.running('other', pod(2, false));
  await scope.shell('other', '[ ! -f /mnt/test-0/hello-world ] && touch /mnt/test-1/mine && [ ! -f /mnt/test-0/mine ]');
  for (const name of ['reads', 'writes', 'other']) await scope.end('pods', name);
  await scope.until(
    'claims of pods stayed',
    () => scope.items(PVC),
    (all: Json[]) => all.length === 0,
  );
}

async function manyUsers(scope: Scope): Promise<void> {
  const nfs = { server: '10.1.2.4', path: '/shared' };
  await pair(scope, 'shared', { nfs }, ['ReadWriteMany']);
  await pair(scope, 'other', { nfs: { ...nfs, path: '/other' } }, ['ReadWriteMany']);
  const nodes = (await scope.items('nodes')).map(({ metadata }: Json) => metadata.name);
  const two = [...mounts, { name: 'w', mountPath: '/mnt/volume2' }];
  for (const [i, node] of nodes.slice(0, 2).entries()) {
    const selector = { nodeSelector: { 'kubernetes.io/hostname': node } };
    await scope.running(`user-${i}`, { containers: [waiting(two)], volumes: [claimed('shared'), claimed('other', 'w')], ...selector });
  }
  await scope.shell('user-0', `echo one > ${MOUNT}/f; echo two > /mnt/volume2/f`);
  expect(await scope.shell('user-1', `cat ${MOUNT}/f /mnt/volume2/f`)).toBe('one\ntwo\n');
  await scope.end('pods', 'user-0');
  await scope.running('user-2', user('shared'));
  expect(await scope.shell('user-2', `cat ${MOUNT}/f`)).toBe('one\n');
  for (const name of ['user-1', 'user-2']) await scope.end('pods', name);
  for (const name of ['shared', 'other']) await unpair(scope, name);
}

async function staysOnItsNode(scope: Scope): Promise<void> {
  const { node, run } = await hostExec(scope);
  const other = (await scope.items('nodes')).map(({ metadata }: Json) => metadata.name).find((name: string) => name !== node);
  await run(`mkdir -p /tmp/${scope.namespace}`);
  await pair(scope, 'here', { local: { path: `/tmp/${scope.namespace}` }, ...on(node) });
  await pair(scope, 'nowhere', { local: { path: '/non-existent/location/nowhere' }, ...on(node) });
  await scope.pod('wrong-node', user('here', { nodeName: other }));
  await scope.pod('wrong-selector', user('here', { nodeSelector: { 'kubernetes.io/hostname': other } }));
  await scope.pod('no-path', user('nowhere'));
  await scope.event('wrong-node', 'FailedMount', /MountVolume.NodeAffinity check failed for volume/);
  await scope.event(
    'no-path',
    'FailedMount',
    /MountVolume.NewMounter initialization failed for volume ".*" : path "\/non-existent\/location\/nowhere" does not exist/,
  );
  const pod = await scope.eventually('pods', 'wrong-selector', (one) => conditionOf(one, 'PodScheduled')?.status === 'False');
  expect(conditionOf(pod, 'PodScheduled').message).toMatch(/node\(s\) didn't match PersistentVolume's node affinity/);
  for (const name of ['wrong-node', 'wrong-selector', 'no-path']) await scope.remove('pods', name);
  for (const name of ['here', 'nowhere']) await unpair(scope, name);
}

export function mountTests(world: () => World): void {
  describe('a local volume', () => {
    it.each(LOCAL)('is shared by the pods of its node: %s', async (_kind, setUp, clean) => {
      await inScope(world, (scope) => sharesLocalVolume(scope, setUp, clean))();
    });
    it('may be a device, with or without files on it', inScope(world, sharesLocalDevice));
    it('is mounted on its node only, and only when it is there', inScope(world, staysOnItsNode));
  });

  it(
    'what is on a volume goes to the group of its pod, always or when its root is not the group’s',
    inScope(world, async (scope) => {
      const driver = await driverOf(scope);
      await Promise.all(GROUP_CASES.map((one, i) => changesGroups(scope, driver, one, i)));
      await scope.remove('csidrivers', driver);
    }),
  );

  it('a volume is a device or files, and is used as what it is or not at all', inScope(world, hasModes));

  describe('a pod’s own volumes', () => {
    it(
      'are empty, each its own, and go with it: those of claims',
      inScope(world, async (scope) => {
        const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'standard' };
        await inlineVolumes(scope, () => ({ ephemeral: { volumeClaimTemplate: { spec } } }));
      }),
    );
    it(
      'are empty, each its own, and go with it: those of a driver',
      inScope(world, async (scope) => {
        const driver = await driverOf(scope);
        await inlineVolumes(scope, (readOnly) => ({ csi: { driver, readOnly } }));
        await scope.remove('csidrivers', driver);
      }),
    );
  });

  it('a volume of the network is the same for pods of all nodes', inScope(world, manyUsers));
}
