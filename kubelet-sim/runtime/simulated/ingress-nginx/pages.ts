import type { HttpResponse } from '../../cri.ts';
import { reasonOf } from '../network/http-text.ts';

/** What nginx calls a status, on its pages and, where it is not what everybody calls it, in the first line of an answer. */
const TITLES: Readonly<Record<number, string>> = {
  302: 'Found',
  401: 'Authorization Required',
  413: 'Request Entity Too Large',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};
const REASONS: Readonly<Record<number, string>> = {
  302: 'Moved Temporarily',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** An answer of nginx itself: its page about a status, or none where there is none. */
export function page(status: number, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  const reason = REASONS[status];
  if (status < 300) return { status, reason, headers, body: '' };
  const title = `${status} ${TITLES[status] ?? reasonOf(status)}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  return { status, reason, headers: { 'content-type': 'text/html', ...headers }, body };
}

/** Sends a client elsewhere. */
export const redirectTo = (status: number, location: string): HttpResponse => page(status, { location });

/** What nginx says in the clear on a port that speaks TLS. */
export const plainOnTls = (): HttpResponse => {
  const title = '400 The plain HTTP request was sent to HTTPS port';
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>The plain HTTP request was sent to HTTPS port</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  return { status: 400, headers: { 'content-type': 'text/html' }, body };
};
