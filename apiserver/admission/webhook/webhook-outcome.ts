// How a call of a webhook can end: upstream's `util/webhook/error.go` and `admission/plugin/webhook/errors/statuserror.go` (apiserver).
import { ApiError, apiError, goQuote, type Status } from '../../../api/index.ts';

/** A webhook that could not be asked, or did not answer in order; what that means is up to its failure policy. */
export class CallError extends Error {
  override readonly name = 'CallError';
  /** The HTTP status that counts for it. */
  readonly code: number;
  /** Whether it took all the time that the request had left. */
  readonly endsRequest: boolean;

  constructor(webhook: string, why: string, options: { readonly code: number; readonly cause?: unknown; readonly endsRequest?: boolean }) {
    super(`failed calling webhook ${goQuote(webhook)}: ${why}`, { cause: options.cause });
    this.code = options.code;
    this.endsRequest = options.endsRequest ?? false;
  }
}

/** A webhook's no. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly error: ApiError;

  constructor(error: ApiError) {
    super(error.message);
    this.error = error;
  }
}

/** What is less is no refusal, what is more is no HTTP. */
const REFUSAL_CODE_MIN = 400;
const REFUSAL_CODE_MAX = 999;

/** What the client is answered when a webhook says no. */
export function rejectionOf(webhook: string, result: Partial<Status> = {}): Rejection {
  const denied = `admission webhook ${goQuote(webhook)} denied the request`;
  const { code = 0, status, message, reason } = result;
  const why = message || reason;
  return new Rejection(
    new ApiError({
      ...result,
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: !status || status === 'Success' ? 'Failure' : status,
      message: why ? `${denied}: ${why}` : `${denied} without explanation`,
      code: Math.min(Math.max(code, REFUSAL_CODE_MIN), REFUSAL_CODE_MAX),
    }),
  );
}

/** A dry run of a webhook that cannot do that. */
export const dryRunUnsupported = (webhook: string): ApiError =>
  apiError.badRequest(`admission webhook ${goQuote(webhook)} does not support dry run`);
