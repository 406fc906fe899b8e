import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  coreKinds,
  type KindInfo,
  type Namespace,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  storageKinds,
} from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { namespaces, persistentvolumeclaims, persistentvolumes, pods } = coreKinds;
const { volumeattributesclasses } = storageKinds;

let plane: ControlPlane;
beforeAll(async () => {
  // Phases are set by hand here, which the one that binds would not leave so.
  plane = await startControlPlane({ nodes: ['n'], controllers: ['*', '-persistentvolume-binder-controller'] });
});
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
