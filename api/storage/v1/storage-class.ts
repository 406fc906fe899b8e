import { topologySelectorTerm } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const storageClass = message('io.k8s.api.storage.v1.StorageClass', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  provisioner: string(2, '', { required: true }),
  parameters: map(item.string(), 3, ''),
  reclaimPolicy: string(4, '', { pointer: true, enum: ['Delete', 'Recycle', 'Retain'] }),
  mountOptions: list(item.string(), 5, '', { listType: 'atomic' }),
  allowVolumeExpansion: bool(6, '', { pointer: true }),
  volumeBindingMode: string(7, '', { pointer: true, enum: ['Immediate', 'WaitForFirstConsumer'] }),
  allowedTopologies: list(of(topologySelectorTerm), 8, '', { listType: 'atomic' }),
}));
export interface StorageClass extends Of<typeof storageClass> {}
