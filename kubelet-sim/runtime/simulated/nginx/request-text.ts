import type { ClientRequest } from './exchange.ts';

/** What a head may have (`large_client_header_buffers`, four of 8 KB). */
const HEAD_BYTES_MAX = 32 * 1024;
const REQUEST_LINE = /^([A-Z_]+) (\S+)(?: (HTTP\/\d\.\d))?$/;

/** Takes a request off the front of what a client has sent; undefined while it is not whole. What is none comes as one that is answered with 400. */
export function takeRequest(text: string): { readonly request: ClientRequest; readonly rest: string } | undefined {
  const start = /^(?:\r?\n)*/.exec(text)?.[0].length ?? 0;
  const own = text.slice(start);
  const lineEnd = own.indexOf('\n');
  const line = own.slice(0, Math.max(0, lineEnd)).replace(/\r$/, '');
  if (lineEnd < 0) return own.length > HEAD_BYTES_MAX ? wrong(line) : undefined;
  const [, method, target, protocol] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) return wrong(line);
  if (protocol === undefined) return { request: { method, target, line, protocol: 'HTTP/0.9', headers: {}, body: '' }, rest: '' };
  const end = /\r?\n\r?\n/.exec(own);
  if (!end) return own.length > HEAD_BYTES_MAX ? wrong(line) : undefined;
  const headers: Record<string, string> = {};
  for (const line of own.slice(lineEnd + 1, end.index).split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon)] = line.slice(colon + 1).trim();
  }
  const body = takeBody(headers, own.slice(end.index + end[0].length));
  return body && { request: { method, target, line, protocol, headers, body: body.body }, rest: body.rest };
}

const wrong = (line: string): { readonly request: ClientRequest; readonly rest: string } => ({
  request: { method: '', target: '', line, protocol: '', headers: {}, body: '' },
  rest: '',
});

function takeBody(headers: Readonly<Record<string, string>>, text: string): { readonly body: string; readonly rest: string } | undefined {
  const value = (wanted: string) => Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
  if (value('transfer-encoding')?.toLowerCase() === 'chunked') return takeChunks(text);
  const length = Number(value('content-length') ?? 0);
  return text.length < length ? undefined : { body: text.slice(0, length), rest: text.slice(length) };
}

function takeChunks(text: string): { readonly body: string; readonly rest: string } | undefined {
  let body = '';
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const start = lineEnd + 2;
    if (text.length < start + size + 2) return undefined;
    body += text.slice(start, start + size);
    at = start + size + 2;
    if (!(size > 0)) return { body, rest: text.slice(at) };
  }
}
