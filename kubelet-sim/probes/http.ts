import type { HTTPGetAction } from '../../api/index.ts';
import type { HttpResponse } from '../runtime/cri.ts';
import { hostPort } from '../runtime/host-port.ts';
import { AGENT_VERSION, connect, type HandlerTarget, portOf } from './handler-target.ts';

/** Redirects that are followed, as Go's client does. */
const REDIRECTS_MAX = 10;

/** Where a request of a probe or a hook goes. */
export interface HttpTarget {
  readonly url: URL;
  /** As Go prints it. */
  readonly text: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The request of an httpGet handler. @param agent `probe` or `lifecycle` @throws Error when it names a port that there is not. */
export function httpTargetOf(action: HTTPGetAction, target: HandlerTarget, agent: 'probe' | 'lifecycle'): HttpTarget {
  const port = portOf(action.port, target.container);
  const scheme = (action.scheme || 'HTTP').toLowerCase();
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const text = `${scheme}://${hostPort(action.host || target.podIP, port)}${path}`;
  return { url: new URL(text), text, port, headers: headersOf(action, agent) };
}

/** Headers given twice are joined; an empty `Accept` or `User-Agent` takes the header away. */
function headersOf({ httpHeaders = [] }: HTTPGetAction, agent: string): Record<string, string> {
  const headers: Record<string, string> = { 'User-Agent': `kube-${agent}/${AGENT_VERSION}`, Accept: '*/*' };
  const given = new Set<string>();
  for (const { name, value } of httpHeaders) {
    const key = Object.keys(headers).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
    headers[key] = given.has(key) ? `${headers[key]}, ${value}` : value;
    given.add(key);
  }
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== '' || !OWN_HEADERS.has(name)));
}

const OWN_HEADERS: ReadonlySet<string> = new Set(['User-Agent', 'Accept']);

/**
 * Sends the request, and follows redirects within its host; one that leads elsewhere is the answer. Certificates are not looked at.
 *
 * @throws Error with the text of Go's client.
 */
export async function sendHttp(
  target: HandlerTarget,
  { url, text, port, headers }: HttpTarget,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const response = await exchange(target, at, { headers, signal }, { text, port, isFirst: at === url });
    const next = redirectOf(response, at);
    if (!next || next.hostname !== url.hostname) return response;
    if (redirects + 1 >= REDIRECTS_MAX) throw new Error(`Get ${JSON.stringify(next.href)}: stopped after ${REDIRECTS_MAX} redirects`);
    at = next;
  }
}

async function exchange(
  target: HandlerTarget,
  url: URL,
  request: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal | undefined },
  first: { readonly text: string; readonly port: number; readonly isFirst: boolean },
): Promise<HttpResponse> {
  const isTls = url.protocol === 'https:';
  const port = first.isFirst ? first.port : Number(url.port || (isTls ? 443 : 80));
  try {
    const connection = await connect(target, url.hostname.replace(/^\[|\]$/g, ''), port);
    const path = first.isFirst ? first.text.replace(/^\w+:\/\/[^/]*/, '') : `${url.pathname}${url.search}`;
    return await connection.http({ method: 'GET', path, tls: isTls, ...request });
  } catch (error) {
    request.signal?.throwIfAborted();
    throw new Error(
      `Get ${JSON.stringify(first.isFirst ? first.text : url.href)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectOf({ status, headers }: HttpResponse, at: URL): URL | undefined {
  const location = Object.entries(headers).find(([name]) => name.toLowerCase() === 'location')?.[1];
  return REDIRECTS.has(status) && location !== undefined && URL.canParse(location, at.href) ? new URL(location, at) : undefined;
}
