const FRAME_HEADER_BYTES = 5;

/** A message as a stream of gRPC has it: not compressed, its length, itself (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). */
export function frameOf(message: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The one message of a stream that has ended; undefined when there is none, or more than one, or it is compressed. */
export function messageIn(framed: Buffer): Buffer | undefined {
  if (framed.length < FRAME_HEADER_BYTES || framed[0] !== 0) return undefined;
  return framed.readUInt32BE(1) === framed.length - FRAME_HEADER_BYTES ? framed.subarray(FRAME_HEADER_BYTES) : undefined;
}
