import { bool, int64, item, list, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const preconditions = message('io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions', '', () => ({
  uid: string(1, '', { pointer: true }),
  resourceVersion: string(2, '', { pointer: true }),
}));
export interface Preconditions extends Of<typeof preconditions> {}

export const deleteOptions = message('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  gracePeriodSeconds: int64(1, '', { pointer: true }),
  preconditions: ref(preconditions, 2, '', { pointer: true }),
  orphanDependents: bool(3, '', { pointer: true }),
  propagationPolicy: string(4, '', { pointer: true }),
  dryRun: list(item.string(), 5, '', { listType: 'atomic' }),
  ignoreStoreReadErrorWithClusterBreakingPotential: bool(6, '', { pointer: true }),
}));
export interface DeleteOptions extends Of<typeof deleteOptions> {}
