import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  coreKinds,
  type Event,
  type KindInfo,
  type Namespace,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  storageKinds,
  type VolumeAttachment,
} from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates } from '../support/gates.ts';

const { events, namespaces, nodes, persistentvolumeclaims, persistentvolumes, pods } = coreKinds;
const { volumeattachments, volumeattributesclasses } = storageKinds;

const gates = new Gates();
let plane: ControlPlane;
beforeAll(async () => {
  // Phases are set by hand here, which the one that binds would not leave so.
  plane = await startControlPlane({ nodes: ['n', 'm'], controllers: ['*', '-persistentvolume-binder-controller'], gates });
});
afterEach(() => gates.openAll());
afterAll(() => plane[Symbol.asyncDispose]());

const isGoing = ({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string | undefined } }) =>
  metadata.deletionTimestamp !== undefined;
const remove = (kind: KindInfo, name: string, namespace?: string) => plane.client.resource(kind).delete(name, { namespace });

const claim = (name: string, spec: object = {}, namespace = 'default') =>
  plane.create<PersistentVolumeClaim>(persistentvolumeclaims, {
    metadata: { name, namespace },
    spec: { storageClassName: 'none', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });

it('a claim goes when the last pod that uses it has gone', async () => {
  await claim('data');
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'x' }], volumes };
  await plane.create<Pod>(pods, { metadata: { name: 'user', namespace: 'default' }, spec });
  await remove(persistentvolumeclaims, 'data', 'default');
  expect(isGoing(await plane.get(persistentvolumeclaims, 'data', 'default'))).toBe(true);
  await plane.client.resource(pods).delete('user', { namespace: 'default', gracePeriodSeconds: 0 });
  await plane.eventuallyGone(persistentvolumeclaims, 'data', 'default');
});

it('a namespace with claims that nobody uses is emptied', async () => {
  await plane.create<Namespace>(namespaces, { metadata: { name: 'stored' } });
  await claim('unused', {}, 'stored');
  await remove(namespaces, 'stored');
  await plane.eventuallyGone(namespaces, 'stored');
});

it('a claim that is not in the cache yet, and is not the pod’s, is told of', async () => {
  gates.close('watch persistentvolumeclaims');
  await claim('late-scratch');
  const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }];
  const user = (name: string) =>
    plane.create<Pod>(pods, { metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'x' }], volumes } });
  await user('late');
  // The claim of one that came later is there: the first was looked at.
  await user('later');
  await plane.eventually<PersistentVolumeClaim>(persistentvolumeclaims, 'later-scratch', () => true);
  gates.open('watch persistentvolumeclaims');
  const message = 'ephemeral volume scratch: PVC default/late-scratch was not created for pod default/late (pod is not owner)';
  await plane.eventuallyAll<Event>(events, (all) => all.some((event) => event.reason === 'FailedBinding' && event.message === message));
});

it('a volume goes when it is bound no more, and is protected again if somebody takes that off', async () => {
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } };
  await plane.create<PersistentVolume>(persistentvolumes, { metadata: { name: 'v' }, spec });
  const volumes = plane.client.resource<PersistentVolume>(persistentvolumes);
  await volumes.patch('v', { metadata: { finalizers: null } }, { type: 'merge' });
  await plane.eventually<PersistentVolume>(persistentvolumes, 'v', ({ metadata }) => metadata.finalizers?.length === 1);
  await volumes.patch('v', { status: { phase: 'Bound' } }, { type: 'merge', subresource: 'status' });
  await remove(persistentvolumes, 'v');
  expect(isGoing(await plane.get(persistentvolumes, 'v'))).toBe(true);
  await volumes.patch('v', { status: { phase: 'Released' } }, { type: 'merge', subresource: 'status' });
  await plane.eventuallyGone(persistentvolumes, 'v');
});

it('a class of attributes goes when no claim has it', async () => {
  await plane.create(volumeattributesclasses, { metadata: { name: 'gold' }, driverName: 'd.example.com', parameters: { a: 'b' } });
  await claim('golden', { volumeAttributesClassName: 'gold' });
  await remove(volumeattributesclasses, 'gold');
  expect(isGoing(await plane.get(volumeattributesclasses, 'gold'))).toBe(true);
  await remove(persistentvolumeclaims, 'golden', 'default');
  await plane.eventuallyGone(volumeattributesclasses, 'gold');
});

it('a volume for one node is attached to one of two, and stays while the node uses it, though caches are behind', async () => {
  const merge = { type: 'merge' } as const;
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
  for (const node of ['n', 'm']) await plane.client.resource<Node>(nodes).patch(node, { metadata: { annotations } }, merge);
  const csi = { driver: 'd.io', volumeHandle: 'disk' };
  await plane.create<PersistentVolume>(persistentvolumes, {
    metadata: { name: 'disk' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], csi },
  });
  await claim('disk', { volumeName: 'disk' });
  const claims = plane.client.resource<PersistentVolumeClaim>(persistentvolumeclaims);
  await claims.patch('disk', { status: { phase: 'Bound' } }, { ...merge, namespace: 'default', subresource: 'status' });
  const attachments = () => plane.list<VolumeAttachment>(volumeattachments);

  gates.close('watch volumeattachments');
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'disk' } }];
  for (const node of ['n', 'm']) {
    const spec = { nodeName: node, containers: [{ name: 'c', image: 'x' }], volumes };
    await plane.create<Pod>(pods, { metadata: { name: `disk-${node}`, namespace: 'default' }, spec });
  }
  const [refused] = await plane.eventuallyAll<Event>(events, (all) => all.some(({ reason }) => reason === 'FailedAttachVolume'));
  const [attachment, ...more] = await attachments();
  expect([refused !== undefined, more]).toEqual([true, []]);
  gates.open('watch volumeattachments');

  const node = attachment?.spec.nodeName ?? '';
  const useDisk = (volumesInUse: string[]) =>
    plane.client.resource<Node>(nodes).patch(node, { status: { volumesInUse } }, { ...merge, subresource: 'status' });
  gates.close('watch nodes');
  gates.close('get nodes');
  await useDisk(['kubernetes.io/csi/d.io^disk']);
  for (const name of ['disk-n', 'disk-m']) await remove(pods, name, 'default');
  await expect.poll(() => gates.waiting('get nodes'), { interval: 10 }).toBe(1);
  gates.open('get nodes');
  await plane.eventuallyGone(pods, `disk-${node}`);
  expect((await attachments()).map(({ metadata }) => metadata.uid)).toEqual([attachment?.metadata.uid]);
  gates.open('watch nodes');
  await useDisk([]);
  await plane.eventuallyAll<VolumeAttachment>(volumeattachments, (all) => all.length === 0);
});
