// Documents that may be had in parts, or only if they have changed: Go's `http.ServeContent`, by which upstream serves OpenAPI.
import type { IncomingHttpHeaders } from 'node:http';
import type { PreparedDocument } from './root.ts';

interface Range {
  readonly start: number;
  readonly length: number;
}

/** Ranges in one header that are looked at: more are no way to read a document. */
const RANGES_MAX = 1000;
const UNIT = 'bytes=';
const TEXT = 'text/plain; charset=utf-8';
/** Stands between the parts; nothing in a document of JSON or of protobuf looks like it. */
const BOUNDARY = '4f1d8a7c2e9b60354f1d8a7c2e9b60354f1d8a7c2e9b60354f1d8a7c2e9b';

/** What is answered of a document to who sent these headers. @param modifiedMs when it was made. */
export function contentFor(document: PreparedDocument, modifiedMs: number, headers: IncomingHttpHeaders): PreparedDocument {
  const seconds = Math.floor(modifiedMs / 1000);
  const modified = new Date(seconds * 1000).toUTCString();
  const { etag } = document.headers;
  if (isRefused(headers, etag, seconds)) return bare(document, 412, { 'last-modified': modified });
  if (isKnown(headers, seconds)) return bare(document, 304, etag === undefined ? { 'last-modified': modified } : {});
  const whole = { ...document, headers: { ...document.headers, 'accept-ranges': 'bytes', 'last-modified': modified } };
  const { range } = headers;
  if (range === undefined || range === '' || !isOfThis(headers['if-range'], etag, modified)) return whole;
  const ranges = rangesOf(range, document.body.length);
  const { vary = 'Accept' } = document.headers;
  if (ranges === 'invalid') return unsatisfiable('invalid range\n', { vary });
  if (ranges === 'beyond') {
    return unsatisfiable('invalid range: failed to overlap\n', { vary, 'content-range': `bytes */${document.body.length}` });
  }
  const wanted = ranges.reduce((sum, { length }) => sum + length, 0);
  if (ranges.length === 0 || wanted > document.body.length) return whole;
  return { ...whole, status: 206, ...partsOf(document, ranges, whole.headers) };
}

const bare = (document: PreparedDocument, status: number, more: Readonly<Record<string, string>>): PreparedDocument => ({
  ...document,
  status,
  headers: { ...document.headers, ...more },
  body: Buffer.alloc(0),
});

const unsatisfiable = (text: string, headers: Readonly<Record<string, string>>): PreparedDocument => ({
  status: 416,
  contentType: TEXT,
  headers: { ...headers, 'x-content-type-options': 'nosniff' },
  body: Buffer.from(text),
});

/** Whether it is not the document that the client means to go on with. */
function isRefused(headers: IncomingHttpHeaders, etag: string | undefined, seconds: number): boolean {
  const { 'if-match': match, 'if-unmodified-since': since } = headers;
  if (match) return !match.split(',').some((tag) => tag.trim() === '*' || (etag !== undefined && tag.trim() === etag));
  const date = secondsOf(since);
  return date !== undefined && seconds > date;
}

/** Whether the client has it; who sent tags is told by these. */
function isKnown(headers: IncomingHttpHeaders, seconds: number): boolean {
  const date = headers['if-none-match'] ? undefined : secondsOf(headers['if-modified-since']);
  return date !== undefined && seconds <= date;
}

const isOfThis = (ifRange: string | string[] | undefined, etag: string | undefined, modified: string): boolean =>
  ifRange === undefined || ifRange === '' || ifRange === etag || ifRange === modified;

function secondsOf(date: string | undefined): number | undefined {
  const ms = date ? Date.parse(date) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** @returns `beyond` where none of them is in the document. */
function rangesOf(header: string, size: number): readonly Range[] | 'invalid' | 'beyond' {
  if (!header.startsWith(UNIT)) return 'invalid';
  const ranges: Range[] = [];
  let isBeyond = false;
  for (const text of header.slice(UNIT.length).split(',', RANGES_MAX)) {
    const spec = text.trim();
    if (spec === '') continue;
    const range = rangeOf(spec, size);
    if (range === 'invalid') return range;
    if (range === 'beyond') isBeyond = true;
    else ranges.push(range);
  }
  return isBeyond && ranges.length === 0 ? 'beyond' : ranges;
}

function rangeOf(spec: string, size: number): Range | 'invalid' | 'beyond' {
  const [, first = '', last = ''] = /^(\d*)\s*-\s*(\d*)$/.exec(spec) ?? [];
  if (first === '') {
    if (last === '') return 'invalid';
    const length = Math.min(Number(last), size);
    return { start: size - length, length };
  }
  const start = Number(first);
  if (start >= size) return 'beyond';
  if (last === '') return { start, length: size - start };
  const end = Math.min(Number(last), size - 1);
  return start > Number(last) ? 'invalid' : { start, length: end - start + 1 };
}

function partsOf(
  { body, contentType }: PreparedDocument,
  ranges: readonly Range[],
  headers: Readonly<Record<string, string>>,
): Pick<PreparedDocument, 'body' | 'contentType' | 'headers'> {
  const told = ({ start, length }: Range) => `bytes ${start}-${start + length - 1}/${body.length}`;
  const [only, ...more] = ranges;
  if (only && more.length === 0) {
    const part = body.subarray(only.start, only.start + only.length);
    return { contentType, body: part, headers: { ...headers, 'content-range': told(only) } };
  }
  const pieces = ranges.flatMap((range, index) => [
    Buffer.from(`${index === 0 ? '' : '\r\n'}--${BOUNDARY}\r\nContent-Range: ${told(range)}\r\nContent-Type: ${contentType}\r\n\r\n`),
    body.subarray(range.start, range.start + range.length),
  ]);
  const end = Buffer.from(`\r\n--${BOUNDARY}--\r\n`);
  return { contentType: `multipart/byteranges; boundary=${BOUNDARY}`, body: Buffer.concat([...pieces, end]), headers };
}
