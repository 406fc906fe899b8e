import { KEY_USAGES } from '../../key-usages.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bytes, int32, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const certificateSigningRequestSpec = message(
  'io.k8s.api.certificates.v1.CertificateSigningRequestSpec',
  'The certificate that is wanted, and by whom.',
  () => ({
    request: bytes(1, 'The request itself: PKCS #10 in PEM, base64 in JSON.', { required: true, listType: 'atomic' }),
    signerName: string(7, 'Signer that is asked, such as kubernetes.io/kube-apiserver-client.', { required: true }),
    expirationSeconds: int32(8, 'Seconds the certificate should last; up to the signer unless given, at least 600.', { pointer: true }),
    usages: list(item.string(), 5, 'What the key may be used for, such as digital signature or client auth.', {
      listType: 'atomic',
      itemEnum: KEY_USAGES,
    }),
    username: string(2, 'User who asks; filled in by the server.'),
    uid: string(3, 'UID of the user who asks; filled in by the server.'),
    groups: list(item.string(), 4, 'Groups of the user who asks; filled in by the server.', { listType: 'atomic' }),
    extra: map(item.list(item.string()), 6, 'More about the user who asks; filled in by the server.'),
  }),
);
export interface CertificateSigningRequestSpec extends Of<typeof certificateSigningRequestSpec> {}

export const certificateSigningRequestCondition = message(
  'io.k8s.api.certificates.v1.CertificateSigningRequestCondition',
  'A decision on a request: Approved, Denied or Failed.',
  () => ({
    type: string(1, 'Approved, Denied or Failed; the first two cannot be taken back.', { required: true }),
    status: string(6, 'True; False and Unknown are not allowed for these types.', { required: true }),
    reason: string(2, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(3, 'Explanation for people of why the condition last changed.'),
    lastUpdateTime: time(4, 'When it was last updated.'),
    lastTransitionTime: time(5, 'When status last went from one value to another.'),
  }),
);
export interface CertificateSigningRequestCondition extends Of<typeof certificateSigningRequestCondition> {}

export const certificateSigningRequestStatus = message(
  'io.k8s.api.certificates.v1.CertificateSigningRequestStatus',
  'What became of a request.',
  () => ({
    conditions: list(of(certificateSigningRequestCondition), 1, 'The decisions.', { listType: 'map', listMapKeys: ['type'] }),
    certificate: bytes(2, 'The certificate, as a chain in PEM; there once approved and signed, and then fixed.', { listType: 'atomic' }),
  }),
);
export interface CertificateSigningRequestStatus extends Of<typeof certificateSigningRequestStatus> {}

export const certificateSigningRequest = message(
  'io.k8s.api.certificates.v1.CertificateSigningRequest',
  'Asks a signer for a certificate, once somebody has approved; deleted after a while.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(certificateSigningRequestSpec, 2, 'The certificate that is wanted, and by whom; cannot be changed.', { required: true }),
    status: ref(certificateSigningRequestStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface CertificateSigningRequest extends Of<typeof certificateSigningRequest> {}
