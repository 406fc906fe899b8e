import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, microTime, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const leaseSpec = message('io.k8s.api.coordination.v1.LeaseSpec', '', () => ({
  holderIdentity: string(1, '', { pointer: true }),
  leaseDurationSeconds: int32(2, '', { pointer: true }),
  acquireTime: microTime(3, '', { pointer: true }),
  renewTime: microTime(4, '', { pointer: true }),
  leaseTransitions: int32(5, '', { pointer: true }),
  strategy: string(6, '', { pointer: true }),
  preferredHolder: string(7, '', { pointer: true }),
}));
export interface LeaseSpec extends Of<typeof leaseSpec> {}

export const lease = message('io.k8s.api.coordination.v1.Lease', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(leaseSpec, 2, '', { present: true }),
}));
export interface Lease extends Of<typeof lease> {}
