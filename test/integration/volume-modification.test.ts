import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type CSIDriver,
  coreKinds,
  type Event,
  type PersistentVolume,
  type PersistentVolumeClaim,
  storageKinds,
  type VolumeAttributesClass,
} from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { persistentvolumeclaims, persistentvolumes, events } = coreKinds;
const DRIVER = 'driver.example.com';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.create<CSIDriver>(storageKinds.csidrivers, { metadata: { name: DRIVER }, spec: {} });
});
afterAll(() => plane[Symbol.asyncDispose]());

const attributesClass = (name: string, driverName = DRIVER) =>
  plane.create<VolumeAttributesClass>(storageKinds.volumeattributesclasses, { metadata: { name }, driverName, parameters: { iops: '1' } });
const ask = (name: string, volumeAttributesClassName: string) =>
  plane.client
    .resource<PersistentVolumeClaim>(persistentvolumeclaims)
    .patch(name, { spec: { volumeAttributesClassName } }, { namespace: 'default', type: 'merge' });
const claimed = (name: string, wanted: (status: PersistentVolumeClaim['status']) => boolean) =>
  plane.eventually<PersistentVolumeClaim>(persistentvolumeclaims, name, ({ status }) => wanted(status));

async function bound(name: string, more: object): Promise<void> {
  const shared = { accessModes: ['ReadWriteOnce'], storageClassName: name };
  await plane.create<PersistentVolume>(persistentvolumes, {
    metadata: { name },
    spec: { ...shared, capacity: { storage: '1Gi' }, ...more },
  });
  const metadata = { name, namespace: 'default' };
  await plane.create<PersistentVolumeClaim>(persistentvolumeclaims, {
    metadata,
    spec: { ...shared, resources: { requests: { storage: '1Gi' } } },
  });
  await claimed(name, ({ phase }) => phase === 'Bound');
}

it('a volume of a driver takes on the attributes that its claim asks for, once there is such a class', async () => {
  await bound('disk', { csi: { driver: DRIVER, volumeHandle: 'd' } });
  await ask('disk', 'gold');
  expect((await claimed('disk', ({ modifyVolumeStatus }) => modifyVolumeStatus !== undefined)).status.modifyVolumeStatus).toEqual({
    status: 'Pending',
  });
  await attributesClass('gold');
  const { status } = await claimed('disk', ({ currentVolumeAttributesClassName }) => currentVolumeAttributesClassName === 'gold');
  expect([status.modifyVolumeStatus, status.conditions]).toEqual([undefined, undefined]);
  expect((await plane.get<PersistentVolume>(persistentvolumes, 'disk')).spec.volumeAttributesClassName).toBe('gold');

  await attributesClass('silver');
  await ask('disk', 'silver');
  await claimed('disk', ({ currentVolumeAttributesClassName }) => currentVolumeAttributesClassName === 'silver');
  const reasons = (all: readonly Event[]) =>
    all.filter(({ source }) => source?.component === `external-resizer ${DRIVER}`).map(({ reason, message }) => `${reason}: ${message}`);
  const wanted = ['gold', 'silver'].flatMap((name) => [
    `VolumeModify: external resizer is modifying volume disk with vac ${name}`,
    `VolumeModifySuccessful: external resizer modified volume disk with vac ${name} successfully `,
  ]);
  const told = await plane.eventuallyAll<Event>(events, (all) => reasons(all).length >= wanted.length);
  expect(reasons(told).sort()).toEqual(wanted.sort());
});

it('a claim of a provisioner without drivers is told that there are no such attributes', async () => {
  await plane.create(storageKinds.storageclasses, { metadata: { name: 'plain' }, provisioner: 'nanokube.dev/hostpath' });
  const spec = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'plain',
    volumeAttributesClassName: 'gold',
    resources: { requests: { storage: '1Gi' } },
  };
  await plane.create<PersistentVolumeClaim>(persistentvolumeclaims, { metadata: { name: 'plain', namespace: 'default' }, spec });
  const message = 'failed to provision volume with StorageClass "plain": volumeAttributesClassName is not supported';
  await plane.eventuallyAll<Event>(events, (all) =>
    all.some((event) => event.message === message && event.reason === 'ProvisioningFailed'),
  );
});
