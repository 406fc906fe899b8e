import { apiError } from '../../api/index.ts';
import type { HttpRequest } from '../http/messages.ts';

/** Bytes of the largest body: upstream's limit. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/** Bodies that were read, for as long as their requests are there. */
const read = new WeakMap<HttpRequest, Buffer>();

/** A request's body, once it was read; undefined when it was not, or has none. */
export const bodyOf = (request: HttpRequest): Buffer | undefined => read.get(request);

/**
 * Reads a request's body whole.
 *
 * @throws ApiError (413) when it is too large; the connection cannot be used afterwards.
 */
export function readBody(request: HttpRequest, bytesMax: number = BODY_BYTES_MAX): Promise<Buffer> {
  if (!request.hasBody) return Promise.resolve(EMPTY);
  const { body: stream } = request;
  return new Promise((resolve, reject) => {
    let size = 0;
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      stream.removeAllListeners('data');
      stream.resume();
      reject(apiError.requestEntityTooLarge(`limit is ${bytesMax}`));
    });
    stream.once('end', () => {
      const body = chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, size);
      read.set(request, body);
      resolve(body);
    });
    stream.once('error', reject);
    stream.once('close', () => {
      if (!request.complete) reject(apiError.badRequest('the request ended before its body was read'));
    });
  });
}
