// What is done with a request for a certificate. Upstream: `pkg/controller/certificates` and `pkg/apis/certificates/helpers.go`.
import type { CertificateSigningRequest, Live } from '../../api/index.ts';
import { certificateEndMs, type SigningRequest } from '../../runtime/index.ts';

type Csr = Live<CertificateSigningRequest>;

export const KUBELET_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Certificates begin in the past, for those whose clock is behind. */
const BACKDATE_MS = 5 * MINUTE_MS;
/** A certificate that is good for less than this ends as late as it was asked to; others end as much earlier as they begin. */
const SHORT_MS = 8 * HOUR_MS;
const DURATION_MS_MIN = 10 * MINUTE_MS;

const NODES = 'system:nodes';
const NODE_PREFIX = 'system:node:';
const SERVING_USAGES = ['digital signature', 'key encipherment', 'server auth'];
const CLIENT_USAGES = ['client auth', 'digital signature', 'key encipherment'];
const KEY_ENCIPHERMENT = 'key encipherment';

export const hasCondition = ({ status }: Csr, type: string): boolean =>
  (status.conditions ?? []).some((condition) => condition.type === type);

/** Whether somebody said yes and nobody no. */
export const isApproved = (csr: Csr): boolean => hasCondition(csr, 'Approved') && !hasCondition(csr, 'Denied');

/** Whether it has failed for good. */
export const isFailed = ({ status }: Csr): boolean =>
  (status.conditions ?? []).some((condition) => condition.type === 'Failed' && condition.status === 'True');

/** A right that makes an approval unnecessary: to create this subresource of requests. */
export interface Recognition {
  readonly subresource: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/** As what a request may be approved by itself, for whom has the right; first the narrower one. Upstream: `recognizers`. */
export function recognize({ spec }: Csr, request: SigningRequest): Recognition[] {
  if (spec.signerName !== KUBELET_CLIENT_SIGNER || kubeletClientError(request, spec.usages ?? []) !== undefined) return [];
  const nodeClient: Recognition = {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  };
  if (spec.username !== request.commonName) return [nodeClient];
  return [
    { subresource: 'selfnodeclient', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' },
    nodeClient,
  ];
}

type Check = (request: SigningRequest, usages: readonly string[]) => string | undefined;

/** What each signer refuses to sign. */
const CHECKS = {
  'kubernetes.io/kube-apiserver-client': clientError,
  [KUBELET_CLIENT_SIGNER]: kubeletClientError,
  'kubernetes.io/kubelet-serving': kubeletServingError,
  'kubernetes.io/legacy-unknown': () => undefined,
} satisfies Record<string, Check>;

/** A signer that the controllers are. */
export type SignerName = keyof typeof CHECKS;

export const isSignerName = (name: string): name is SignerName => Object.hasOwn(CHECKS, name);

/** Why a signer does not sign a request, ever. */
export const signerError = (signer: SignerName, request: SigningRequest, usages: readonly string[]): string | undefined =>
  CHECKS[signer](request, usages);

function clientError(_request: SigningRequest, usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !CLIENT_USAGES.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

function kubeletClientError(request: SigningRequest, usages: readonly string[]): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request.names;
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!request.commonName.startsWith(NODE_PREFIX)) return 'subject common name does not begin with system:node:';
  return usagesError(usages, CLIENT_USAGES);
}

function kubeletServingError(request: SigningRequest, usages: readonly string[]): string | undefined {
  const { dnsNames, emailAddresses, ipAddresses, uris } = request.names;
  if (!isOfNodes(request)) return 'subject organization is not system:nodes';
  if (dnsNames.length + ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  const error = usagesError(usages, SERVING_USAGES);
  if (error !== undefined) return error;
  return request.commonName.startsWith(NODE_PREFIX) ? undefined : 'subject common name does not begin with system:node:';
}

const isOfNodes = ({ organizations }: SigningRequest): boolean => organizations.length === 1 && organizations[0] === NODES;

/** Exactly these, key encipherment (which only RSA does) or not. */
function usagesError(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const given = new Set(usages);
  given.delete(KEY_ENCIPHERMENT);
  const needed = wanted.filter((usage) => usage !== KEY_ENCIPHERMENT);
  const isSame = given.size === needed.length && needed.every((usage) => given.has(usage));
  return isSame ? undefined : `usages did not match [${wanted.join(' ')}]`;
}

/**
 * From when until when a certificate is good: as long as it was asked to, but not longer than the signer's certificates last, nor than the
 * signer itself. Upstream: `signer.duration` and `PermissiveSigningPolicy`.
 *
 * @throws Error when the signer has expired.
 */
export function validityOf(expirationSeconds: number | undefined, longestMs: number, ca: { notAfterMs: number }, now: number) {
  const wanted = expirationSeconds === undefined ? longestMs : Math.max(expirationSeconds * 1000, DURATION_MS_MIN);
  const lasts = Math.min(wanted, longestMs);
  const notBeforeMs = now - BACKDATE_MS;
  const notAfterMs = Math.min(now + lasts - (lasts < SHORT_MS ? 0 : BACKDATE_MS), ca.notAfterMs);
  if (notBeforeMs >= ca.notAfterMs) throw new Error(`the signer has expired: NotAfter=${goTime(ca.notAfterMs)}`);
  if (now >= ca.notAfterMs) throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${goTime(ca.notAfterMs)}`);
  return { notBeforeMs, notAfterMs };
}

/** A time as Go prints it. */
const goTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;

/** How old a request becomes once it is decided on, and when it never is; one that is approved waits for its signer for ever. */
const DECIDED_MS_MAX = HOUR_MS;
const PENDING_MS_MAX = 24 * HOUR_MS;

/** Whether a request is over: nobody will look at it any more. Upstream: `pkg/controller/certificates/cleaner`. */
export function isOver(csr: Csr, now: number): boolean {
  const { conditions = [], certificate } = csr.status;
  const isOld = (time: string | null | undefined, ms: number) => time != null && Date.parse(time) < now - ms;
  const isOldDecision = (type: string) => conditions.some((c) => c.type === type && isOld(c.lastUpdateTime, DECIDED_MS_MAX));
  if (conditions.length === 0) return isOld(csr.metadata.creationTimestamp, PENDING_MS_MAX);
  if (isOldDecision('Denied') || isOldDecision('Failed')) return true;
  if (!hasCondition(csr, 'Approved') || !certificate) return false;
  return isOldDecision('Approved') || (certificateEndMs(Buffer.from(certificate, 'base64').toString('latin1')) ?? now) < now;
}
