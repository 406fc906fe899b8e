import { type ApiError, goJson, type Status } from '../../api/index.ts';
import { GZIP_BYTES_MIN, openBody } from './compression.ts';
import type { Exchange } from './exchange.ts';

export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Characters of warnings that an answer carries, and of one of them when they are more: upstream's limits. */
const WARNING_RUNES_MAX = 4 * 1024;
const WARNING_RUNES_EACH_MAX = 256;

/** The headers of an answer, flat: name, value, name, value. */
export function headersFor(exchange: Exchange, contentType: string): string[] {
  const headers = ['Audit-Id', exchange.auditId, 'Cache-Control', 'no-cache, private', 'Content-Type', contentType];
  for (const part of exchange.flowHeaders) headers.push(part);
  if (exchange.warnings.length > 0) addWarnings(headers, exchange.warnings);
  return headers;
}

/** Answers with a whole body. */
export const send = (exchange: Exchange, status: number, contentType: string, body: Buffer): void =>
  sendBody(exchange, { status, contentType, body });

/** Answers with an object, or a list of them, that is encoded already. */
export const sendEncoded = (exchange: Exchange, status: number, contentType: string, body: Buffer): void =>
  sendBody(exchange, { status, contentType, body, gzipAbove: GZIP_BYTES_MIN });

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly gzipAbove?: number | undefined;
  /** Beside those of all answers; names and values in turn. */
  readonly headers?: readonly string[] | undefined;
}

function sendBody(exchange: Exchange, { status, contentType, body, gzipAbove, headers = [] }: Answer): void {
  const { response } = exchange;
  if (response.headersSent) {
    breakOff(response);
    return;
  }
  exchange.answeredBytes = body.length;
  openBody(exchange, { status, headers: [...headersFor(exchange, contentType), ...headers], length: body.length, gzipAbove }).end(body);
}

/** Browsers are not to guess at what an answer is. */
export const NO_SNIFF: Readonly<Record<string, string>> = { 'X-Content-Type-Options': 'nosniff' };

/** Answers as Go's `http.Error`: a text that browsers must not take for a page. */
export const sendNotice = (exchange: Exchange, status: number, text: string): void =>
  sendBody(exchange, { status, contentType: TEXT_TYPE, body: Buffer.from(text), headers: Object.entries(NO_SNIFF).flat() });

export const sendText = (exchange: Exchange, status: number, text: string): void => send(exchange, status, TEXT_TYPE, Buffer.from(text));

/** Upstream's answer to a path outside the API. */
export const sendNotFound = (exchange: Exchange): void => sendNotice(exchange, 404, '404 page not found\n');

/** What turns a Status into bytes: JSON, or what the client takes. */
export type StatusEncoder = (exchange: Exchange, status: Status) => { readonly contentType: string; readonly body: Buffer };

export const jsonStatus: StatusEncoder = (_, status) => ({ contentType: JSON_TYPE, body: Buffer.from(`${goJson(status)}\n`) });

/** Half an answer is not to be taken for one; what was answered whole was answered, and its connection may be another request's already. */
function breakOff(response: Exchange['response']): void {
  if (!response.writableEnded) response.destroy();
}

/** Answers an error. */
export function sendError(exchange: Exchange, error: ApiError, encode: StatusEncoder = jsonStatus): void {
  const { response } = exchange;
  if (response.headersSent) {
    breakOff(response);
    return;
  }
  exchange.audit?.answered(error.status);
  const { contentType, body } = encode(exchange, error.status);
  const headers = headersFor(exchange, contentType);
  for (const [name, value] of Object.entries(error.headers)) headers.push(name, value);
  const { retryAfterSeconds = 0 } = error.status.details ?? {};
  if (retryAfterSeconds > 0 && error.headers['retry-after'] === undefined) headers.push('Retry-After', String(retryAfterSeconds));
  headers.push('Content-Length', String(body.length));
  exchange.answeredBytes = body.length;
  response.writeHead(error.code, headers);
  response.end(body);
}

/**
 * Adds warnings as headers: all of them whole if they are not too many; else each is cut, and when there is no room the rest is left out.
 * Upstream: `endpoints/filters/warning.go`, apimachinery's `net.NewWarningHeader`.
 */
function addWarnings(headers: string[], warnings: readonly string[]): void {
  const texts = warnings.filter((text) => text !== '' && !CONTROL.test(text)).map((text) => [...text]);
  const isCut = texts.reduce((sum, { length }) => sum + length, 0) > WARNING_RUNES_MAX;
  let written = 0;
  for (const text of texts) {
    if (isCut && written >= WARNING_RUNES_MAX) return;
    const shown = isCut ? text.slice(0, WARNING_RUNES_EACH_MAX) : text;
    written += shown.length;
    headers.push('Warning', `299 - "${latin1(shown.join('').replace(/["\\]/g, '\\$&'))}"`);
  }
}

const CONTROL = /\p{Cc}/u;

/** Header values are bytes: what is beyond them goes as the bytes of its UTF-8. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
