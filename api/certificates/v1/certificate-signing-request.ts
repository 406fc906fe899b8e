import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bytes, int32, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const certificateSigningRequestSpec = message('io.k8s.api.certificates.v1.CertificateSigningRequestSpec', '', () => ({
  request: bytes(1, '', { required: true, listType: 'atomic' }),
  signerName: string(7, '', { required: true }),
  expirationSeconds: int32(8, '', { pointer: true }),
  usages: list(item.string(), 5, '', {
    listType: 'atomic',
    itemEnum: [
      'any',
      'cert sign',
      'client auth',
      'code signing',
      'content commitment',
      'crl sign',
      'data encipherment',
      'decipher only',
      'digital signature',
      'email protection',
      'encipher only',
      'ipsec end system',
      'ipsec tunnel',
      'ipsec user',
      'key agreement',
      'key encipherment',
      'microsoft sgc',
      'netscape sgc',
      'ocsp signing',
      's/mime',
      'server auth',
      'signing',
      'timestamping',
    ],
  }),
  username: string(2, ''),
  uid: string(3, ''),
  groups: list(item.string(), 4, '', { listType: 'atomic' }),
  extra: map(item.list(item.string()), 6, ''),
}));
export interface CertificateSigningRequestSpec extends Of<typeof certificateSigningRequestSpec> {}

export const certificateSigningRequestCondition = message('io.k8s.api.certificates.v1.CertificateSigningRequestCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(6, '', { required: true }),
  reason: string(2, ''),
  message: string(3, ''),
  lastUpdateTime: time(4, ''),
  lastTransitionTime: time(5, ''),
}));
export interface CertificateSigningRequestCondition extends Of<typeof certificateSigningRequestCondition> {}

export const certificateSigningRequestStatus = message('io.k8s.api.certificates.v1.CertificateSigningRequestStatus', '', () => ({
  conditions: list(of(certificateSigningRequestCondition), 1, '', { listType: 'map', listMapKeys: ['type'] }),
  certificate: bytes(2, '', { listType: 'atomic' }),
}));
export interface CertificateSigningRequestStatus extends Of<typeof certificateSigningRequestStatus> {}

export const certificateSigningRequest = message('io.k8s.api.certificates.v1.CertificateSigningRequest', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(certificateSigningRequestSpec, 2, '', { required: true }),
  status: ref(certificateSigningRequestStatus, 3, '', { present: true }),
}));
export interface CertificateSigningRequest extends Of<typeof certificateSigningRequest> {}
