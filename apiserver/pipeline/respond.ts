import { type ApiError, goQuote, type Status, stringifyJson } from '../../api/index.ts';
import type { Exchange } from './exchange.ts';

export const JSON_TYPE = 'application/json';
export const TEXT_TYPE = 'text/plain; charset=utf-8';

/** Bytes of Warning headers an answer carries at most, and of one of them: upstream's limits. */
const WARNING_BYTES_MAX = 4 * 1024;
const WARNING_BYTES_EACH_MAX = 256;

/** The headers of an answer, flat: name, value, name, value. */
export function headersFor(exchange: Exchange, contentType: string): string[] {
  const headers = ['Audit-Id', exchange.auditId, 'Cache-Control', 'no-cache, private', 'Content-Type', contentType];
  for (const part of exchange.flowHeaders) headers.push(part);
  if (exchange.warnings.length > 0) addWarnings(headers, exchange.warnings);
  return headers;
}

/** Answers with a whole body. */
export function send(exchange: Exchange, status: number, contentType: string, body: Buffer): void {
  const { response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const headers = headersFor(exchange, contentType);
  exchange.answeredBytes = body.length;
  headers.push('Content-Length', String(body.length));
  response.writeHead(status, headers);
  response.end(body);
}

export const sendText = (exchange: Exchange, status: number, text: string): void => send(exchange, status, TEXT_TYPE, Buffer.from(text));

/** Upstream's answer to a path outside the API. */
export const sendNotFound = (exchange: Exchange): void => sendText(exchange, 404, '404 page not found\n');

/** What turns a Status into bytes: JSON, or what the client takes. */
export type StatusEncoder = (exchange: Exchange, status: Status) => { readonly contentType: string; readonly body: Buffer };

export const jsonStatus: StatusEncoder = (_, status) => ({ contentType: JSON_TYPE, body: Buffer.from(`${stringifyJson(status)}\n`) });

/** Answers an error. */
export function sendError(exchange: Exchange, error: ApiError, encode: StatusEncoder = jsonStatus): void {
  const { response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  exchange.audit?.answered(error.status);
  const { contentType, body } = encode(exchange, error.status);
  const headers = headersFor(exchange, contentType);
  for (const [name, value] of Object.entries(error.headers)) headers.push(name, value);
  headers.push('Content-Length', String(body.length));
  response.writeHead(error.code, headers);
  response.end(body);
}

function addWarnings(headers: string[], warnings: readonly string[]): void {
  const total = warnings.reduce((sum, text) => sum + text.length, 0);
  let room = WARNING_BYTES_MAX;
  for (const text of warnings) {
    const shown = total > WARNING_BYTES_MAX ? text.slice(0, WARNING_BYTES_EACH_MAX) : text;
    room -= shown.length;
    if (room < 0) return;
    headers.push('Warning', `299 - ${latin1(goQuote(shown))}`);
  }
}

/** Header values are bytes: what is beyond them goes as the bytes of its UTF-8. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
