import type { IncomingMessage } from 'node:http';
import { apiError } from '../../api/index.ts';

/** Bytes of the largest body: upstream's limit. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/** Bodies that were read, for as long as their requests are there. */
const read = new WeakMap<IncomingMessage, Buffer>();

/** A request's body, once it was read; undefined when it was not, or has none. */
export const bodyOf = (request: IncomingMessage): Buffer | undefined => read.get(request);

/**
 * Reads a request's body whole.
 *
 * @throws ApiError (413) when it is too large; the connection cannot be used afterwards.
 */
export function readBody(request: IncomingMessage, bytesMax: number = BODY_BYTES_MAX): Promise<Buffer> {
  const announced = request.headers['content-length'];
  if (announced === '0' || (announced === undefined && request.headers['transfer-encoding'] === undefined)) {
    return Promise.resolve(EMPTY);
  }
  return new Promise((resolve, reject) => {
    let size = 0;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      request.removeAllListeners('data');
      request.resume();
      reject(apiError.requestEntityTooLarge(`limit is ${bytesMax}`));
    });
    request.once('end', () => {
      const body = chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, size);
      read.set(request, body);
      resolve(body);
    });
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(apiError.badRequest('the request ended before its body was read'));
    });
  });
}
