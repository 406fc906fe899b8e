import { type FieldError, goQuote } from './field-error.ts';
import type { Status, StatusCause, StatusDetails } from './meta/v1/status.ts';

/** A failed request: the `Status` that is answered, as an error. Both sides use it: the server throws it, the client rejects with it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;
  /** `Warning`-free extra answer headers, e.g. `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: Status, options: { readonly cause?: unknown; readonly headers?: Readonly<Record<string, string>> } = {}) {
    super(status.message ?? status.reason ?? `status ${status.code ?? 0}`, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }

  /** HTTP status code. */
  get code(): number {
    return this.status.code ?? 500;
  }

  get reason(): string {
    return this.status.reason ?? '';
  }
}

/** What an error is about: a resource (or, for invalid objects, a kind) of a group. */
export interface ErrorSubject {
  readonly group: string;
  readonly resource: string;
}

const named = (s: ErrorSubject): string => (s.group === '' ? s.resource : `${s.resource}.${s.group}`);

interface Failure {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: StatusDetails;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const fail = ({ code, reason, message, details, headers, cause }: Failure): ApiError =>
  new ApiError(
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details ? { details } : {}),
      code,
    },
    { ...(headers ? { headers } : {}), cause },
  );

function detailsOf(s: ErrorSubject, name: string, more: Partial<StatusDetails> = {}): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(s.group === '' ? {} : { group: s.group }),
    ...(s.resource === '' ? {} : { kind: s.resource }),
    ...more,
  };
}

/** Constructors, named as upstream's (apimachinery, `pkg/api/errors`): every Status nanokube answers is made here. */
export const apiError = {
  notFound: (s: ErrorSubject, name: string): ApiError =>
    fail({ code: 404, reason: 'NotFound', message: `${named(s)} ${goQuote(name)} not found`, details: detailsOf(s, name) }),
  alreadyExists: (s: ErrorSubject, name: string): ApiError =>
    fail({ code: 409, reason: 'AlreadyExists', message: `${named(s)} ${goQuote(name)} already exists`, details: detailsOf(s, name) }),
  generateNameConflict: (s: ErrorSubject, name: string, retryAfterSeconds: number): ApiError =>
    fail({
      code: 409,
      reason: 'AlreadyExists',
      message: `${named(s)} ${goQuote(name)} already exists, the server was not able to generate a unique name for the object`,
      details: detailsOf(s, name, { retryAfterSeconds }),
    }),
  unauthorized: (reason = 'Unauthorized'): ApiError => fail({ code: 401, reason: 'Unauthorized', message: reason }),
  /** @param s with an empty resource for a non-resource path. */
  forbidden: (s: ErrorSubject, name: string, why: string): ApiError => {
    const what = s.resource === '' ? '' : name === '' ? `${named(s)} is ` : `${named(s)} ${goQuote(name)} is `;
    return fail({ code: 403, reason: 'Forbidden', message: `${what}forbidden: ${why}`, details: detailsOf(s, name) });
  },
  conflict: (s: ErrorSubject, name: string, why: string): ApiError =>
    fail({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on ${named(s)} ${goQuote(name)}: ${why}`,
      details: detailsOf(s, name),
    }),
  /** The object changed since the client read it. */
  modified: (s: ErrorSubject, name: string): ApiError =>
    apiError.conflict(s, name, 'the object has been modified; please apply your changes to the latest version and try again'),
  applyConflict: (causes: StatusCause[], message: string): ApiError =>
    fail({ code: 409, reason: 'Conflict', message, details: { causes } }),
  gone: (message: string): ApiError => fail({ code: 410, reason: 'Gone', message }),
  expired: (message: string): ApiError => fail({ code: 410, reason: 'Expired', message }),
  /** @param kind group and kind (as `resource`) of the object. */
  invalid: (kind: ErrorSubject, name: string, errors: readonly FieldError[]): ApiError =>
    fail({
      code: 422,
      reason: 'Invalid',
      message: `${named(kind)} ${goQuote(name)} is invalid${errors.length ? `: ${aggregate(errors)}` : ''}`,
      details: detailsOf(kind, name, {
        causes: errors.map(({ type, field, body }) => ({ reason: type, message: body, ...(field === '' ? {} : { field }) })),
      }),
    }),
  badRequest: (message: string): ApiError => fail({ code: 400, reason: 'BadRequest', message }),
  tooManyRequests: (message: string, retryAfterSeconds: number): ApiError =>
    fail({
      code: 429,
      reason: 'TooManyRequests',
      message,
      details: { ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) },
      headers: { 'retry-after': String(retryAfterSeconds > 0 ? retryAfterSeconds : 1) },
    }),
  serviceUnavailable: (message: string): ApiError => fail({ code: 503, reason: 'ServiceUnavailable', message }),
  methodNotSupported: (s: ErrorSubject, action: string): ApiError =>
    fail({
      code: 405,
      reason: 'MethodNotAllowed',
      message: `${action} is not supported on resources of kind ${goQuote(named(s))}`,
      details: detailsOf(s, ''),
    }),
  serverTimeout: (s: ErrorSubject, operation: string, retryAfterSeconds: number): ApiError =>
    fail({
      code: 500,
      reason: 'ServerTimeout',
      message: `The ${operation} operation against ${named(s)} could not be completed at this time, please try again.`,
      details: detailsOf(s, operation, { retryAfterSeconds }),
      headers: { 'retry-after': String(retryAfterSeconds) },
    }),
  internal: (message: string, cause?: unknown): ApiError =>
    fail({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}`, details: { causes: [{ message }] }, cause }),
  timeout: (message: string, retryAfterSeconds: number): ApiError =>
    fail({
      code: 504,
      reason: 'Timeout',
      message: `Timeout: ${message}`,
      details: { ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) },
    }),
  requestEntityTooLarge: (message: string): ApiError =>
    fail({ code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: ${message}` }),
  notAcceptable: (message: string): ApiError => fail({ code: 406, reason: 'NotAcceptable', message }),
  unsupportedMediaType: (message: string): ApiError => fail({ code: 415, reason: 'UnsupportedMediaType', message }),
  /** Any other answer, given whole. */
  custom: (failure: Failure): ApiError => fail(failure),
};

/** Several errors in one text, as upstream's aggregate: `[a, b]`, each once. */
function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(({ field, body }) => `${field}: ${body}`))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

const hasReason = (error: unknown, reason: string): error is ApiError => error instanceof ApiError && error.reason === reason;

export const isBadRequest = (error: unknown): error is ApiError => hasReason(error, 'BadRequest');
export const isNotFound = (error: unknown): error is ApiError => hasReason(error, 'NotFound');
export const isAlreadyExists = (error: unknown): error is ApiError => hasReason(error, 'AlreadyExists');
export const isConflict = (error: unknown): error is ApiError => hasReason(error, 'Conflict');
export const isInvalid = (error: unknown): error is ApiError => hasReason(error, 'Invalid');
export const isForbidden = (error: unknown): error is ApiError => hasReason(error, 'Forbidden');
/** The asked-for revision is gone: list again. */
export const isExpired = (error: unknown): error is ApiError => hasReason(error, 'Expired') || hasReason(error, 'Gone');
export const isTooManyRequests = (error: unknown): error is ApiError => hasReason(error, 'TooManyRequests');
