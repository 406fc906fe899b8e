import type { Http2Stream } from 'node:http2';
import { MESSAGE_BYTES_MAX } from './messages.ts';

/** All that comes over a stream, as text. @throws when it is too much */
export async function readAll(stream: Http2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MESSAGE_BYTES_MAX) throw new Error('message too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A stream whose first line is a message, and whose rest is bytes. */
export async function splitMessage(stream: Http2Stream): Promise<{ readonly message: string; readonly rest: AsyncIterable<string> }> {
  const source: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
  let head = '';
  for (;;) {
    const { done, value } = await source.next();
    if (done) throw new Error('stream ended before its message');
    if (Buffer.isBuffer(value)) head += value.toString('latin1');
    const end = head.indexOf('\n');
    if (end >= 0) return { message: Buffer.from(head.slice(0, end), 'latin1').toString('utf8'), rest: restOf(head.slice(end + 1), source) };
    if (head.length > MESSAGE_BYTES_MAX) throw new Error('message too large');
  }
}

async function* restOf(first: string, source: AsyncIterator<unknown>): AsyncGenerator<string> {
  if (first !== '') yield first;
  for (;;) {
    const { done, value } = await source.next();
    if (done) return;
    if (Buffer.isBuffer(value)) yield value.toString('latin1');
  }
}
