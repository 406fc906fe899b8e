import { bool, fieldsV1, int64, item, list, map, of, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const listMeta = message('io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta', '', () => ({
  selfLink: string(1, ''),
  resourceVersion: string(2, ''),
  continue: string(3, ''),
  remainingItemCount: int64(4, '', { pointer: true }),
}));
export interface ListMeta extends Of<typeof listMeta> {}

export const managedFieldsEntry = message('io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', '', () => ({
  apiVersion: string(3, ''),
  manager: string(1, ''),
  operation: string(2, ''),
  time: time(4, '', { pointer: true }),
  fieldsType: string(6, ''),
  fieldsV1: fieldsV1(7, '', { pointer: true }),
  subresource: string(8, ''),
}));
export interface ManagedFieldsEntry extends Of<typeof managedFieldsEntry> {}

export const ownerReference = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  '',
  () => ({
    apiVersion: string(5, '', { required: true }),
    kind: string(1, '', { required: true }),
    name: string(3, '', { required: true }),
    uid: string(4, '', { required: true }),
    controller: bool(6, '', { pointer: true }),
    blockOwnerDeletion: bool(7, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface OwnerReference extends Of<typeof ownerReference> {}

export const objectMeta = message('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', '', () => ({
  name: string(1, ''),
  generateName: string(2, ''),
  namespace: string(3, ''),
  selfLink: string(4, ''),
  uid: string(5, ''),
  resourceVersion: string(6, ''),
  generation: int64(7, ''),
  creationTimestamp: time(8, '', { omitzero: true }),
  deletionTimestamp: time(9, '', { pointer: true }),
  deletionGracePeriodSeconds: int64(10, '', { pointer: true }),
  labels: map(item.string(), 11, ''),
  annotations: map(item.string(), 12, ''),
  ownerReferences: list(of(ownerReference), 13, '', {
    listType: 'map',
    listMapKeys: ['uid'],
    patchMergeKey: 'uid',
    patchStrategy: 'merge',
  }),
  finalizers: list(item.string(), 14, '', { listType: 'set', patchStrategy: 'merge' }),
  managedFields: list(of(managedFieldsEntry), 17, '', { listType: 'atomic' }),
}));
export interface ObjectMeta extends Of<typeof objectMeta> {}
