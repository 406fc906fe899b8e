import { expect, it } from 'vitest';
import type { Live, PersistentVolume, PersistentVolumeClaim } from '../../api/index.ts';
import { countVolumes } from './volume-counts.ts';

const metaOf = (name: string, namespace?: string) => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '' });
const volume = (name: string, phase: string, spec: PersistentVolume['spec']): Live<PersistentVolume> => ({
  metadata: metaOf(name),
  spec,
  status: { phase },
});
const claim = (name: string, phase: string, spec: PersistentVolumeClaim['spec']): Live<PersistentVolumeClaim> => ({
  metadata: metaOf(name, 'default'),
  spec,
  status: { phase },
});

it('volumes are counted by plugin and mode, bound and unbound ones by class; claims by namespace and class', () => {
  const csi = { driver: 'd.io', volumeHandle: 'h' };
  const counts = countVolumes(
    [
      volume('a', 'Bound', { csi, storageClassName: 'fast' }),
      volume('b', 'Bound', { csi, storageClassName: 'fast' }),
      volume('c', 'Available', { hostPath: { path: '/' }, volumeMode: 'Block' }),
      volume('d', 'Released', { glusterfs: { endpoints: 'e', path: 'p' } }),
    ],
    [
      claim('a', 'Bound', { storageClassName: 'fast', volumeAttributesClassName: 'gold' }),
      claim('b', 'Pending', {}),
      claim('c', 'Lost', {}),
    ],
  );
  const claims = { namespace: 'default', volume_attributes_class: '' };
  expect(counts).toEqual({
    total: [
      { labels: { plugin_name: 'kubernetes.io/csi:d.io', volume_mode: 'Filesystem' }, count: 2 },
      { labels: { plugin_name: 'kubernetes.io/host-path', volume_mode: 'Block' }, count: 1 },
      { labels: { plugin_name: 'N/A', volume_mode: 'Filesystem' }, count: 1 },
    ],
    boundVolumes: [{ labels: { storage_class: 'fast' }, count: 2 }],
    unboundVolumes: [{ labels: { storage_class: '' }, count: 2 }],
    boundClaims: [{ labels: { ...claims, storage_class: 'fast', volume_attributes_class: 'gold' }, count: 1 }],
    unboundClaims: [{ labels: { ...claims, storage_class: '' }, count: 2 }],
  });
});
