// Large answers are compressed for who takes that. Upstream: apiserver/pkg/endpoints/handlers/responsewriters/writers.go
// (`negotiateContentEncoding`, `deferredResponseWriter`), the gate APIResponseCompression.
import { createGzip } from 'node:zlib';
import type { HttpResponse } from '../http/messages.ts';
import type { Exchange } from './exchange.ts';

/** Answers that are larger are compressed. */
export const GZIP_BYTES_MIN = 128 * 1024;
/** The level that costs least. */
const GZIP_LEVEL = 1;

/** What the body of an answer is written to, at its reader's pace. */
export type BodySink = Pick<HttpResponse, 'write' | 'end' | 'once' | 'off'>;

export interface Head {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Bytes of the body, as it is written. */
  readonly length: number;
  /** Bodies that are larger are compressed. */
  readonly gzipAbove?: number | undefined;
}

/** Writes the head of an answer. @returns what its body is to be written to. */
export function openBody(
  { request, response }: Exchange,
  { status, headers, length, gzipAbove = Number.POSITIVE_INFINITY }: Head,
): BodySink {
  if (length <= gzipAbove || request.method === 'HEAD' || !takesGzip(request.headers['accept-encoding'])) {
    response.writeHead(status, [...headers, 'Content-Length', String(length)]);
    return response;
  }
  const varies = headers.some((text) => text.startsWith('Accept-Encoding')) ? [] : ['Vary', 'Accept-Encoding'];
  response.writeHead(status, [...headers, 'Content-Encoding', 'gzip', ...varies]);
  const gzip = createGzip({ level: GZIP_LEVEL });
  response.once('close', () => gzip.destroy());
  gzip.on('data', (chunk: Buffer) => {
    if (response.write(chunk)) return;
    gzip.pause();
    response.once('drain', () => gzip.resume());
  });
  gzip.once('end', () => response.end());
  return gzip;
}

/** Qualities are not understood: upstream takes the name alone. */
const takesGzip = (encodings: string | string[] | undefined): boolean =>
  encodings !== undefined && [encodings].flat().some((line) => line.split(',').some((name) => name.trim() === 'gzip'));
