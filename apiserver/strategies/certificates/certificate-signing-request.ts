import {
  type CertificateSigningRequest,
  type CertificateSigningRequestCondition,
  type FieldError,
  humanDuration,
  toTime,
} from '../../../api/index.ts';
import type { CertificateMetrics } from '../../registry/certificate-metrics.ts';
import { validateCoreMetadataChanges, validateCoreObjectMeta } from '../../registry/metadata-validation.ts';
import type { RequestContext, Strategy, UpdateStrategy } from '../../registry/strategy.ts';
import { checkSigningRequest, checkSigningRequestChanges, type Rights } from '../../validation/certificate-signing-request.ts';
import { type Errors, isEmpty, listOf } from '../../validation/field-errors.ts';
import { ageOf, sortedMap, strategyOf, updateOf } from '../shared.ts';

/**
 * Upstream: `pkg/registry/certificates/certificates`. A request says who made it, and is not changed any more; /approval writes the
 * decision, /status the certificate.
 */
export const certificateSigningRequestStrategy: Strategy<CertificateSigningRequest> = strategyOf<CertificateSigningRequest>({
  resetFields: ['spec', 'status'],
  validatesMetadata: true,
  allowsPlainFinalizers: true,
  prepareForCreate: (context, request) => {
    setRequestor(context, request);
    request.status = {};
  },
  prepareForUpdate: (_context, request, old) => {
    request.spec = old.spec;
    request.status = old.status;
  },
  validateCreate: (_context, request) => requestErrors(request),
  validateUpdate: changeErrors({}),
  fieldSelectors: { 'spec.signerName': ({ spec }) => spec.signerName },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    ageOf(metadata.creationTimestamp, now),
    spec.signerName || '<none>',
    spec.username ?? '',
    spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    conditionCell(status),
  ],
  subresources: { approval: approval(), status: status() },
});

/** The same, which tells of the certificates that signers give. */
export const countedSigningRequests = (metrics: CertificateMetrics | undefined): Strategy<CertificateSigningRequest> => {
  const { subresources = {} } = certificateSigningRequestStrategy;
  const afterUpdate = metrics && ((request: CertificateSigningRequest, old: CertificateSigningRequest) => metrics.signed(request, old));
  return afterUpdate
    ? { ...certificateSigningRequestStrategy, subresources: { ...subresources, status: { ...status(), afterUpdate } } }
    : certificateSigningRequestStrategy;
};

function approval(): UpdateStrategy<CertificateSigningRequest> {
  return updateOf<CertificateSigningRequest>({
    resetFields: ['spec', 'status.certificate'],
    prepareForUpdate: ({ now }, request, old) => {
      setTimes(request, old, now);
      request.spec = old.spec;
      request.status = { ...old.status, conditions: request.status.conditions };
    },
    validateUpdate: changeErrors({ decisions: true }),
  });
}

function status(): UpdateStrategy<CertificateSigningRequest> {
  return updateOf<CertificateSigningRequest>({
    resetFields: ['spec', 'status.conditions'],
    prepareForUpdate: ({ now }, request, old) => {
      request.spec = old.spec;
      keepConditions(request, old, 'Approved');
      keepConditions(request, old, 'Denied');
      setTimes(request, old, now);
    },
    validateUpdate: changeErrors({ certificate: true }),
  });
}

/** Whoever asks for a certificate is who is logged in, whatever the request says. */
function setRequestor({ user }: RequestContext, { spec }: CertificateSigningRequest): void {
  spec.username = user.name || undefined;
  spec.uid = user.uid || undefined;
  spec.groups = user.groups.length > 0 ? [...user.groups] : undefined;
  const extra = Object.entries(user.extra ?? {}).map(([key, values]): [string, string[]] => [key, [...values]]);
  spec.extra = extra.length > 0 ? sortedMap(Object.fromEntries(extra)) : undefined;
}

const anyName = (): string[] => [];

function requestErrors(request: CertificateSigningRequest, old?: CertificateSigningRequest): FieldError[] {
  const errors: Errors = validateCoreObjectMeta(request.metadata, false, anyName);
  checkSigningRequest(errors, request, old);
  return errors;
}

function changeErrors(rights: Rights): UpdateStrategy<CertificateSigningRequest>['validateUpdate'] {
  return (_context, request, old) => {
    const errors: Errors = requestErrors(request, old);
    checkSigningRequestChanges(errors, request, old, rights);
    return [...errors, ...validateCoreMetadataChanges(request.metadata, old.metadata)];
  };
}

/** Conditions of a type are as they were, if there are as many: a mistake in them is not the fault of who writes a certificate. */
function keepConditions({ status }: CertificateSigningRequest, { status: old }: CertificateSigningRequest, type: string): void {
  const kept = listOf(old.conditions).filter((condition) => condition.type === type);
  const conditions = listOf(status.conditions);
  if (kept.length === 0 || conditions.filter((condition) => condition.type === type).length !== kept.length) return;
  status.conditions = conditions.map((condition) => (condition.type === type ? (kept.shift() ?? condition) : condition));
}

/** Upstream: `populateConditionTimestamps`. */
function setTimes({ status }: CertificateSigningRequest, { status: old }: CertificateSigningRequest, now: number): void {
  for (const condition of listOf(status.conditions)) {
    if (isEmpty(condition.lastUpdateTime)) condition.lastUpdateTime = toTime(now);
    if (isEmpty(condition.lastTransitionTime)) condition.lastTransitionTime = transitionTime(condition, old.conditions) ?? toTime(now);
  }
}

const transitionTime = (
  { type, status }: CertificateSigningRequestCondition,
  old: CertificateSigningRequest['status']['conditions'],
): string | undefined =>
  listOf(old).find((condition) => condition.type === type && condition.status === status && !isEmpty(condition.lastTransitionTime))
    ?.lastTransitionTime ?? undefined;

/** Upstream: `extractCSRStatus`. */
function conditionCell({ conditions, certificate }: CertificateSigningRequest['status']): string {
  const types = listOf(conditions).map(({ type }) => type);
  const decision = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  return `${decision}${types.includes('Failed') ? ',Failed' : ''}${isEmpty(certificate) ? '' : ',Issued'}`;
}
