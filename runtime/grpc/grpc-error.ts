/** gRPC's status codes by number, as Go prints them. */
const CODES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

/** Numbers of the codes that we give ourselves. */
export const CODE = {
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** A call that did not succeed; the message is as Go's library writes it. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  /** Its status code by name. */
  readonly code: string;
  readonly number: number;
  /** What the server said, without the code. */
  readonly details: string;

  constructor(code: number, details: string) {
    const name = CODES[code] ?? `Code(${code})`;
    super(`rpc error: code = ${name} desc = ${details}`);
    this.code = name;
    this.number = code;
    this.details = details;
  }
}
