/** gRPC's status codes (grpc/doc/statuscodes.md) that an answer of ours can have. */
export const GRPC_CODE = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
} as const;

export type GrpcCode = (typeof GRPC_CODE)[keyof typeof GRPC_CODE];

/** The names that metrics have for the codes. */
const NAMES = new Map<number, string>(Object.entries(GRPC_CODE).map(([name, code]) => [code, name[0]?.toUpperCase() + name.slice(1)]));

export const codeName = (code: GrpcCode): string => (code === GRPC_CODE.ok ? 'OK' : (NAMES.get(code) ?? 'Unknown'));

/** An answer other than OK. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: GrpcCode;

  constructor(code: GrpcCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A message as the header `grpc-message` has it: percent-encoded but for printable ASCII (gRPC over HTTP/2, "Status-Message"). */
export const encodeMessage = (message: string): string =>
  message.replace(/[^ -~]|%/gu, (character) => Buffer.from(character).reduce((text, byte) => `${text}%${hex(byte)}`, ''));

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');
