/** gRPC codes a runtime, or a driver of volumes, answers with. */
export type RuntimeErrorCode =
  | ('NotFound' | 'Unknown' | 'DeadlineExceeded' | 'FailedPrecondition' | 'InvalidArgument' | 'Unavailable')
  | ('AlreadyExists' | 'OutOfRange' | 'ResourceExhausted' | 'Unimplemented');

/** A runtime's error, as a gRPC client would see it. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  readonly description: string;

  constructor(code: RuntimeErrorCode, description: string) {
    super(`rpc error: code = ${code} desc = ${description}`);
    this.code = code;
    this.description = description;
  }
}
