import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const scaleSpec = message('io.k8s.api.autoscaling.v1.ScaleSpec', 'How many copies are wanted.', () => ({
  replicas: int32(1, 'Number of copies; 0 unless given.', { default: 0 }),
}));
export interface ScaleSpec extends Of<typeof scaleSpec> {}

export const scaleStatus = message('io.k8s.api.autoscaling.v1.ScaleStatus', 'How many copies there are.', () => ({
  replicas: int32(1, 'Number of copies seen.', { required: true }),
  selector: string(2, 'Selector of the pods counted, as text in the form of a query parameter.'),
}));
export interface ScaleStatus extends Of<typeof scaleStatus> {}

export const scale = message(
  'io.k8s.api.autoscaling.v1.Scale',
  'The size of anything that can be scaled, whatever its kind; the scale subresource.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(scaleSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(scaleStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface Scale extends Of<typeof scale> {}
