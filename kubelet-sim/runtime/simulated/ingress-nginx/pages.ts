import type { HttpResponse } from '../../cri.ts';
import { errorPage, reasonOf } from '../nginx/pages.ts';

/** An answer of nginx itself: its page about a status, or none where there is none. */
export const page = (status: number, headers: Readonly<Record<string, string>> = {}): HttpResponse => ({
  status,
  reason: reasonOf(status),
  headers: { ...(status < 300 ? {} : { 'content-type': 'text/html' }), ...headers },
  body: errorPage(status, 'nginx'),
});

/** Sends a client elsewhere. */
export const redirectTo = (status: number, location: string): HttpResponse => page(status, { location });

/** What nginx says in the clear on a port that speaks TLS. */
export const plainOnTls = (): HttpResponse => ({ ...page(400), body: errorPage(497, 'nginx') });
