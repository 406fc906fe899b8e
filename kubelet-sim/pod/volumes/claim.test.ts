import { describe, expect, it } from 'vitest';
import type { Pod, Volume } from '../../../api/index.ts';
import { CODE, GrpcError } from '../../../runtime/grpc.ts';
import type { NodeDriver } from '../../runtime/node-drivers.ts';
import { aContainer, aPod } from '../../testing/builders.ts';
import { TestNode } from '../../testing/node-harness.ts';
import { attachmentName } from './claim-source.ts';

const HOST = { hostPath: { path: '/var/volumes/v', type: 'DirectoryOrCreate' } };

/** Runs a script in a pod whose volumes are mounted under /mnt, each by its name. */
async function run(
  node: TestNode,
  script: string,
  volumes: Volume[],
  { name = 'p', spec = {} }: { name?: string; spec?: Partial<Pod['spec']> } = {},
) {
  const volumeMounts = volumes.map((volume) => ({ name: volume.name, mountPath: `/mnt/${volume.name}` }));
  const containers = [aContainer('main', { image: 'busybox', command: ['sh', '-c', script], volumeMounts })];
  await node.run({}, aPod({ containers, volumes, restartPolicy: 'Never', ...spec }, { name }));
  await node.pass(1);
}
const ofClaim = (claimName: string, more: object = {}): Volume => ({ name: 'd', persistentVolumeClaim: { claimName, ...more } });
const warnings = ({ events }: TestNode) => events.filter((event) => event.startsWith('Warning'));

describe('what is on the volume of a claim', () => {
  it.each([
    ['a directory of the node', HOST],
    ['a disk of the network', { nfs: { server: 's', path: '/' }, capacity: { storage: '1Gi' } }],
  ])('is there for the next pod: %s', async (_what, spec) => {
    const node = new TestNode();
    node.claims.bind('c', spec);
    await run(node, 'echo kept > /mnt/d/file', [ofClaim('c')], { name: 'first' });
    await run(node, 'cat /mnt/d/file', [ofClaim('c')], { name: 'second' });
    expect(await node.log()).toBe('kept\n');
  });

  it('is a directory of the node, which a pod may mount by its path', async () => {
    const node = new TestNode();
    node.claims.bind('c', HOST);
    await run(node, 'echo seen > /mnt/d/file', [ofClaim('c')], { name: 'first' });
    await run(node, 'cat /mnt/d/v/file', [{ name: 'd', hostPath: { path: '/var/volumes' } }], { name: 'second' });
    expect(await node.log()).toBe('seen\n');
  });

  it('cannot be written when the pod asks only to read', async () => {
    const node = new TestNode();
    node.claims.bind('c', HOST);
    await run(node, 'echo x > /mnt/d/file', [ofClaim('c', { readOnly: true })]);
    expect(node.state()).toMatch(/^Error/);
    expect(await node.log()).toMatch(/read-only file system/i);
  });
});

describe('the volume of a claim', () => {
  it('that was made for it is written by anybody, as kind’s and minikube’s are', async () => {
    const node = new TestNode();
    const { volumes } = node.claims.bind('c', HOST);
    const volume = volumes.get('pv-c');
    if (volume) volume.metadata = { ...volume.metadata, annotations: { 'pv.kubernetes.io/provisioned-by': 'nanokube.dev/hostpath' } };
    await run(node, 'touch /mnt/d/x && stat -c %a /mnt/d', [ofClaim('c')], { spec: { securityContext: { runAsUser: 1000 } } });
    expect(await node.log()).toBe('777\n');
  });

  it('is waited for without a word when the claim says only a moment later that it is bound', async () => {
    const node = new TestNode();
    node.claims.bind('c', HOST, { phase: 'Pending' });
    node.clock.setTimer(100, () => void node.claims.bind('c', HOST));
    await run(node, 'echo mounted', [ofClaim('c')]);
    expect(warnings(node)).toEqual([]);
    expect(await node.log()).toBe('mounted\n');
  });

  it('is mounted soon after the claim has come, however late that is', async () => {
    const node = new TestNode();
    await run(node, 'echo mounted', [ofClaim('c')]);
    await node.pass(40);
    expect(node.state()).toBe('ContainerCreating');
    node.claims.bind('c', HOST);
    await node.pass(11);
    expect(await node.log()).toBe('mounted\n');
  });

  it('names a group, in which the pod then is', async () => {
    const node = new TestNode();
    const { volumes } = node.claims.bind('c', { nfs: { server: 's', path: '/' } });
    const volume = volumes.get('pv-c');
    if (volume) volume.metadata = { ...volume.metadata, annotations: { 'pv.beta.kubernetes.io/gid': '777' } };
    await run(node, 'id -G', [ofClaim('c')], { spec: { securityContext: { supplementalGroups: [5] } } });
    expect(await node.log()).toBe('0 5 777\n');
  });

  it.each([
    ['a disk', { iscsi: { targetPortal: '1.2.3.4', iqn: 'i', lun: 0 } }, undefined, '1000'],
    ['files of a server', { nfs: { server: 's', path: '/' } }, undefined, '0'],
    ['a driver that leaves groups to nodes', { csi: { driver: 'd.io', volumeHandle: 'h' } }, 'File', '1000'],
    ['a driver that sees to groups itself', { csi: { driver: 'd.io', volumeHandle: 'h' } }, 'None', '0'],
    [
      'a driver’s file system for one node',
      { csi: { driver: 'd.io', volumeHandle: 'h', fsType: 'ext4' }, accessModes: ['ReadWriteOnce'] },
      undefined,
      '1000',
    ],
    [
      'a driver’s file system for many',
      { csi: { driver: 'd.io', volumeHandle: 'h', fsType: 'ext4' }, accessModes: ['ReadWriteMany'] },
      undefined,
      '0',
    ],
    [
      'a driver’s volume of no known file system',
      { csi: { driver: 'd.io', volumeHandle: 'h' }, accessModes: ['ReadWriteOnce'] },
      undefined,
      '0',
    ],
  ])('belongs to the pod’s fsGroup where nodes may change that: %s', async (_what, spec, fsGroupPolicy, gid) => {
    const node = new TestNode();
    const metadata = { name: 'd.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    node.claims.bind('c', spec).drivers.set('d.io', { metadata, spec: { attachRequired: false, fsGroupPolicy } });
    await run(node, 'stat -c %g /mnt/d', [ofClaim('c')], { spec: { securityContext: { fsGroup: 1000 } } });
    expect(await node.log()).toBe(`${gid}\n`);
  });

  it('is what every pod finds there that names the same server and path, with a claim or without', async () => {
    const node = new TestNode();
    const nfs = { server: 's', path: '/exports' };
    node.claims.bind('c', { nfs });
    await run(node, 'echo kept > /mnt/d/file', [ofClaim('c')], { name: 'first' });
    const other = { ...nfs, path: '/other' };
    await run(
      node,
      'cat /mnt/d/file; ls /mnt/e',
      [
        { name: 'd', nfs },
        { name: 'e', nfs: other },
      ],
      { name: 'second' },
    );
    expect(await node.log()).toBe('kept\n');
    await run(node, 'echo x > /mnt/d/file', [{ name: 'd', nfs: { ...nfs, readOnly: true } }], { name: 'third' });
    expect(await node.log()).toMatch(/read-only file system/i);
  });

  it('is mounted as nfs(5) has it, with the options of its PersistentVolume: they were nowhere to be seen', async () => {
    const node = new TestNode();
    node.claims.bind('c', { nfs: { server: 's', path: '/exports' }, mountOptions: ['relatime', 'vers=3'] });
    await run(node, 'mount | grep /mnt; df | grep -o "^s:/[a-z]*"', [ofClaim('c'), { name: 'e', nfs: { server: 's', path: '/other' } }]);
    expect(await node.log()).toBe(
      's:/exports on /mnt/d type nfs (rw,relatime,vers=3,hard,proto=tcp,addr=s)\ns:/other on /mnt/e type nfs4 (rw,relatime,vers=4.2,hard,proto=tcp,addr=s)\ns:/exports\ns:/other\n',
    );
  });

  it('is what a pod serves that is a server of NFS', async () => {
    const node = new TestNode();
    const image = 'registry.k8s.io/e2e-test-images/volume/nfs:1.5';
    await node.run({}, aPod({ containers: [aContainer('nfs', { image })] }, { name: 'server' }));
    await node.pass(1);
    const server = node.status.podIP ?? '';
    const served = node.worker;
    await run(node, 'cat /mnt/d/index.html; echo new > /mnt/e/file', [
      { name: 'd', nfs: { server, path: '/' } },
      { name: 'e', nfs: { server, path: '/exports' } },
    ]);
    expect(await node.log()).toBe('Hello from NFS!\n');
    node.worker = served;
    expect(await node.exec('nfs', 'cat', '/exports/file')).toBe('new\n');
  });

  it.each([
    ['nfs', { nfs: { server: 's', path: '/' } }],
    ['hostPath', { hostPath: { path: '/data' } }],
  ])('is no raw device where its kind has none: %s was mounted as one', async (_, spec) => {
    const node = new TestNode();
    node.claims.bind('c', { ...spec, volumeMode: 'Block' });
    const container = aContainer('main', { image: 'busybox', volumeDevices: [{ name: 'd', devicePath: '/dev/xvda' }] });
    await node.run({}, aPod({ containers: [container], volumes: [ofClaim('c')] }));
    for (let i = 0; i < 130; i++) await node.pass(1);
    const why = 'unmounted volumes=[d], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition';
    expect([node.state(), node.told('FailedMount')]).toEqual(['ContainerCreating', [`Unable to attach or mount volumes: ${why}`]]);
  });

  it('may be a raw device', async () => {
    const node = new TestNode();
    node.claims.bind('c', { csi: { driver: 'd.io', volumeHandle: 'h' }, volumeMode: 'Block' });
    const metadata = { name: 'd.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    node.claims.drivers.set('d.io', { metadata, spec: { attachRequired: false } });
    const container = {
      image: 'busybox',
      command: ['sh', '-c', 'test -b /dev/xvda && echo block'],
      volumeDevices: [{ name: 'd', devicePath: '/dev/xvda' }],
    };
    await node.run({}, aPod({ containers: [aContainer('main', container)], volumes: [ofClaim('c')], restartPolicy: 'Never' }));
    await node.pass(1);
    expect(await node.log()).toBe('block\n');
    expect(node.told('SuccessfulMountVolume')).toEqual([
      'MapVolume.MapPodDevice succeeded for volume "pv-c" globalMapPath "/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/pv-c/dev"',
      expect.stringMatching(/^MapVolume\.MapPodDevice succeeded for volume "pv-c" volumeMapPath ".*\/volumeDevices\/kubernetes\.io~csi"$/),
    ]);
  });

  it('is told of as a device that cannot be mapped', async () => {
    const node = new TestNode();
    node.claims.bind('c', { csi: { driver: 'd.io', volumeHandle: 'h' }, volumeMode: 'Block' });
    const container = { image: 'busybox', command: ['true'], volumeDevices: [{ name: 'd', devicePath: '/dev/xvda' }] };
    await node.run({}, aPod({ containers: [aContainer('main', container)], volumes: [ofClaim('c')] }));
    await node.pass(1);
    expect(node.told('FailedMapVolume')).toContain(
      'MapVolume.SetUpDevice failed for volume "pv-c" : kubernetes.io/csi: blockMapper.SetUpDevice failed to get CSI client: driver name d.io not found in the list of registered CSI drivers',
    );
  });
});

it('what no container uses is not set up; a debug container that uses it has it', async () => {
  const node = new TestNode();
  const volumes: Volume[] = [
    { name: 'none', configMap: { name: 'absent' } },
    { name: 'some', configMap: { name: 'there' } },
  ];
  const containers = [aContainer('main', { image: 'busybox', command: ['sleep', '1000'] })];
  await node.run({}, aPod({ containers, volumes }));
  await node.pass(1);
  expect([node.state(), warnings(node)]).toEqual(['running', []]);
  node.source.configMaps.set('there', { key: 'value' });
  const volumeMounts = [{ name: 'some', mountPath: '/c' }];
  const ephemeralContainers = [{ name: 'debug', image: 'busybox', command: ['sh', '-c', 'cat /c/key'], volumeMounts }];
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers } }));
  await node.pass(2);
  expect(await node.log('debug')).toBe('value');
});

it('a container whose part of a volume is not in it is not made, and says so', async () => {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/v', subPath: 'out' }];
  await node.run(
    {},
    aPod({
      initContainers: [
        aContainer('init', {
          image: 'busybox',
          command: ['sh', '-c', 'ln -s /bin /v/out'],
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        }),
      ],
      containers: [aContainer('main', { image: 'busybox', command: ['true'], volumeMounts })],
      volumes: [{ name: 'v', emptyDir: {} }],
    }),
  );
  await node.pass(2);
  const why = 'failed to prepare subPath for volumeMount "v" of container "main"';
  expect(node.container()?.state?.waiting).toEqual({ reason: 'CreateContainerConfigError', message: why });
  expect(warnings(node)[0]).toBe(`Warning Failed Error: ${why}`);
});

it.each([
  [{}, '10Mi', '10240'],
  [{ memory: '64Mi' }, '1Gi', '65536'],
  [{ memory: '64Mi' }, undefined, '65536'],
  [{}, undefined, '33554432'],
])('an emptyDir in memory is no larger than it, its pod or the node: %j, %s', async (limits, sizeLimit, kib) => {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  const container = {
    image: 'busybox',
    command: ['sh', '-c', "df /v | tail -1 | tr -s ' ' | cut -d ' ' -f 2; stat -c %a /v"],
    resources: { limits },
    volumeMounts,
  };
  await node.run(
    {},
    aPod({ containers: [aContainer('main', container)], volumes: [{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit } }] }),
  );
  for (let i = 0; i < 3; i++) await node.pass(1);
  expect(await node.log()).toBe(`${kib}\n1777\n`);
});

describe('a pod does not start', () => {
  const processing = (why: string) =>
    `Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: error processing PVC default/c: ${why}`;

  it.each<[string, (node: TestNode) => unknown, string]>([
    ['without the claim', () => undefined, processing('failed to fetch PVC from API server: persistentvolumeclaims "c" not found')],
    ['with a claim that is not bound', ({ claims }) => claims.bind('c', HOST, { phase: 'Pending' }), processing('PVC is not bound')],
    [
      'with a claim whose volume is gone',
      ({ claims }) => claims.bind('c', HOST).volumes.clear(),
      processing('failed to fetch PV pv-c from API server: persistentvolumes "pv-c" not found'),
    ],
    [
      'with a volume of another claim',
      ({ claims }) => claims.bind('c', { ...HOST, claimRef: { uid: 'other' } }),
      processing('found PV object pv-c but its pv.Spec.ClaimRef.UID other does not point to claim.UID uid-of-c'),
    ],
    [
      'with a path that is not what it should be',
      ({ claims }) => claims.bind('c', { hostPath: { path: '/none', type: 'Directory' } }),
      'Warning FailedMount MountVolume.SetUp failed for volume "pv-c" : hostPath type check failed: /none is not a directory',
    ],
    [
      'with a local disk that is not there',
      ({ claims }) => claims.bind('c', { local: { path: '/mnt/none' } }),
      'Warning FailedMount MountVolume.NewMounter initialization failed for volume "pv-c" : path "/mnt/none" does not exist',
    ],
    [
      'with the files of a raw device',
      ({ claims }) => claims.bind('c', { ...HOST, volumeMode: 'Block' }),
      'Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: volume d has volumeMode Block, but is specified in volumeMounts',
    ],
    [
      'with a driver that is not there',
      ({ claims }) => claims.bind('c', { csi: { driver: 'd.io', volumeHandle: 'h' } }),
      'Warning FailedMount MountVolume.MountDevice failed for volume "pv-c" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name d.io not found in the list of registered CSI drivers',
    ],
    [
      'on a node that does not reach the volume',
      ({ claims }) =>
        claims.bind('c', {
          ...HOST,
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'x', operator: 'Exists' }] }] } },
        }),
      'Warning FailedMount MountVolume.NodeAffinity check failed for volume "pv-c" : no matching NodeSelectorTerms',
    ],
  ])('%s', async (_what, prepare, event) => {
    const node = new TestNode();
    prepare(node);
    await run(node, 'true', [ofClaim('c')]);
    expect([node.state(), warnings(node)[0]]).toEqual(['ContainerCreating', event]);
  });

  it('with a driver’s inline volume, unless there is the driver and it makes such', async () => {
    const inline: Volume = { name: 'd', csi: { driver: 'd.io' } };
    const node = new TestNode();
    await run(node, 'true', [inline]);
    expect(warnings(node)[0]).toBe(
      'Warning FailedMount MountVolume.SetUp failed for volume "d" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name d.io not found in the list of registered CSI drivers',
    );
    const metadata = { name: 'd.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    node.claims.drivers.set('d.io', { metadata, spec: { volumeLifecycleModes: ['Ephemeral'] } });
    await node.pass(5);
    expect(node.state()).toBe('Completed 0');
  });

  it('with a driver that runs in pods, unless it is on the node and has the volume', async () => {
    const node = new TestNode();
    const { drivers } = node.services.runtime;
    let isKnown = false;
    const calls: string[] = [];
    const driver: NodeDriver = {
      name: 'd.io',
      nodeId: 'node-0',
      topology: {},
      volumesMax: 0,
      can: (capability) => Promise.resolve(capability === 'stageUnstageVolume'),
      stage: ({ handle }) => {
        if (!isKnown) return Promise.reject(new GrpcError(CODE.notFound, `volume id ${handle} does not exist in the volumes list`));
        calls.push('stage');
        return Promise.resolve();
      },
      unstage: () => Promise.resolve(void calls.push('unstage')),
      publish: async (_volume, path) => {
        calls.push(path);
        await node.services.runtime.hostPath(path, 'DirectoryOrCreate');
      },
      unpublish: () => Promise.resolve(void calls.push('unpublish')),
      expand: () => Promise.resolve(),
      close: () => undefined,
    };
    drivers.register(driver);
    drivers.unregister(driver);
    const metadata = { name: 'd.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    node.claims.drivers.set('d.io', { metadata, spec: { attachRequired: false } });
    node.claims.bind('c', { csi: { driver: 'd.io', volumeHandle: 'h' } });
    await run(node, 'echo x > /mnt/d/f', [ofClaim('c')]);
    const failed = 'Warning FailedMount MountVolume.MountDevice failed for volume "pv-c" :';
    const missing = 'driver name d.io not found in the list of registered CSI drivers';
    expect(warnings(node).at(-1)).toBe(`${failed} kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: ${missing}`);
    drivers.register(driver);
    await node.pass(5);
    expect(warnings(node).at(-1)).toBe(`${failed} rpc error: code = NotFound desc = volume id h does not exist in the volumes list`);
    isKnown = true;
    await node.pass(30);
    expect(node.state()).toBe('Completed 0');
    const path = '/var/lib/kubelet/pods/uid-of-p/volumes/kubernetes.io~csi/pv-c/mount';
    expect(calls).toEqual(['stage', path, 'unpublish', 'unstage']);
    expect(await node.services.runtime.readHostPath('/var/lib/kubelet/plugins/kubernetes.io')).toBeUndefined();
  });

  it('before its volume is attached, and is told when that takes long', async () => {
    const node = new TestNode();
    node.claims.bind('c', { csi: { driver: 'd.io', volumeHandle: 'h' } });
    const metadata = { name: 'd.io', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    node.claims.drivers.set('d.io', { metadata, spec: {} });
    await run(node, 'sleep 60', [ofClaim('c')]);
    expect([node.state(), warnings(node)]).toEqual(['ContainerCreating', []]);
    for (let i = 0; i < 260; i++) await node.pass(1);
    expect(warnings(node)[0]).toBe(
      'Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[d], failed to process volumes=[]: timed out waiting for the condition',
    );
    const name = attachmentName({ driver: 'd.io', handle: 'h' }, 'node-0');
    node.claims.attachments.set(name, {
      metadata: { ...metadata, name },
      spec: { attacher: 'd.io', nodeName: 'node-0', source: { persistentVolumeName: 'pv-c' } },
      status: { attached: false },
    });
    node.worker?.poke();
    await node.pass(0.5);
    expect(node.state()).toBe('running');
    expect(node.services.claims.inUse('node-0')).toEqual(['kubernetes.io/csi/d.io^h']);
    for (let i = 0; i < 130; i++) await node.pass(1);
    expect([node.state(), node.services.claims.inUse('node-0')]).toEqual(['Completed 0', []]);
  });

  it('with an ephemeral volume whose claim is another’s', async () => {
    const node = new TestNode();
    node.claims.bind('p-d', HOST);
    await run(node, 'true', [{ name: 'd', ephemeral: {} }]);
    expect(warnings(node)[0]).toContain('PVC default/p-d was not created for pod default/p (pod is not owner)');
  });

  it('while another has a claim that is for one pod', async () => {
    const node = new TestNode();
    node.claims.bind('c', { ...HOST, accessModes: ['ReadWriteOncePod'] });
    await run(node, 'sleep 3', [ofClaim('c')], { name: 'first' });
    const first = node.worker;
    await run(node, 'true', [ofClaim('c')], { name: 'second' });
    const second = node.worker;
    expect(warnings(node)[0]).toBe(
      'Warning FailedMount MountVolume.SetUp failed for volume "pv-c" : volume uses the ReadWriteOncePod access mode and is already in use by another pod',
    );
    node.worker = first;
    for (let i = 0; i < 3; i++) await node.pass(1);
    node.worker = second;
    for (let i = 0; i < 10; i++) await node.pass(1);
    expect(node.state()).toBe('Completed 0');
  });
});

it('the file system of a claim grows when a pod mounts it, and while one has it mounted', async () => {
  const node = new TestNode();
  const growing = (size: string) => ({
    capacity: { storage: '1Gi' },
    allocatedResources: { storage: size },
    allocatedResourceStatuses: { storage: 'NodeResizePending' },
    conditions: [
      { type: 'Resizing', status: 'True' },
      { type: 'FileSystemResizePending', status: 'True' },
    ],
  });
  node.claims.bind('c', HOST, growing('2Gi'));
  await run(node, 'sleep 1000', [ofClaim('c')]);
  const grown = { phase: 'Bound', capacity: { storage: '2Gi' }, allocatedResources: { storage: '2Gi' } };
  expect(node.claims.claims.get('c')?.status).toEqual(grown);
  expect(node.events).toContain('Normal FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume "pv-c" node-0');
  const claim = node.claims.bind('c', HOST, growing('3Gi')).claims.get('c');
  if (claim) node.services.claims.changed(claim);
  await node.pass(0);
  expect(node.claims.claims.get('c')?.status.capacity).toEqual({ storage: '3Gi' });
});
