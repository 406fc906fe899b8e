import { int32, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { listMeta } from './object-meta.ts';

export const statusCause = message('io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause', '', () => ({
  reason: string(1, ''),
  message: string(2, ''),
  field: string(3, ''),
}));
export interface StatusCause extends Of<typeof statusCause> {}

export const statusDetails = message('io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails', '', () => ({
  kind: string(3, ''),
  name: string(1, ''),
  group: string(2, ''),
  uid: string(6, ''),
  causes: list(of(statusCause), 4, '', { listType: 'atomic' }),
  retryAfterSeconds: int32(5, ''),
}));
export interface StatusDetails extends Of<typeof statusDetails> {}

export const status = message('io.k8s.apimachinery.pkg.apis.meta.v1.Status', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(listMeta, 1, '', { present: true }),
  status: string(2, '', { present: true }),
  message: string(3, ''),
  reason: string(4, ''),
  details: ref(statusDetails, 5, '', { pointer: true, listType: 'atomic' }),
  code: int32(6, ''),
}));
export interface Status extends Of<typeof status> {}
