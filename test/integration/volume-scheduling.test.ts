import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  coreKinds,
  type Event,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  storageKinds,
} from '../../api/index.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { startScheduledPlane } from '../support/scheduled-plane.ts';

const { persistentvolumeclaims, persistentvolumes, pods, events } = coreKinds;
const { storageclasses } = storageKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startScheduledPlane({
    controllers: ['serviceaccount-controller', 'persistentvolume-binder-controller', 'nanokube-hostpath-provisioner-controller'],
    settings: { pvClaimBinderSyncPeriodMs: 500 },
    nodes: ['one', 'two'],
    cores: 8,
  });
  const volumeBindingMode = 'WaitForFirstConsumer';
  await plane.create(storageclasses, { metadata: { name: 'local' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode });
  await plane.create(storageclasses, { metadata: { name: 'made' }, provisioner: 'nanokube.dev/hostpath', volumeBindingMode });
});
afterAll(() => plane[Symbol.asyncDispose]());

const claim = (name: string, storageClassName: string, more: object = {}) =>
  plane.create<PersistentVolumeClaim>(persistentvolumeclaims, {
    metadata: { name, namespace: 'default' },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...more },
  });
const local = (name: string, node: string, storage = '1Gi') =>
  plane.create<PersistentVolume>(persistentvolumes, {
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      local: { path: '/mnt/disk' },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] },
      },
    },
  });
const pod = (name: string, claims: string[], spec: object = {}) =>
  plane.create<Pod>(pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'x', resources: {} }],
      // Nobody takes the taint away that a new node has.
      tolerations: [{ operator: 'Exists' }],
      volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
      ...spec,
    },
  });
const placed = (name: string) => plane.eventually<Pod>(pods, name, ({ spec }) => !!spec.nodeName);
const bound = (name: string) =>
  plane.eventually<PersistentVolumeClaim>(persistentvolumeclaims, name, ({ status }) => status.phase === 'Bound');
const refusal = async (name: string) => {
  const mine = (all: Live<Event>[]) =>
    all.filter(({ involvedObject, reason }) => involvedObject.name === name && reason === 'FailedScheduling');
  const all = await plane.eventuallyAll<Event>(events, (some) => mine(some).length > 0);
  return mine(all)[0]?.message;
};

describe('a pod with claims that wait for it', () => {
  it('goes where there are volumes for all of them, and binds these first', async () => {
    await local('a-one', 'one');
    await local('a-two', 'two');
    await local('b-two', 'two', '2Gi');
    await claim('small', 'local');
    await claim('large', 'local', { resources: { requests: { storage: '2Gi' } } });
    await pod('reader', ['small', 'large']);
    expect((await placed('reader')).spec.nodeName).toBe('two');
    expect([(await bound('small')).spec.volumeName, (await bound('large')).spec.volumeName]).toEqual(['a-two', 'b-two']);
  });

  it('has a volume made on the node that it gets', async () => {
    await claim('fresh', 'made');
    await pod('writer', ['fresh'], { nodeSelector: { 'kubernetes.io/hostname': 'one' } });
    expect((await placed('writer')).spec.nodeName).toBe('one');
    const { spec, metadata } = await bound('fresh');
    expect(metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('one');
    const volume = await plane.get<PersistentVolume>(persistentvolumes, spec.volumeName ?? '');
    expect(volume.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values).toEqual(['one']);
    // The next one follows the volume.
    await pod('follower', ['fresh']);
    expect((await placed('follower')).spec.nodeName).toBe('one');
  });

  it('waits, with upstream’s words, until there is a volume', async () => {
    await claim('unmet', 'local', { resources: { requests: { storage: '5Gi' } } });
    await pod('patient', ['unmet']);
    expect(await refusal('patient')).toMatch(/^0\/2 nodes are available: 2 node\(s\) didn't find available persistent volumes to bind\./);
    await local('late', 'two', '5Gi');
    expect((await placed('patient')).spec.nodeName).toBe('two');
  });
});

it('a pod waits for the claim that it names, and for that to be bound', async () => {
  await pod('early', ['coming']);
  expect(await refusal('early')).toMatch(/^0\/2 nodes are available: persistentvolumeclaim "coming" not found\./);
  await claim('coming', '');
  await plane.eventuallyAll<Event>(events, (all) =>
    all.some(
      ({ involvedObject, message }) =>
        involvedObject.name === 'early' &&
        message?.startsWith('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
    ),
  );
  await plane.create<PersistentVolume>(persistentvolumes, {
    metadata: { name: 'came' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  });
  await placed('early');
});

it('two pods do not both get the last volume', async () => {
  await local('last', 'one', '7Gi');
  const storage = { resources: { requests: { storage: '7Gi' } } };
  await Promise.all(['left', 'right'].map((name) => claim(name, 'local', storage)));
  await Promise.all(['left', 'right'].map((name) => pod(`of-${name}`, [name])));
  await plane.eventuallyAll<Pod>(
    pods,
    (all) => all.filter(({ metadata, spec }) => metadata.name.startsWith('of-') && spec.nodeName).length === 1,
  );
  // A pod has its node when its claim has its volume; that the claim is bound is said after it.
  const phases = async () => {
    const claims = await Promise.all(['left', 'right'].map((name) => plane.get<PersistentVolumeClaim>(persistentvolumeclaims, name)));
    return claims.map(({ status }) => status.phase).sort();
  };
  await expect.poll(phases).toEqual(['Bound', 'Pending']);
});
