import type { HttpResponse } from '../../cri.ts';

/** A request read from a connection. */
export interface TextRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly keepAlive: boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

export const reasonOf = (status: number): string => REASONS[status] ?? 'Unknown';

/** The headers of a message's head, by their lower-case names. */
function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const] : [];
    }),
  );
}

/** Takes whole requests off the front of what a client has sent; undefined while one is not whole. */
export function takeRequest(text: string): { readonly request: TextRequest; readonly rest: string } | undefined {
  const end = /\r?\n\r?\n/.exec(text);
  if (!end) return undefined;
  const [first = '', ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const [method = '', path = '/', version = ''] = first.split(' ');
  const headers = headersOf(lines);
  const isChunked = headers['transfer-encoding']?.toLowerCase() === 'chunked';
  const sent = text.slice(end.index + end[0].length);
  const taken = isChunked ? takeChunks(sent) : takeBytes(sent, Number(headers['content-length'] ?? 0));
  if (!taken) return undefined;
  const connection = (headers.connection ?? '').toLowerCase();
  const keepAlive = version === 'HTTP/1.1' ? connection !== 'close' : connection === 'keep-alive';
  return { request: { method, path, headers, body: taken.body, keepAlive }, rest: taken.rest };
}

/** A body, and what comes after it. */
interface TakenBody {
  readonly body: string;
  readonly rest: string;
}

const takeBytes = (text: string, length: number): TakenBody | undefined =>
  text.length < length ? undefined : { body: text.slice(0, length), rest: text.slice(length) };

/** A body in chunks (RFC 9112, section 7.1); undefined while the last one is missing. */
function takeChunks(text: string): TakenBody | undefined {
  let body = '';
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const length = Number.parseInt(text.slice(at, end), 16);
    const next = end + 2 + (length || 0) + 2;
    if (text.length < next) return undefined;
    // What is no length ends it, and so do trailers, which nobody sends.
    if (!(length > 0)) return { body, rest: text.slice(next) };
    body += text.slice(end + 2, end + 2 + length);
    at = next;
  }
}

/** A request as text. */
export function requestText(request: {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}): string {
  const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = request.body === undefined ? '' : `content-length: ${request.body.length}\r\n`;
  return `${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${request.body ?? ''}`;
}

/** An answer as text; its body is a byte string. */
export function responseText(
  { status, reason = reasonOf(status), headers, body, head }: HttpResponse,
  options: { readonly keepAlive: boolean; readonly isHead: boolean },
): string {
  if (head !== undefined) return `${head}\r\n${options.isHead ? '' : body}`;
  const lines = Object.entries({
    ...headers,
    'content-length': String(body.length),
    connection: options.keepAlive ? 'keep-alive' : 'close',
  }).flatMap(([name, value]) => value.split('\n').map((one) => `${capitals(name)}: ${one}\r\n`));
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${options.isHead ? '' : body}`;
}

/** `content-type` as `Content-Type`. */
export const capitals = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

/** An answer read from text that ends with the connection; undefined when it is no HTTP. */
export function parseResponse(text: string): HttpResponse | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) return undefined;
  const end = /\r?\n\r?\n/.exec(text);
  const head = end ? text.slice(0, end.index) : text;
  return {
    status: Number(status),
    headers: headersOf(head.split(/\r?\n/).slice(1)),
    body: end ? text.slice(end.index + end[0].length) : '',
  };
}
