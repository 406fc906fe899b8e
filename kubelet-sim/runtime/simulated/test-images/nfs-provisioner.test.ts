import { expect, test } from 'vitest';
import type { Live, PersistentVolume, PersistentVolumeClaim } from '../../../../api/index.ts';
import { isLeft, isWanted, volumeFor } from './nfs-provisioner.ts';

const OURS = 'example.com/nfs';
const meta = { uid: 'u', resourceVersion: '7', creationTimestamp: '' };

const aClaim = (metadata: object = {}, spec: object = {}): Live<PersistentVolumeClaim> => ({
  metadata: { ...meta, name: 'c', namespace: 'n', annotations: { 'volume.kubernetes.io/storage-provisioner': OURS }, ...metadata },
  spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, ...spec },
  status: { phase: 'Pending' },
});

const aVolume = (metadata: object = {}, spec: object = {}, phase = 'Released'): Live<PersistentVolume> => ({
  metadata: { ...meta, name: 'pvc-u', annotations: { 'pv.kubernetes.io/provisioned-by': OURS }, ...metadata },
  spec: { persistentVolumeReclaimPolicy: 'Delete', ...spec },
  status: { phase },
});

test.each([
  ['one of ours', aClaim(), true],
  ['one that is marked in the old way', aClaim({ annotations: { 'volume.beta.kubernetes.io/storage-provisioner': OURS } }), true],
  ['one of another provisioner', aClaim({ annotations: { 'volume.kubernetes.io/storage-provisioner': 'other' } }), false],
  ['one that has a volume', aClaim({}, { volumeName: 'v' }), false],
  ['one that is going', aClaim({ deletionTimestamp: 't' }), false],
])('a volume is made for %s: %#', (_, claim, wanted) => {
  expect(isWanted(claim, OURS)).toBe(wanted);
});

test.each([
  ['one that is released', aVolume(), true],
  ['one that is bound', aVolume({}, {}, 'Bound'), false],
  ['one that is to be retained', aVolume({}, { persistentVolumeReclaimPolicy: 'Retain' }), false],
  ['one of another', aVolume({ annotations: { 'pv.kubernetes.io/provisioned-by': 'other' } }), false],
  ['one that is going', aVolume({ deletionTimestamp: 't' }), false],
])('what is deleted: %s', (_, volume, left) => {
  expect(isLeft(volume, OURS)).toBe(left);
});

test('a volume is a directory of the server, as its class and its claim want it', () => {
  const storageClass = { metadata: { name: 'nfs' }, provisioner: OURS, reclaimPolicy: 'Retain', mountOptions: ['vers=3'] };
  const { metadata, spec } = volumeFor(aClaim(), storageClass, { provisioner: OURS, server: '10.0.0.1' });
  expect([metadata.name, metadata.annotations?.['pv.kubernetes.io/provisioned-by']]).toEqual(['pvc-u', OURS]);
  expect(spec).toMatchObject({
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteMany'],
    claimRef: { kind: 'PersistentVolumeClaim', name: 'c', namespace: 'n', uid: 'u' },
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'nfs',
    mountOptions: ['vers=3'],
    nfs: { server: '10.0.0.1', path: '/export/pvc-u' },
  });
});
