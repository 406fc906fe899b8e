import { bool, fieldsV1, int64, item, list, map, of, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const listMeta = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta',
  'What a list says about itself: its revision, and how to fetch the rest.',
  () => ({
    selfLink: string(1, "No longer filled in; it used to hold the list's URL."),
    resourceVersion: string(2, 'Revision of the store the list shows; a watch may start here. Opaque to clients.'),
    continue: string(3, 'Opaque token for the next page, empty on the last one; it expires after some minutes.'),
    remainingItemCount: int64(4, 'How many items follow this page, as an estimate; absent when unknown or when selectors are used.', {
      pointer: true,
    }),
  }),
);
export interface ListMeta extends Of<typeof listMeta> {}

export const managedFieldsEntry = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry',
  'Which fields one manager set, and when: the bookkeeping of server-side apply.',
  () => ({
    manager: string(1, 'Name of the program or person that set the fields.'),
    operation: string(2, 'How they were set: Apply for server-side apply, Update for anything else.'),
    apiVersion: string(3, 'Version of the object in which the field names below are spelled.'),
    time: time(4, 'When this manager last added, changed or gave up a field.', { pointer: true }),
    fieldsType: string(6, 'Format of fieldsV1; the only one there is is FieldsV1.'),
    fieldsV1: fieldsV1(7, 'Tree of the fields set, with keys such as f:spec and k:{"name":"web"}.', { pointer: true }),
    subresource: string(8, 'The subresource written through, such as status or scale; empty for the object itself.'),
  }),
);
export interface ManagedFieldsEntry extends Of<typeof managedFieldsEntry> {}

export const ownerReference = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  'Points from an object to one it depends on; when all owners are gone it is garbage collected.',
  () => ({
    apiVersion: string(5, 'Group and version of the owner.', { required: true }),
    kind: string(1, 'Kind of the owner.', { required: true }),
    name: string(3, 'Name of the owner, which is in the same namespace or belongs to the cluster.', { required: true }),
    uid: string(4, 'UID of the owner, so that a namesake created later does not count.', { required: true }),
    controller: bool(6, 'True for the one owner that manages this object; at most one may say so.', { pointer: true }),
    blockOwnerDeletion: bool(7, 'When true, a foreground deletion of the owner waits until this object is gone.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface OwnerReference extends Of<typeof ownerReference> {}

export const objectMeta = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  'What every stored object carries: identity, labels, owners and revision.',
  () => ({
    name: string(1, 'Unique among objects of its resource in the namespace; it cannot be changed later.'),
    generateName: string(2, 'Prefix from which the server makes a unique name by adding a random suffix, when name is empty.'),
    namespace: string(3, 'Namespace the object lives in; empty for objects of the whole cluster. It cannot be changed later.'),
    selfLink: string(4, "No longer filled in; it used to hold the object's URL."),
    uid: string(5, 'Unique in time and space, given by the server; tells an object from a later one of the same name.'),
    resourceVersion: string(6, 'Revision of the last change, for optimistic locking and watches. Opaque: compare for equality only.'),
    generation: int64(7, 'Counts the changes to the wanted state; controllers echo it as observedGeneration.'),
    creationTimestamp: time(8, 'CreationTimestamp is a timestamp of when the server stored the object first.', { omitzero: true }),
    deletionTimestamp: time(9, 'When the object is due to go, set by a graceful delete; it stays until finalizers is empty.', {
      pointer: true,
    }),
    deletionGracePeriodSeconds: int64(10, 'Seconds allowed for a graceful end, set with deletionTimestamp; it can only be shortened.', {
      pointer: true,
    }),
    labels: map(item.string(), 11, 'Short keys and values to group and select objects by.'),
    annotations: map(item.string(), 12, 'Keys and values for tools to keep notes in; they cannot be selected by.'),
    ownerReferences: list(of(ownerReference), 13, 'Objects this one depends on; when the last of them is gone, so is this one.', {
      listType: 'map',
      listMapKeys: ['uid'],
      patchMergeKey: 'uid',
      patchStrategy: 'merge',
    }),
    finalizers: list(item.string(), 14, 'Tasks to be done before the object may vanish; each owner removes its own entry when done.', {
      listType: 'set',
      patchStrategy: 'merge',
    }),
    managedFields: list(of(managedFieldsEntry), 17, 'Which manager set which fields; kept by the server for server-side apply.', {
      listType: 'atomic',
    }),
  }),
);
export interface ObjectMeta extends Of<typeof objectMeta> {}
