import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, microTime, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const leaseSpec = message('io.k8s.api.coordination.v1.LeaseSpec', 'Who holds a lease, since when and for how long.', () => ({
  holderIdentity: string(1, 'Who holds it; empty when nobody does.', { pointer: true }),
  leaseDurationSeconds: int32(2, 'Seconds after renewTime during which others must not take it.', { pointer: true }),
  acquireTime: microTime(3, 'When the holder took it.', { pointer: true }),
  renewTime: microTime(4, 'When the holder last renewed it.', { pointer: true }),
  leaseTransitions: int32(5, 'How often it passed from one holder to another.', { pointer: true }),
  strategy: string(6, 'How the next holder is picked by coordinated election, such as OldestEmulationVersion.', { pointer: true }),
  preferredHolder: string(7, 'Who should take over; the holder is asked to give way. Needs strategy.', { pointer: true }),
}));
export interface LeaseSpec extends Of<typeof leaseSpec> {}

export const lease = message(
  'io.k8s.api.coordination.v1.Lease',
  "A lock that expires unless renewed; used for leader election and as nodes' heartbeat.",
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(leaseSpec, 2, 'The state that is wanted.', { present: true }),
  }),
);
export interface Lease extends Of<typeof lease> {}
