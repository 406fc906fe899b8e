import { bool, int64, item, list, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const preconditions = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions',
  'What must hold for a delete to go ahead; otherwise it fails with 409 Conflict.',
  () => ({
    uid: string(1, 'UID the object must have.', { pointer: true }),
    resourceVersion: string(2, 'Revision the object must be at.', { pointer: true }),
  }),
);
export interface Preconditions extends Of<typeof preconditions> {}

export const deleteOptions = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'How an object is to be deleted: how gently, and what becomes of its dependents.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    gracePeriodSeconds: int64(1, "Seconds to allow for a graceful end; 0 deletes at once, absent takes the kind's default.", {
      pointer: true,
    }),
    preconditions: ref(preconditions, 2, 'Delete only if these hold.', { pointer: true }),
    orphanDependents: bool(3, 'Replaced by propagationPolicy; true leaves dependents behind. Not both may be set.', { pointer: true }),
    propagationPolicy: string(4, 'Fate of dependents: Orphan keeps them, Background deletes them later, Foreground before the object.', {
      pointer: true,
    }),
    dryRun: list(item.string(), 5, 'All goes through every stage without storing anything; no other value is known.', {
      listType: 'atomic',
    }),
    ignoreStoreReadErrorWithClusterBreakingPotential: bool(
      6,
      'True deletes an object that can no longer be decoded, skipping finalizers; dangerous.',
      { pointer: true },
    ),
  }),
);
export interface DeleteOptions extends Of<typeof deleteOptions> {}
