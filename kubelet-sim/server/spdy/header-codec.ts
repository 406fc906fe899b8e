import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './dictionary.ts';

/** A header block is not larger than this once it is unpacked. */
const BLOCK_BYTES_MAX = 64 * 1024;

export type SpdyHeaders = ReadonlyMap<string, string>;

/** Packs and unpacks header blocks. Each direction of a connection is one compressed stream, so blocks are taken in their order. */
export class HeaderCodec {
  readonly #deflate: Deflate;
  readonly #inflate: Inflate;

  constructor() {
    const options = { dictionary: HEADER_DICTIONARY, highWaterMark: 2 * BLOCK_BYTES_MAX };
    this.#deflate = createDeflate(options);
    this.#inflate = createInflate({ ...options, finishFlush: constants.Z_SYNC_FLUSH });
  }

  async pack(headers: SpdyHeaders): Promise<Buffer> {
    const parts = [uint32(headers.size)];
    for (const text of [...headers].flat()) parts.push(uint32(Buffer.byteLength(text)), Buffer.from(text));
    const stream = this.#deflate;
    stream.write(Buffer.concat(parts));
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, resolve));
    return taken(stream);
  }

  /** @throws Error when the block makes no sense. */
  async unpack(block: Buffer): Promise<SpdyHeaders> {
    const stream = this.#inflate;
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject);
      stream.write(block, () => {
        stream.off('error', reject);
        resolve();
      });
    });
    return readHeaders(taken(stream));
  }

  close(): void {
    this.#deflate.destroy();
    this.#inflate.destroy();
  }
}

/** All that has come out of a stream: newer versions of Node.js (26) give one piece for a read, older ones all pieces as one. */
function taken(stream: Deflate | Inflate): Buffer {
  const chunks: Buffer[] = [];
  for (let chunk: Buffer | null = stream.read(); chunk !== null; chunk = stream.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Names are lower-case by the protocol, but clients in Go send them as they are: they are made so here. */
function readHeaders(block: Buffer): SpdyHeaders {
  if (block.length > BLOCK_BYTES_MAX) throw new Error('a SPDY header block is too large');
  let at = 0;
  const number = () => {
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > block.length) throw new Error('a SPDY header block is cut off');
    at += length;
    return block.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let left = number(); left > 0; left--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
