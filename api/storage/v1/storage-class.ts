import { topologySelectorTerm } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const storageClass = message('io.k8s.api.storage.v1.StorageClass', 'A class of storage, and how volumes of it are made.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  provisioner: string(2, 'Driver that makes the volumes.', { required: true }),
  parameters: map(item.string(), 3, 'Settings that only the driver understands.'),
  reclaimPolicy: string(4, 'What becomes of a volume when its claim is gone: Delete (the default) or Retain.', {
    pointer: true,
    enum: ['Delete', 'Recycle', 'Retain'],
  }),
  mountOptions: list(item.string(), 5, 'Options for mounts, not checked beforehand; a wrong one makes mounts fail.', {
    listType: 'atomic',
  }),
  allowVolumeExpansion: bool(6, 'True lets claims grow.', { pointer: true }),
  volumeBindingMode: string(7, 'Immediate (the default), or WaitForFirstConsumer until a pod using the claim is scheduled.', {
    pointer: true,
    enum: ['Immediate', 'WaitForFirstConsumer'],
  }),
  allowedTopologies: list(of(topologySelectorTerm), 8, 'Areas where volumes may be made; anywhere unless given.', { listType: 'atomic' }),
}));
export interface StorageClass extends Of<typeof storageClass> {}
