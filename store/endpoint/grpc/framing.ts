/**
 * gRPC's framing of messages in an HTTP/2 stream: a byte that says whether the message is compressed, its length in four bytes, the message.
 */
import { GRPC_CODE, GrpcError } from './status.ts';

export const FRAME_HEADER_BYTES = 5;

const EMPTY: Buffer = Buffer.alloc(0);

/** Writes the header of a frame at the head of `into`, whose rest is the message. */
export function writeFrameHeader(into: Buffer, messageBytes: number): void {
  into[0] = 0;
  into.writeUInt32BE(messageBytes, 1);
}

/** A message with its frame. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + message.length);
  writeFrameHeader(framed, message.length);
  framed.set(message, FRAME_HEADER_BYTES);
  return framed;
}

/** Takes a stream of bytes apart into messages. */
export class Deframer {
  readonly #messageBytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /**
   * The messages that are whole with this chunk.
   *
   * @throws GrpcError when a message is too large, or compressed (which no client does that was not told that it may).
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const messages: Buffer[] = [];
    for (let message = this.#take(); message; message = this.#take()) messages.push(message);
    return messages;
  }

  #take(): Buffer | undefined {
    if (this.#bytes < FRAME_HEADER_BYTES) return undefined;
    const length = this.#headLength();
    const end = FRAME_HEADER_BYTES + length;
    if (this.#bytes < end) return undefined;
    const all = this.#joined();
    const rest = all.subarray(end);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return all.subarray(FRAME_HEADER_BYTES, end);
  }

  #headLength(): number {
    const [first = EMPTY] = this.#chunks;
    const head = first.length >= FRAME_HEADER_BYTES ? first : this.#joined();
    if (head[0] !== 0) throw new GrpcError(GRPC_CODE.unimplemented, 'grpc: messages that are compressed are not understood here');
    const length = head.readUInt32BE(1);
    if (length > this.#messageBytesMax) {
      throw new GrpcError(GRPC_CODE.resourceExhausted, `grpc: received message larger than max (${length} vs. ${this.#messageBytesMax})`);
    }
    return length;
  }

  #joined(): Buffer {
    const [first = EMPTY] = this.#chunks;
    if (this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
