import { int32, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { listMeta } from './object-meta.ts';

export const statusCause = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause',
  'One of the things that were wrong with a request.',
  () => ({
    reason: string(1, 'Word for programs, such as FieldValueRequired.'),
    message: string(2, 'Explanation for people.'),
    field: string(3, 'Path of the offending field, such as spec.containers[0].name; empty if no single one is to blame.'),
  }),
);
export interface StatusCause extends Of<typeof statusCause> {}

export const statusDetails = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails',
  'What a failure was about, for programs to act on.',
  () => ({
    name: string(1, 'Name of the object concerned.'),
    group: string(2, 'API group of the resource concerned.'),
    kind: string(3, 'The resource or kind concerned.'),
    uid: string(6, 'UID of the object concerned, when there is one.'),
    causes: list(of(statusCause), 4, 'Each thing that was wrong, for failures with several.', { listType: 'atomic' }),
    retryAfterSeconds: int32(5, 'Seconds to wait before trying again, or how long a pending operation is expected to take.'),
  }),
);
export interface StatusDetails extends Of<typeof statusDetails> {}

export const status = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'The outcome of a request that returns no object: every error, and some deletions.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(listMeta, 1, 'Metadata of a list; empty here in practice.', { present: true }),
    status: string(2, 'Success or Failure.', { present: true, dropped: true }),
    message: string(3, 'Explanation for people.'),
    reason: string(4, 'One word for programs, such as NotFound, Conflict or AlreadyExists; it refines the HTTP code.'),
    details: ref(statusDetails, 5, 'More about the failure, as its reason calls for.', { pointer: true, listType: 'atomic' }),
    code: int32(6, 'The HTTP status code, repeated; 0 when not set.'),
  }),
);
export interface Status extends Of<typeof status> {}
