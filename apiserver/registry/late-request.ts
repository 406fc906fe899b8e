import { ApiError, apiError } from '../../api/index.ts';

/** Says that a request's time is over while it is worked on. Upstream: apiserver, `pkg/endpoints/handlers/finisher/finisher.go`. */
export class LateRequest extends ApiError {
  constructor(cause?: unknown) {
    super(apiError.timeout('request did not complete within requested timeout - context deadline exceeded', 0).status, { cause });
  }
}
