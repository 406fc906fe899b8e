import { expect, test } from 'vitest';
import { contentFor } from './partial-content.ts';

const MADE = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LAST_MODIFIED = 'Fri, 02 Jan 2026 03:04:05 GMT';
const document = { status: 200, contentType: 'text/x', headers: { etag: '"e"', vary: 'Accept' }, body: Buffer.from('0123456789') };
const answer = (headers: Record<string, string>) => contentFor(document, MADE, headers);
const said = (headers: Record<string, string>) => {
  const { status, headers: told, body } = answer(headers);
  return [status, told['content-range'], body.toString()];
};

test('a document says that it may be had in parts, and when it was made', () => {
  expect(answer({})).toEqual({
    ...document,
    headers: { ...document.headers, 'accept-ranges': 'bytes', 'last-modified': LAST_MODIFIED },
  });
});

// As Go's `http.ServeContent` answers.
test.each([
  ['bytes=0-2', 206, 'bytes 0-2/10', '012'],
  ['bytes=7-', 206, 'bytes 7-9/10', '789'],
  ['bytes=7-99', 206, 'bytes 7-9/10', '789'],
  ['bytes=-2', 206, 'bytes 8-9/10', '89'],
  ['bytes=-20', 206, 'bytes 0-9/10', '0123456789'],
  ['bytes= 1 - 2 ,', 206, 'bytes 1-2/10', '12'],
  ['bytes=0-9,0-9', 200, undefined, '0123456789'],
  ['bytes=', 200, undefined, '0123456789'],
  ['bytes=10-', 416, 'bytes */10', 'invalid range: failed to overlap\n'],
  ['bytes=10-,1-1', 206, 'bytes 1-1/10', '1'],
  ['bytes=5-2', 416, undefined, 'invalid range\n'],
  ['bytes=x-2', 416, undefined, 'invalid range\n'],
  ['bytes=-', 416, undefined, 'invalid range\n'],
  ['lines=1-2', 416, undefined, 'invalid range\n'],
])('Range: %s is %i', (range, status, told, text) => {
  expect(said({ range })).toEqual([status, told, text]);
});

test('several parts are one answer', () => {
  const { status, contentType, headers, body } = answer({ range: 'bytes=0-1,4-6' });
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(contentType)?.[1] ?? '';
  expect([status, headers['content-range']]).toEqual([206, undefined]);
  const part = (at: string, text: string) => `--${boundary}\r\nContent-Range: bytes ${at}/10\r\nContent-Type: text/x\r\n\r\n${text}\r\n`;
  expect(body.toString()).toBe(`${part('0-1', '01')}${part('4-6', '456')}--${boundary}--\r\n`);
});

test.each([
  [{ 'if-modified-since': LAST_MODIFIED }, 304],
  [{ 'if-modified-since': 'Fri, 02 Jan 2026 03:04:04 GMT' }, 200],
  [{ 'if-modified-since': 'yesterday' }, 200],
  [{ 'if-modified-since': LAST_MODIFIED, 'if-none-match': '"other"' }, 200],
  [{ 'if-unmodified-since': LAST_MODIFIED }, 200],
  [{ 'if-unmodified-since': 'Fri, 02 Jan 2026 03:04:04 GMT' }, 412],
  [{ 'if-match': '"a", "e"' }, 200],
  [{ 'if-match': '*' }, 200],
  [{ 'if-match': '"a"' }, 412],
  [{ range: 'bytes=0-0', 'if-range': '"e"' }, 206],
  [{ range: 'bytes=0-0', 'if-range': LAST_MODIFIED }, 206],
  [{ range: 'bytes=0-0', 'if-range': '"a"' }, 200],
])('%j is %i', (headers, status) => {
  expect(answer(headers).status).toBe(status);
});
