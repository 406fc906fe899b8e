// Upstream: `pkg/apis/certificates/validation/validation.go`.
import {
  type CertificateSigningRequest,
  type CertificateSigningRequestCondition,
  type CertificateSigningRequestSpec,
  certificatesKinds,
  fieldError,
  goQuote,
  KEY_USAGES,
} from '../../api/index.ts';
import { certificateChainError, DerError, signingRequestOf } from '../../runtime/index.ts';
import { type Errors, isEmpty, listOf } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { semanticEqual } from './semantic-equal.ts';
import { checkSignerName } from './signer-name.ts';
import { diffJson } from './unified-diff.ts';

const SECONDS_MIN = 600;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const APPROVED = 'Approved';
const DENIED = 'Denied';
const FAILED = 'Failed';
/** Conditions that are there or not; others may say no. */
const TRUE_ONLY: readonly string[] = [APPROVED, DENIED, FAILED];
const STATUSES: readonly string[] = ['False', 'True', 'Unknown'];

/** What an object from older times may go on having. Upstream: `getValidationOptions`. */
interface Allowances {
  readonly bothDecisions: boolean;
  readonly legacySigner: boolean;
  readonly sameConditionTypes: boolean;
  readonly noConditionType: boolean;
  readonly anyCertificate: boolean;
  readonly anyUsage: boolean;
  readonly sameUsages: boolean;
}

/** What may be changed where. */
export interface Rights {
  /** The Approved and Denied conditions: on /approval. */
  readonly decisions?: boolean | undefined;
  /** The certificate: on /status. */
  readonly certificate?: boolean | undefined;
}

function requestError(base64: string | undefined): string | undefined {
  try {
    return signingRequestOf(base64).signatureError();
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

const certificateError = (base64: string | undefined): string | undefined =>
  isEmpty(base64) ? undefined : certificateChainError(Buffer.from(base64 ?? '', 'base64').toString('latin1'));

export function checkSigningRequest(errors: Errors, request: CertificateSigningRequest, old?: CertificateSigningRequest): void {
  const allowed = allowancesOf(request, old);
  checkSpec(errors, request.spec, allowed);
  checkConditions(errors, listOf(request.status.conditions), allowed);
  const error = allowed.anyCertificate ? undefined : certificateError(request.status.certificate);
  if (error !== undefined) errors.push(fieldError.invalid('status.certificate', '<certificate data>', error));
}

function allowancesOf(request: CertificateSigningRequest, old: CertificateSigningRequest | undefined): Allowances {
  const usages = listOf(old?.spec.usages);
  const types = listOf(old?.status.conditions).map(({ type }) => type);
  return {
    bothDecisions: types.includes(APPROVED) && types.includes(DENIED),
    legacySigner: old?.spec.signerName === LEGACY_SIGNER,
    sameConditionTypes: hasTwice(types),
    noConditionType: types.includes(''),
    anyCertificate:
      old !== undefined &&
      ((request.status.certificate ?? '') === (old.status.certificate ?? '') || certificateError(old.status.certificate) !== undefined),
    anyUsage: usages.some((usage) => !KEY_USAGES.includes(usage)),
    sameUsages: hasTwice(usages),
  };
}

const hasTwice = (values: readonly string[]): boolean => new Set(values).size < values.length;

function checkSpec(errors: Errors, spec: CertificateSigningRequestSpec, allowed: Allowances): void {
  const { request, signerName, expirationSeconds } = spec;
  const error = requestError(request);
  if (error !== undefined) errors.push(fieldError.invalid('spec.request', request, error));
  checkUsages(errors, 'spec.usages', listOf(spec.usages), allowed);
  if (signerName === LEGACY_SIGNER && !allowed.legacySigner) {
    const message = 'the legacy signerName is not allowed via this API version';
    errors.push(fieldError.invalid('spec.signerName', signerName, message));
  } else {
    checkSignerName(errors, 'spec.signerName', signerName);
  }
  if (expirationSeconds !== undefined && expirationSeconds < SECONDS_MIN) {
    const message = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.push(fieldError.invalid('spec.expirationSeconds', expirationSeconds, message));
  }
}

function checkUsages(errors: Errors, path: string, usages: readonly string[], allowed: Allowances): void {
  if (usages.length === 0) errors.push(fieldError.required(path));
  usages.forEach((usage, i) => {
    if (!allowed.anyUsage && !KEY_USAGES.includes(usage)) errors.push(fieldError.notSupported(`${path}[${i}]`, usage, KEY_USAGES));
  });
  usages.forEach((usage, i) => {
    if (!allowed.sameUsages && usages.indexOf(usage) < i) errors.push(fieldError.duplicate(`${path}[${i}]`, usage));
  });
}

function checkConditions(errors: Errors, conditions: readonly CertificateSigningRequestCondition[], allowed: Allowances): void {
  const seen = new Set<string>();
  conditions.forEach((condition, i) => {
    const path = `status.conditions[${i}]`;
    const { type } = condition;
    checkCondition(errors, path, condition, allowed);
    const opposite = OPPOSITES.get(type);
    if (!allowed.bothDecisions && opposite !== undefined && seen.has(opposite)) {
      errors.push(fieldError.invalid('status.conditions', type, 'Approved and Denied conditions are mutually exclusive'));
    }
    if (!allowed.sameConditionTypes && seen.has(type)) errors.push(fieldError.duplicate(`${path}.type`, type));
    seen.add(type);
  });
}

const OPPOSITES: ReadonlyMap<string, string> = new Map([
  [APPROVED, DENIED],
  [DENIED, APPROVED],
]);

function checkCondition(errors: Errors, path: string, { type, status }: CertificateSigningRequestCondition, allowed: Allowances): void {
  if (type === '' && !allowed.noConditionType) errors.push(fieldError.required(`${path}.type`));
  const statuses = TRUE_ONLY.includes(type) ? ['True'] : STATUSES;
  if (status === '') errors.push(fieldError.required(`${path}.status`));
  else if (!statuses.includes(status)) errors.push(fieldError.notSupported(`${path}.status`, status, statuses));
}

/** Decisions stay, and so does a certificate. Upstream: the second half of `validateCertificateSigningRequestUpdate`. */
export function checkSigningRequestChanges(
  errors: Errors,
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  rights: Rights,
): void {
  for (const type of TRUE_ONLY) {
    if (conditionsOf(request, type).length < conditionsOf(old, type).length) {
      errors.push(fieldError.forbidden('status.conditions', `updates may not remove a condition of type ${goQuote(type)}`));
    }
  }
  if (!rights.decisions) for (const type of [APPROVED, DENIED]) checkDecisionKept(errors, type, request, old);
  checkCertificateChange(errors, request.status.certificate ?? '', old.status.certificate ?? '', rights);
}

const conditionsOf = ({ status }: CertificateSigningRequest, type: string): readonly CertificateSigningRequestCondition[] =>
  listOf(status.conditions).filter((condition) => condition.type === type);

function checkDecisionKept(errors: Errors, type: string, request: CertificateSigningRequest, old: CertificateSigningRequest): void {
  const after = conditionsOf(request, type);
  const before = conditionsOf(old, type);
  if (after.length > before.length) {
    errors.push(fieldError.forbidden('status.conditions', `updates may not add a condition of type ${goQuote(type)}`));
  } else if (after.length === before.length && !semanticEqual(after, before)) {
    const diff = diffJson(before.map(goCondition), after.map(goCondition));
    errors.push(fieldError.forbidden('status.conditions', `updates may not modify a condition of type ${goQuote(type)}\n${diff}`));
  }
}

const goCondition = (condition: CertificateSigningRequestCondition): unknown =>
  goPart(certificatesKinds.certificatesigningrequests, ['status', 'conditions'], condition);

function checkCertificateChange(errors: Errors, certificate: string, old: string, { certificate: mayChange }: Rights): void {
  if (certificate === old) return;
  const path = 'status.certificate';
  if (!mayChange) errors.push(fieldError.forbidden(path, 'updates may not set certificate content'));
  else if (old !== '') errors.push(fieldError.forbidden(path, 'updates may not modify existing certificate content'));
}
