import { describe, expect, it } from 'vitest';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  Live,
  LiveMeta,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  Volume,
  VolumeAttachment,
} from '../../api/index.ts';
import { readConfiguration } from '../config/read-configuration.ts';
import { aNode, aPod, type NodeBuilder, type PodBuilder } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';

const DONE = { 'pv.kubernetes.io/bind-completed': 'yes' };

const meta = (name: string, more: Partial<LiveMeta> = {}): LiveMeta => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
});
const claim = (name: string, spec: PersistentVolumeClaim['spec'] = {}, more: Partial<LiveMeta> = {}): Live<PersistentVolumeClaim> => ({
  metadata: meta(name, { namespace: 'default', ...more }),
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'local', ...spec },
  status: { phase: spec.volumeName ? 'Bound' : 'Pending' },
});
const bound = (name: string, volumeName: string, spec: PersistentVolumeClaim['spec'] = {}) =>
  claim(name, { volumeName, ...spec }, { annotations: DONE });
const volume = (name: string, spec: PersistentVolume['spec'] = {}, more: Partial<LiveMeta> = {}): Live<PersistentVolume> => ({
  metadata: meta(name, more),
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'local', ...spec },
  status: { phase: 'Available' },
});
const on = (...hosts: string[]): PersistentVolume['spec'] => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: hosts }] }] },
  },
});
const aClass = (name: string, provisioner: string, more: Partial<StorageClass> = {}): Live<StorageClass> => ({
  provisioner,
  volumeBindingMode: 'WaitForFirstConsumer',
  ...more,
  metadata: meta(name),
});
const LOCAL = aClass('local', 'kubernetes.io/no-provisioner');
const MADE = aClass('made', 'x.io/maker');
const uses = (...names: string[]): Volume[] => names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
const pod = (...names: string[]) => aPod('p').mounting(...uses(...names));

interface World {
  readonly claims?: Live<PersistentVolumeClaim>[];
  readonly volumes?: Live<PersistentVolume>[];
  readonly classes?: Live<StorageClass>[];
  readonly drivers?: Live<CSIDriver>[];
  readonly csiNodes?: Live<CSINode>[];
  readonly capacities?: Live<CSIStorageCapacity>[];
  readonly attachments?: Live<VolumeAttachment>[];
  readonly nodes?: NodeBuilder[];
  readonly running?: PodBuilder[];
}
const place = (of: PodBuilder, { nodes = [aNode('a'), aNode('b')], running = [], ...world }: World, plugins: object = {}): string => {
  const objects = {
    persistentvolumeclaims: world.claims ?? [],
    persistentvolumes: world.volumes ?? [],
    storageclasses: world.classes ?? [LOCAL, MADE],
    csidrivers: world.drivers ?? [],
    csinodes: world.csiNodes ?? [],
    csistoragecapacities: world.capacities ?? [],
    volumeattachments: world.attachments ?? [],
  };
  return new Placement({ configuration: readConfiguration({ profiles: [{ plugins }] }, '.'), objects }).with(nodes, running).nodeFor(of);
};
/** One Filter plugin, and no PreFilter. */
const filteringAlone = (name: string): object => ({
  preFilter: { disabled: [{ name: '*' }] },
  filter: { disabled: [{ name: '*' }], enabled: [{ name }] },
  reserve: { disabled: [{ name: '*' }] },
  preBind: { disabled: [{ name: '*' }] },
});

describe('VolumeBinding', () => {
  it.each<[string, Live<PersistentVolumeClaim>[], string]>([
    ['that is not there', [], 'persistentvolumeclaim "c" not found'],
    ['that is not bound and should be', [claim('c', { storageClassName: 'gone' })], 'pod has unbound immediate PersistentVolumeClaims'],
    ['that a user bound, and nobody completed', [claim('c', { volumeName: 'v' })], 'pod has unbound immediate PersistentVolumeClaims'],
    ['that is to go', [claim('c', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })], 'persistentvolumeclaim "c" is being deleted'],
    [
      'that is lost',
      [{ ...bound('c', 'v'), status: { phase: 'Lost' } }],
      'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
    ],
  ])('keeps a pod waiting with a claim %s', (_what, claims, why) => {
    expect(place(pod('c'), { claims })).toBe(`0/2 nodes are available: ${why}.`);
  });

  it('sends a pod where its volume is', () => {
    const world = { claims: [bound('c', 'v')], volumes: [volume('v', on('b'))] };
    expect(place(pod('c'), world)).toBe('b');
    expect(place(pod('c'), { ...world, volumes: [volume('v', on('z'))] })).toBe(
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
    );
    expect(place(pod('c'), { ...world, volumes: [] })).toBe('0/2 nodes are available: persistentvolume "v" not found.');
  });

  it('finds a node with a free volume for each claim, and not one volume for two', () => {
    const claims = [claim('c'), claim('d')];
    const volumes = [volume('v', on('a')), volume('w', on('b')), volume('x', on('b'))];
    expect(place(pod('c', 'd'), { claims, volumes })).toBe('b');
    expect(place(pod('c', 'd'), { claims, volumes: volumes.slice(0, 2) })).toBe(
      "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
    );
    expect(place(pod('c'), { claims, volumes: [volume('v', { ...on('a'), accessModes: ['ReadOnlyMany'] })] })).toContain(
      "didn't find available",
    );
  });

  it('has a volume made on any node of the class’s topologies, or on the one chosen before', () => {
    expect(['a', 'b']).toContain(place(pod('c'), { claims: [claim('c', { storageClassName: 'made' })] }));
    const allowedTopologies = [{ matchLabelExpressions: [{ key: 'zone', values: ['z1'] }] }];
    const world = { claims: [claim('c', { storageClassName: 'made' })], classes: [aClass('made', 'x.io/maker', { allowedTopologies })] };
    expect(place(pod('c'), { ...world, nodes: [aNode('a'), aNode('b').labelled({ zone: 'z1' })] })).toBe('b');
    const annotations = { 'volume.kubernetes.io/selected-node': 'b' };
    expect(place(pod('c'), { claims: [claim('c', { storageClassName: 'made' }, { annotations })] })).toBe('b');
  });

  it('keeps to what the driver says it has room for', () => {
    const drivers: Live<CSIDriver>[] = [{ metadata: meta('x.io/maker'), spec: { storageCapacity: true } }];
    const capacity = (name: string, size: string, host: string): Live<CSIStorageCapacity> => ({
      metadata: meta(name, { namespace: 'default' }),
      storageClassName: 'made',
      capacity: size,
      nodeTopology: { matchLabels: { 'kubernetes.io/hostname': host } },
    });
    const world = { drivers, claims: [claim('c', { storageClassName: 'made' })] };
    expect(place(pod('c'), { ...world, capacities: [capacity('1', '500Mi', 'a'), capacity('2', '2Gi', 'b')] })).toBe('b');
    expect(place(pod('c'), world)).toBe('0/2 nodes are available: 2 node(s) did not have enough free storage.');
  });

  it('waits for the claim of an ephemeral volume, and for no claim of another', () => {
    const ephemeral = aPod('p').mounting({ name: 's', ephemeral: {} });
    expect(place(ephemeral, {})).toBe(
      '0/2 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim "p-s".',
    );
    expect(place(ephemeral, { claims: [bound('p-s', 'v')], volumes: [volume('v')] })).toBe(
      '0/2 nodes are available: PVC default/p-s was not created for pod default/p (pod is not owner).',
    );
  });
});

describe('VolumeRestrictions', () => {
  const nodes = [aNode('a')];
  const other = (...volumes: Volume[]) =>
    aPod('other')
      .on('a')
      .mounting(...volumes);

  it('lets one pod use a claim that is for one', () => {
    const world = { nodes, claims: [bound('c', 'v', { accessModes: ['ReadWriteOncePod'] })], volumes: [volume('v')] };
    expect(place(pod('c'), world)).toBe('a');
    expect(place(pod('c'), { ...world, running: [other(...uses('c'))] })).toBe(
      '0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.',
    );
  });

  // Upstream: `TestReadWriteOncePodPreemption` of `test/integration/scheduler/preemption/preemption_test.go`.
  it.each<[string, string[], string[][], string[]]>([
    ['whoever uses the claim', ['c'], [['c']], ['default/low-0']],
    ['all who use one of the claims', ['c', 'd'], [['c'], ['d']], ['default/low-0', 'default/low-1']],
    ['one who uses both', ['c', 'd'], [['c', 'd']], ['default/low-0']],
    ['nobody else', ['c'], [['c'], ['d'], []], ['default/low-0']],
  ])('has %s go for a more important pod', (_who, wanted, used, victims) => {
    const one = { accessModes: ['ReadWriteOncePod'] };
    const objects = {
      persistentvolumeclaims: [bound('c', 'v', one), bound('d', 'w', one)],
      persistentvolumes: [volume('v', one), volume('w', one)],
    };
    const running = used.map((names, i) =>
      aPod(`low-${i}`)
        .priority(1)
        .on('a')
        .mounting(...uses(...names)),
    );
    const placed = new Placement({ objects }).with(nodes, running).place(
      pod(...wanted)
        .priority(5)
        .build(),
    );
    expect(placed.nominatedNodeName).toBe('a');
    expect([...(placed.victims ?? [])].sort()).toEqual(victims);
  });

  const gce = (readOnly: boolean): Volume => ({ name: 'd', gcePersistentDisk: { pdName: 'disk', readOnly } });
  const ebs: Volume = { name: 'd', awsElasticBlockStore: { volumeID: 'disk', readOnly: true } };
  const iscsi = (readOnly: boolean): Volume => ({ name: 'd', iscsi: { targetPortal: 'p', iqn: 'disk', lun: 0, readOnly } });
  const rbd = (...monitors: string[]): Volume => ({ name: 'd', rbd: { monitors, image: 'disk', pool: 'p' } });
  it.each<[string, Volume, Volume, boolean]>([
    ['GCE disks, both read', gce(true), gce(true), true],
    ['GCE disks, one written', gce(true), gce(false), false],
    ['EBS disks, whatever is done', ebs, ebs, false],
    ['iSCSI disks, both read', iscsi(true), iscsi(true), true],
    ['iSCSI disks, one written', iscsi(false), iscsi(true), false],
    ['RBD images of one cluster', rbd('m1', 'm2'), rbd('m2'), false],
    ['RBD images of two clusters', rbd('m1'), rbd('m2'), true],
  ])('%s: %#', (_what, mine, theirs, fits) => {
    expect(place(aPod('p').mounting(mine), { nodes, running: [other(theirs)] })).toBe(
      fits ? 'a' : '0/1 nodes are available: 1 node(s) had no available disk.',
    );
  });
});

describe('VolumeZone', () => {
  const zone = 'topology.kubernetes.io/zone';
  const nodes = [aNode('a').labelled({ [zone]: 'z1' }), aNode('b').labelled({ [zone]: 'z2' })];
  const claims = [bound('c', 'v')];

  it.each([
    ['the zone', { [zone]: 'z2' }, 'b'],
    ['the zone by its older name', { 'failure-domain.beta.kubernetes.io/zone': 'z2' }, 'b'],
    ['one of several zones', { [zone]: 'z3__z2' }, 'b'],
    ['no zone that a node is in', { [zone]: 'z3' }, '0/2 nodes are available: 2 node(s) had no available volume zone.'],
  ])('sends a pod to %s', (_what, labels, where) => {
    expect(place(pod('c'), { nodes, claims, volumes: [volume('v', {}, { labels })] })).toBe(where);
  });

  it('takes no notice of a label that names a zone without a name', () => {
    const volumes = [volume('v', {}, { labels: { [zone]: 'z3__' } })];
    expect(place(pod('c'), { nodes: [aNode('a').labelled({ [zone]: 'z1' })], claims, volumes })).toBe('a');
  });

  it('filters where PreFilter is disabled', () => {
    const inZ3 = { nodes, claims, volumes: [volume('v', {}, { labels: { [zone]: 'z3' } })] };
    expect(place(pod('c'), inZ3, filteringAlone('VolumeZone'))).toContain('2 node(s) had no available volume zone');
    expect(place(pod('gone'), inZ3, filteringAlone('VolumeZone'))).toContain('2 persistentvolumeclaim "gone" not found');
    expect(place(aPod('p'), inZ3, filteringAlone('VolumeZone'))).toMatch(/^[ab]$/);
  });

  it('does not ask nodes that are in no zone', () => {
    expect(place(pod('c'), { nodes: [aNode('a')], claims, volumes: [volume('v', {}, { labels: { [zone]: 'z3' } })] })).toBe('a');
  });
});

describe('NodeVolumeLimits', () => {
  const csi = (handle: string): PersistentVolume['spec'] => ({ csi: { driver: 'd.io', volumeHandle: handle } });
  const csiNode = (name: string, count: number): Live<CSINode> => ({
    metadata: meta(name),
    spec: { drivers: [{ name: 'd.io', nodeID: name, allocatable: { count } }] },
  });
  const claims = [bound('c', 'v'), bound('d', 'w'), bound('e', 'v')];
  const volumes = [volume('v', csi('1')), volume('w', csi('2'))];
  const running = [
    aPod('other')
      .on('a')
      .mounting(...uses('c')),
  ];
  const nodes = [aNode('a')];

  it('lets a node have as many volumes as it can attach, each counted once', () => {
    expect(place(pod('d'), { nodes, claims, volumes, running, csiNodes: [csiNode('a', 2)] })).toBe('a');
    expect(place(pod('d'), { nodes, claims, volumes, running, csiNodes: [csiNode('a', 1)] })).toBe(
      '0/1 nodes are available: 1 node(s) exceed max volume count.',
    );
    expect(place(pod('e'), { nodes, claims, volumes, running, csiNodes: [csiNode('a', 1)] })).toBe('a');
    expect(place(pod('d'), { nodes, claims, volumes, running })).toBe('a');
  });

  it('filters where PreFilter is disabled', () => {
    const world = { nodes, claims, volumes, running, csiNodes: [csiNode('a', 1)] };
    expect(place(pod('d'), world, filteringAlone('NodeVolumeLimits'))).toContain('exceed max volume count');
    expect(place(pod('e'), world, filteringAlone('NodeVolumeLimits'))).toBe('a');
    expect(place(aPod('p'), world, filteringAlone('NodeVolumeLimits'))).toBe('a');
  });

  it('counts what is still attached, and nothing twice', () => {
    const attachment = (name: string, persistentVolumeName: string, nodeName = 'a'): Live<VolumeAttachment> => ({
      metadata: meta(name),
      spec: { attacher: 'd.io', nodeName, source: { persistentVolumeName } },
      status: { attached: true },
    });
    const world = { nodes, claims, volumes: [...volumes, volume('x', csi('3'))], running, csiNodes: [csiNode('a', 2)] };
    expect(place(pod('d'), { ...world, attachments: [attachment('one', 'x')] })).toContain('exceed max volume count');
    expect(place(pod('d'), { ...world, attachments: [attachment('one', 'v'), attachment('two', 'x', 'b')] })).toBe('a');
    expect(place(pod('e'), { ...world, attachments: [attachment('one', 'x')] })).toBe('a');
  });

  it('counts volumes that are yet to be made', () => {
    const unmade = claim('n', { storageClassName: 'csi' });
    const world = { nodes, claims: [...claims, unmade], volumes, running, classes: [aClass('csi', 'd.io')] };
    expect(place(pod('n'), { ...world, csiNodes: [csiNode('a', 1)] })).toContain('exceed max volume count');
    expect(place(pod('n'), { ...world, csiNodes: [csiNode('a', 2)] })).toBe('a');
  });
});

it('profiles share what volumes are taken', () => {
  const configuration = readConfiguration({ profiles: [{ schedulerName: 'x' }, { schedulerName: 'y' }] }, '.');
  const objects = {
    persistentvolumeclaims: [claim('c'), claim('d')],
    persistentvolumes: [volume('v', on('a'))],
    storageclasses: [LOCAL],
  };
  const placement = new Placement({ configuration, objects }).with([aNode('a')]);
  const of = (name: string, schedulerName: string, claimName: string) =>
    aPod(name)
      .mounting(...uses(claimName))
      .with({ schedulerName })
      .build();
  expect(placement.place(of('p', 'x', 'c')).nodeName).toBe('a');
  expect(placement.place(of('q', 'y', 'd')).message).toContain("didn't find available persistent volumes to bind");
});
