import { status } from '../../meta/v1/status.ts';
import { bool, bytes, item, list, map, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const admissionResponse = message('io.k8s.api.admission.v1.AdmissionResponse', "A webhook's answer.", () => ({
  uid: string(1, 'The uid of the request that is answered.', { required: true }),
  allowed: bool(2, 'Whether the request may go on.', { required: true }),
  status: ref(status, 3, 'Why it may not.', { pointer: true }),
  patch: bytes(4, 'What to change in the object: a JSON patch.'),
  patchType: string(5, 'JSONPatch, when there is a patch.', { pointer: true }),
  auditAnnotations: map(item.string(), 6, 'Facts for the audit log, under names that the webhook has to itself.'),
  warnings: list(item.string(), 7, 'Warnings for the client.', { listType: 'atomic' }),
}));
export interface AdmissionResponse extends Of<typeof admissionResponse> {}

/** What webhooks answer with; of what they are asked only the API server knows. */
export const admissionReview = message(
  'io.k8s.api.admission.v1.AdmissionReview',
  'A request as webhooks are told of it, and their answer.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    response: ref(admissionResponse, 2, "The webhook's answer.", { pointer: true }),
  }),
);
export interface AdmissionReview extends Of<typeof admissionReview> {}
