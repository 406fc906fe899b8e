import { ApiError, apiError } from '../../api/index.ts';
import { StoreError, type StoreErrorCode } from '../../store/index.ts';
import { UnreadableObject } from './unreadable-object.ts';

/** Text of an expired continue token: upstream's, which clients show to people. */
const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
  'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token ' +
  'results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and ' +
  'now may show up in the list.';

/** A list whose continue token is too old; `token` resumes it on the newest state. */
export function continueExpired(token: string): ApiError {
  const error = apiError.expired(CONTINUE_EXPIRED);
  error.status.metadata = { continue: token };
  return error;
}

/** A revision nobody remembers. */
export const tooOld = (revision: number, oldest: number): ApiError => apiError.expired(`too old resource version: ${revision} (${oldest})`);

/** A revision that is yet to come; a watch cache has one try again in a second, the store itself does not (`retryAfterSeconds` 0). */
export function tooLarge(revision: number, current: number, retryAfterSeconds = 1): ApiError {
  const error = apiError.timeout(`Too large resource version: ${revision}, current: ${current}`, retryAfterSeconds);
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  error.status.details = { causes, ...error.status.details };
  return error;
}

/** An answer that upstream gives as a bare error: code 500, a message and no reason. */
export const plainError = (message: string): ApiError => apiError.custom({ code: 500, message });

const OF_STORE: Readonly<Record<StoreErrorCode, (error: StoreError) => ApiError>> = {
  Compacted: () => apiError.expired('The resourceVersion for the provided list is too old.'),
  FutureRevision: (error) => apiError.timeout(error.message, 1),
  Closed: () => apiError.serviceUnavailable('the store is closed'),
  NoSpace: () => plainError('etcdserver: mvcc: database space exceeded'),
  Io: (error) => apiError.internal(error.message, error),
  Busy: () => apiError.tooManyRequests('the store has too much to do, please try again later', 1),
  Unavailable: (error) => apiError.serviceUnavailable(error.message),
  Locked: (error) => apiError.internal(error.message, error),
  Corrupt: (error) => apiError.internal(error.message, error),
  WatcherTooSlow: (error) => apiError.internal(error.message, error),
  ValueTooLarge: () => plainError('etcdserver: request is too large'),
  DuplicateKey: (error) => apiError.internal(error.message, error),
  InvalidKey: (error) => apiError.internal(error.message, error),
  KeyNotFound: (error) => apiError.internal(error.message, error),
  LeaseNotFound: (error) => plainError(error.message),
  LeaseExists: (error) => plainError(error.message),
  LeaseTtlTooLarge: (error) => plainError(error.message),
  FormatVersion: (error) => apiError.internal(error.message, error),
};

/** What is answered for an error, whatever it is. The only place where the store's codes become Kubernetes' reasons. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof UnreadableObject) return error.sealed ? apiError.internal(error.why, error) : plainError(error.why);
  if (error instanceof StoreError) return OF_STORE[error.code](error);
  return apiError.internal(error instanceof Error ? error.message : String(error), error);
}

/** The error of a list: which of its objects could not be opened is told. */
export const ofList = (error: unknown): unknown =>
  error instanceof UnreadableObject && error.sealed ? apiError.internal(error.message, error) : error;
