import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  coreKinds,
  type Event,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  storageKinds,
} from '../../api/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { persistentvolumeclaims, persistentvolumes, pods, events } = coreKinds;
const { storageclasses } = storageKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['one', 'two'], settings: { pvClaimBinderSyncPeriodMs: 200 } });
  await storageClass('now', { volumeBindingMode: 'Immediate', allowVolumeExpansion: true });
  await storageClass('later', { volumeBindingMode: 'WaitForFirstConsumer' });
  await storageClass('kept', { volumeBindingMode: 'Immediate', reclaimPolicy: 'Retain' });
  await storageClass('foreign', { provisioner: 'example.com/disk' });
});
afterAll(() => plane[Symbol.asyncDispose]());

const storageClass = (name: string, more: object = {}, metadata: object = {}) =>
  plane.create<StorageClass>(storageclasses, { metadata: { name, ...metadata }, provisioner: 'nanokube.dev/hostpath', ...more });
const claim = (name: string, spec: object, metadata: object = {}) =>
  plane.create<PersistentVolumeClaim>(persistentvolumeclaims, {
    metadata: { name, namespace: 'default', ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
const volume = (name: string, spec: object = {}, metadata: object = {}) =>
  plane.create<PersistentVolume>(persistentvolumes, {
    metadata: { name, ...metadata },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: `/tmp/${name}` }, ...spec },
  });
const inPhase = (phase: string) => (object: Live<PersistentVolume> | Live<PersistentVolumeClaim>) => object.status.phase === phase;
const bound = (name: string) => plane.eventually<PersistentVolumeClaim>(persistentvolumeclaims, name, inPhase('Bound'));
const volumeIn = (name: string, phase: string) => plane.eventually<PersistentVolume>(persistentvolumes, name, inPhase(phase));
const remove = (name: string) => plane.client.resource(persistentvolumeclaims).delete(name, { namespace: 'default' });
const patch = (name: string, body: object) =>
  plane.client.resource<PersistentVolumeClaim>(persistentvolumeclaims).patch(name, body, { namespace: 'default', type: 'merge' });
const grow = (name: string, storage: string) => patch(name, { spec: { resources: { requests: { storage } } } });

/** Waits until events about an object say all this, and returns who said it. */
const told = async (name: string, ...wanted: string[]) => {
  const text = ({ type, reason, message }: Event) => `${type} ${reason}: ${message}`;
  const about = (all: Live<Event>[]) => all.filter(({ involvedObject }) => involvedObject.name === name);
  const all = await plane.eventuallyAll<Event>(events, (some) => wanted.every((one) => about(some).map(text).includes(one)));
  return wanted.map((one) => about(all).find((event) => text(event) === one)?.source?.component);
};

const isAboutTireless = ({ involvedObject }: Event): boolean => involvedObject.name === 'tireless';

describe('volumes made by hand', () => {
  it('are bound to claims, both sides with upstream’s marks, and kept when the claim is gone', async () => {
    await volume('static', { storageClassName: 'manual', persistentVolumeReclaimPolicy: 'Retain', capacity: { storage: '2Gi' } });
    await volume('larger', { storageClassName: 'manual', capacity: { storage: '3Gi' } });
    await claim('static', { storageClassName: 'manual' });
    const { metadata, spec, status } = await bound('static');
    expect([spec.volumeName, status.capacity, status.accessModes]).toEqual(['static', { storage: '2Gi' }, ['ReadWriteOnce']]);
    expect(metadata.annotations).toEqual({ 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' });
    const taken = await volumeIn('static', 'Bound');
    expect(taken.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(taken.spec.claimRef).toMatchObject({
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      namespace: 'default',
      name: 'static',
      uid: metadata.uid,
    });
    await volumeIn('larger', 'Available');
    await remove('static');
    await volumeIn('static', 'Released');
    // A new claim of the name does not get what the old one left.
    await claim('static', { storageClassName: 'manual' });
    expect((await bound('static')).spec.volumeName).toBe('larger');
  });

  it('are waited for, and taken as soon as they are there', async () => {
    await claim('patient', { storageClassName: '' });
    const message = 'Normal FailedBinding: no persistent volumes available for this claim and no storage class is set';
    expect(await told('patient', message)).toEqual(['persistentvolume-controller']);
    await volume('arrived', { capacity: { storage: '5Gi' } });
    expect((await bound('patient')).spec.volumeName).toBe('arrived');
  });

  it('are looked for again and again, of which one event tells with a count', async () => {
    await claim('tireless', { storageClassName: '', selector: { matchLabels: { never: 'there' } } });
    const all = await plane.eventuallyAll<Event>(events, (some) => some.some((event) => isAboutTireless(event) && (event.count ?? 0) >= 3));
    expect(all.filter(isAboutTireless).map(({ reason }) => reason)).toEqual(['FailedBinding']);
  });

  it('are looked for once a round, also where a free volume is asked for that will not do', async () => {
    await volume('unfit', { storageClassName: 'unfit', capacity: { storage: '5Gi' } });
    await volumeIn('unfit', 'Available');
    await claim('steady', { storageClassName: 'steady' });
    await claim('unlucky', { storageClassName: 'other', volumeName: 'unfit' });
    const counts = (all: Live<Event>[]) =>
      ['steady', 'unlucky'].map((name) => all.find(({ involvedObject }) => involvedObject.name === name)?.count ?? 0);
    const all = await plane.eventuallyAll<Event>(events, (some) => Math.min(...counts(some)) >= 10);
    const [steady = 0, unlucky = 0] = counts(all);
    // The first looks are more than one, and one event of a round may be written before the other.
    expect(unlucky - steady).toBeLessThan(5);
    await Promise.all(['steady', 'unlucky'].map(remove));
  });

  it('are given to one claim each, however many ask at once', async () => {
    const sizes = ['1Gi', '2Gi', '1Gi', '4Gi', '1Gi', '3Gi'];
    const volumes = Array.from({ length: 24 }, (_, i) => `crowd-${i}`);
    const claims = Array.from({ length: 36 }, (_, i) => `crowd-${i}`);
    await Promise.all([
      ...volumes.map((name, i) => volume(name, { storageClassName: 'crowd', capacity: { storage: sizes[i % sizes.length] } })),
      ...claims.map((name) => claim(name, { storageClassName: 'crowd' })),
    ]);
    const ofCrowd = <T extends PersistentVolume | PersistentVolumeClaim>(all: Live<T>[]) =>
      all.filter(({ spec }) => spec.storageClassName === 'crowd');
    const taken = await plane.eventuallyAll<PersistentVolume>(
      persistentvolumes,
      (all) => ofCrowd(all).filter(inPhase('Bound')).length === 24,
    );
    const given = await plane.eventuallyAll<PersistentVolumeClaim>(
      persistentvolumeclaims,
      (all) => ofCrowd(all).filter(inPhase('Bound')).length === 24,
    );
    const pairs = ofCrowd(given)
      .filter(inPhase('Bound'))
      .map(({ metadata, spec }) => `${metadata.name} ${spec.volumeName}`);
    expect(pairs.sort()).toEqual(
      ofCrowd(taken)
        .map(({ metadata, spec }) => `${spec.claimRef?.name} ${metadata.name}`)
        .sort(),
    );
  });

  it('are given to the claim that they name, or that names them, and only if they suit it', async () => {
    await volume('small', { storageClassName: 'named', capacity: { storage: '1Mi' } });
    await claim('choosy', { storageClassName: 'named', volumeName: 'small' });
    await told('choosy', 'Warning VolumeMismatch: Cannot bind to requested volume "small": requested PV is too small');
    await volume('reserved', { storageClassName: 'named', claimRef: { namespace: 'default', name: 'expected' } });
    await volumeIn('reserved', 'Available');
    await claim('other', { storageClassName: 'named' });
    await claim('expected', { storageClassName: 'named' });
    expect((await bound('expected')).spec.volumeName).toBe('reserved');
    expect((await volumeIn('reserved', 'Bound')).metadata.annotations).toBeUndefined();
    await claim('late', { storageClassName: 'named', volumeName: 'reserved' });
    await told('late', 'Warning FailedBinding: volume "reserved" already bound to a different claim.');
    expect((await plane.get<PersistentVolumeClaim>(persistentvolumeclaims, 'other')).status.phase).toBe('Pending');
    await told('other', 'Warning ProvisioningFailed: storageclass.storage.k8s.io "named" not found');
  });

  it('that vanish leave their claim Lost', async () => {
    await volume('fragile', { storageClassName: 'fragile' });
    await claim('loser', { storageClassName: 'fragile' });
    await bound('loser');
    await plane.client.resource(persistentvolumes).delete('fragile');
    await plane.client
      .resource<PersistentVolume>(persistentvolumes)
      .patch('fragile', { metadata: { finalizers: null } }, { type: 'merge' });
    await plane.eventually<PersistentVolumeClaim>(persistentvolumeclaims, 'loser', inPhase('Lost'));
    await told('loser', 'Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  });

  it('are deleted where a plugin of upstream would, and Failed where none can', async () => {
    for (const [name, path] of [
      ['tmp', '/tmp/x'],
      ['going', '/tmp/y'],
      ['data', '/data/x'],
    ] as const) {
      const madeByPlugin = { annotations: { 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/host-path' } };
      await volume(name, { storageClassName: name, persistentVolumeReclaimPolicy: 'Delete', hostPath: { path } }, madeByPlugin);
      // What a plugin made does not go before what it stands for, whoever deletes it.
      const isHeld = ({ metadata }: PersistentVolume) => metadata.finalizers?.includes('kubernetes.io/pv-controller') === true;
      await plane.eventually<PersistentVolume>(persistentvolumes, name, isHeld);
      await claim(name, { storageClassName: name });
      await bound(name);
      if (name === 'going') await plane.client.resource(persistentvolumes).delete(name);
      await remove(name);
    }
    for (const name of ['tmp', 'going']) await plane.eventuallyGone(persistentvolumes, name);
    const failed = await volumeIn('data', 'Failed');
    expect(failed.status.message).toBe('host_path deleter only supports /tmp/.+ but received provided /data/x');
  });

  it('are wiped by a pod and used again, where the policy is Recycle', async () => {
    const large = { capacity: { storage: '10Gi' } };
    await volume('reused', { storageClassName: 'reused', persistentVolumeReclaimPolicy: 'Recycle', ...large });
    await claim('first', { storageClassName: 'reused' });
    await bound('first');
    await remove('first');
    const pod = await plane.eventually<Pod>(pods, 'recycler-for-reused', ({ status }) => status.phase === 'Running');
    expect(pod.spec.volumes?.[0]).toMatchObject({ name: 'vol', hostPath: { path: '/tmp/reused' } });
    // Half a minute for each Gi.
    expect(pod.spec.activeDeadlineSeconds).toBe(300);
    const status = { phase: 'Succeeded' };
    await plane.client
      .resource<Pod>(pods)
      .patch(pod.metadata.name, { status }, { namespace: 'default', type: 'merge', subresource: 'status' });
    const free = await volumeIn('reused', 'Available');
    expect([free.spec.claimRef, free.metadata.annotations]).toEqual([undefined, undefined]);
    await told('reused', 'Normal VolumeRecycled: Volume recycled');
    await plane.eventuallyGone(pods, 'recycler-for-reused');
  });
});

describe('volumes made on demand', () => {
  it('are made at once, told of as an external provisioner does, and deleted with the claim', async () => {
    const { metadata } = await claim('quick', { storageClassName: 'now' });
    const name = `pvc-${metadata.uid}`;
    const quick = await bound('quick');
    expect(quick.spec.volumeName).toBe(name);
    expect(quick.metadata.annotations).toMatchObject({
      'volume.kubernetes.io/storage-provisioner': 'nanokube.dev/hostpath',
      'volume.beta.kubernetes.io/storage-provisioner': 'nanokube.dev/hostpath',
    });
    const made = await volumeIn(name, 'Bound');
    expect(made.metadata.annotations).toMatchObject({ 'pv.kubernetes.io/provisioned-by': 'nanokube.dev/hostpath' });
    expect(made.spec).toMatchObject({
      capacity: { storage: '1Gi' },
      storageClassName: 'now',
      persistentVolumeReclaimPolicy: 'Delete',
      hostPath: { path: `/var/lib/nanokube/volumes/${name}_default_quick`, type: 'DirectoryOrCreate' },
    });
    const components = await told(
      'quick',
      "Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'nanokube.dev/hostpath' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
      'Normal Provisioning: External provisioner is provisioning volume for claim "default/quick"',
      `Normal ProvisioningSucceeded: Successfully provisioned volume ${name}`,
    );
    expect(components).toEqual(['persistentvolume-controller', 'nanokube.dev/hostpath', 'nanokube.dev/hostpath']);
    await remove('quick');
    await plane.eventuallyGone(persistentvolumes, name);
  });

  it('are spread over the nodes, and kept when the class says so', async () => {
    const claims = await Promise.all(['a', 'b'].map((name) => claim(name, { storageClassName: 'kept' })));
    const made = await Promise.all(claims.map(({ metadata }) => volumeIn(`pvc-${metadata.uid}`, 'Bound')));
    const hosts = made.map(({ spec }) => spec.nodeAffinity?.required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values?.[0]);
    expect(hosts.sort()).toEqual(['one', 'two']);
    await remove('a');
    await volumeIn(`pvc-${claims[0]?.metadata.uid}`, 'Released');
  });

  it('wait for the pod that uses them to have a node, and are made there', async () => {
    await claim('lazy', { storageClassName: 'later' });
    await told('lazy', 'Normal WaitForFirstConsumer: waiting for first consumer to be created before binding');
    await patch('lazy', { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'nowhere' } } });
    await told(
      'lazy',
      'Warning ProvisioningFailed: failed to provision volume with StorageClass "later": failed to get target node: node "nowhere" not found',
    );
    const again = await plane.eventually<PersistentVolumeClaim>(
      persistentvolumeclaims,
      'lazy',
      ({ metadata }) => metadata.annotations?.['volume.kubernetes.io/selected-node'] === undefined,
    );
    expect(again.status.phase).toBe('Pending');
    await patch('lazy', { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'two' } } });
    const { spec } = await plane.get<PersistentVolume>(persistentvolumes, (await bound('lazy')).spec.volumeName ?? '');
    expect(spec.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['two'] }] },
    ]);
  });

  it('are waited for when somebody else makes them', async () => {
    await claim('elsewhere', { storageClassName: 'foreign' });
    await told(
      'elsewhere',
      "Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    );
    const block = await claim('raw', { storageClassName: 'now', volumeMode: 'Block' });
    await told(block.metadata.name, 'Warning ProvisioningFailed: nanokube.dev/hostpath does not support block volume provisioning');
  });

  it('come from the default class, also when that is marked after the claim was made', async () => {
    await claim('unclassed', {});
    await told('unclassed', 'Normal FailedBinding: no persistent volumes available for this claim and no storage class is set');
    await storageClass('standard', {}, { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } });
    expect((await bound('unclassed')).spec.storageClassName).toBe('standard');
  });

  it('grow, as far as can be without a node', async () => {
    const { metadata } = await claim('growing', { storageClassName: 'now' });
    await bound('growing');
    await grow('growing', '2Gi');
    const waiting = await plane.eventually<PersistentVolumeClaim>(
      persistentvolumeclaims,
      'growing',
      ({ status }) => status.allocatedResourceStatuses?.storage === 'NodeResizePending',
    );
    expect(waiting.status).toMatchObject({ capacity: { storage: '1Gi' }, allocatedResources: { storage: '2Gi' } });
    expect(waiting.status.conditions?.map(({ type, status, message }) => [type, status, message])).toEqual([
      ['Resizing', 'True', undefined],
      ['FileSystemResizePending', 'True', 'Waiting for user to (re-)start a pod to finish file system resize of volume on node.'],
    ]);
    const name = `pvc-${metadata.uid}`;
    expect((await plane.get<PersistentVolume>(persistentvolumes, name)).spec.capacity).toEqual({ storage: '2Gi' });
    const components = await told(
      'growing',
      'Normal ExternalExpanding: waiting for an external controller to expand this PVC',
      `Normal Resizing: External resizer is resizing volume ${name}`,
      'Normal FileSystemResizeRequired: Require file system resize of volume on node',
    );
    expect(components).toEqual(['volume_expand', 'external-resizer nanokube.dev/hostpath', 'external-resizer nanokube.dev/hostpath']);
  });
});

describe('volumes of a plugin that a driver took over from', () => {
  it.each([
    ['aws', { awsElasticBlockStore: { volumeID: 'vol-1' } }, 'kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
    ['vsphere', { vsphereVolume: { volumePath: '[a] b' } }, 'kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
  ])('are for its resizer to grow: %s', async (name, source, plugin, driver) => {
    await volume(`${name}-disk`, { storageClassName: 'now', hostPath: undefined, ...source });
    await claim(name, { storageClassName: 'now', volumeName: `${name}-disk` });
    await bound(name);
    await grow(name, '2Gi');
    await told(name, `Normal ExternalExpanding: CSI migration enabled for ${plugin}; waiting for external resizer to expand the pvc`);
    await plane.eventually<PersistentVolumeClaim>(
      persistentvolumeclaims,
      name,
      ({ metadata }) => metadata.annotations?.['volume.kubernetes.io/storage-resizer'] === driver,
    );
  });
});

describe('an ephemeral volume', () => {
  const spec = (volumes: object[]) => ({ containers: [{ name: 'c', image: 'x' }], volumes });
  const volumeClaimTemplate = {
    metadata: { labels: { made: 'for-pod' } },
    spec: { storageClassName: 'now', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };

  it('has a claim of its own, which goes with the pod', async () => {
    await plane.create<Pod>(pods, { metadata: { name: 'p' }, spec: spec([{ name: 'scratch', ephemeral: { volumeClaimTemplate } }]) });
    const made = await bound('p-scratch');
    expect(made.metadata.labels).toEqual({ made: 'for-pod' });
    expect(made.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Pod', name: 'p', controller: true });
    await plane.client.resource(pods).delete('p', { namespace: 'default', gracePeriodSeconds: 0 });
    await plane.eventuallyGone(persistentvolumeclaims, 'p-scratch');
  });

  it('does not take a claim that was there before', async () => {
    await claim('q-scratch', { storageClassName: 'now' });
    await plane.create<Pod>(pods, { metadata: { name: 'q' }, spec: spec([{ name: 'scratch', ephemeral: { volumeClaimTemplate } }]) });
    const why = 'PVC default/q-scratch was not created for pod default/q (pod is not owner)';
    expect(await told('q', `Warning FailedBinding: ephemeral volume scratch: ${why}`)).toEqual(['ephemeral_volume']);
  });
});

it('nothing is written once all is bound, however often it is looked at', async () => {
  const versions = async () => {
    const [claims, volumes] = await Promise.all([
      plane.list<PersistentVolumeClaim>(persistentvolumeclaims, 'default'),
      plane.list<PersistentVolume>(persistentvolumes),
    ]);
    return [...claims, ...volumes].map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort();
  };
  // What the last tests began may take a while to be done; then, some resyncs later, all is as it was.
  const isQuiet = async () => {
    const before = await versions();
    await systemClock.sleep(1000);
    return JSON.stringify(await versions()) === JSON.stringify(before);
  };
  await expect.poll(isQuiet).toBe(true);
  expect((await versions()).length).toBeGreaterThan(5);
});
