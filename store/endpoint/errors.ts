/** etcd's errors, by the codes and texts of its api/v3rpc/rpctypes/error.go, which its clients look for. */
import { StoreError, type StoreErrorCode } from '../store.ts';
import { GRPC_CODE, GrpcError } from './grpc/status.ts';

const of = (code: keyof typeof GRPC_CODE, message: string) => (): GrpcError => new GrpcError(GRPC_CODE[code], message);

export const etcdError = {
  emptyKey: of('invalidArgument', 'etcdserver: key is not provided'),
  keyNotFound: of('invalidArgument', 'etcdserver: key not found'),
  valueProvided: of('invalidArgument', 'etcdserver: value is provided'),
  leaseProvided: of('invalidArgument', 'etcdserver: lease is provided'),
  tooManyOps: of('invalidArgument', 'etcdserver: too many operations in txn request'),
  duplicateKey: of('invalidArgument', 'etcdserver: duplicate key given in txn request'),
  compacted: of('outOfRange', 'etcdserver: mvcc: required revision has been compacted'),
  futureRevision: of('outOfRange', 'etcdserver: mvcc: required revision is a future revision'),
  noSpace: of('resourceExhausted', 'etcdserver: mvcc: database space exceeded'),
  leaseNotFound: of('notFound', 'etcdserver: requested lease not found'),
  leaseExists: of('failedPrecondition', 'etcdserver: lease already exists'),
  leaseTtlTooLarge: of('outOfRange', 'etcdserver: too large lease TTL'),
  requestTooLarge: of('invalidArgument', 'etcdserver: request is too large'),
  tooManyRequests: of('resourceExhausted', 'etcdserver: too many requests'),
  memberBadUrls: of('invalidArgument', 'etcdserver: given member URLs are invalid'),
  memberNotFound: of('notFound', 'etcdserver: member not found'),
  memberNotLearner: of('failedPrecondition', 'etcdserver: can only promote a learner member'),
  badLeaderTransferee: of('failedPrecondition', 'etcdserver: bad leader transferee'),
  rootUserNotExist: of('failedPrecondition', 'etcdserver: root user does not exist'),
  authNotEnabled: of('failedPrecondition', 'etcdserver: authentication is not enabled'),
  stopped: of('unavailable', 'etcdserver: server stopped'),
  unhealthy: of('unavailable', 'etcdserver: unhealthy cluster'),
  corrupt: of('dataLoss', 'etcdserver: corrupt cluster'),
} as const;

/** What the store's errors are to a client; of the others (it is the store's own trouble) the text is told. */
const BY_STORE_CODE: Partial<Record<StoreErrorCode, () => GrpcError>> = {
  Compacted: etcdError.compacted,
  FutureRevision: etcdError.futureRevision,
  Closed: etcdError.stopped,
  NoSpace: etcdError.noSpace,
  Busy: etcdError.tooManyRequests,
  Unavailable: etcdError.unhealthy,
  Corrupt: etcdError.corrupt,
  ValueTooLarge: etcdError.requestTooLarge,
  DuplicateKey: etcdError.duplicateKey,
  KeyNotFound: etcdError.keyNotFound,
  LeaseNotFound: etcdError.leaseNotFound,
  LeaseExists: etcdError.leaseExists,
  LeaseTtlTooLarge: etcdError.leaseTtlTooLarge,
};

/** What an error is to a client. */
export function toGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  const known = error instanceof StoreError ? BY_STORE_CODE[error.code]?.() : undefined;
  return known ?? new GrpcError(GRPC_CODE.unknown, error instanceof Error ? error.message : String(error), { cause: error });
}
