// What becomes of an answer that is none: one that leads elsewhere, or asks to come again. Upstream calls webhooks and providers with Go's `http.Client`,
// which follows (net/http/client.go: `do`, `redirectBehavior`), and with client-go on top of it, which waits (rest/with_retry.go).
import { goQuote } from '../../api/index.ts';

/** Requests of one call, at most. */
const HOPS_MAX = 10;
/** How often is asked again after a `Retry-After`. */
const RETRIES_MAX = 10;

const WITHOUT_BODY: ReadonlySet<number> = new Set([301, 302, 303]);
const WITH_BODY: ReadonlySet<number> = new Set([307, 308]);
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

/** One request of a call. */
export interface Hop {
  readonly url: URL;
  /** As it is told, with its port where that was told too: a URL leaves out the usual one. */
  readonly host: string;
  readonly method: string;
  readonly body?: string | undefined;
  /** From where an answer has led here. */
  readonly referer?: string | undefined;
}

/** What is looked at of an answer. */
export interface Answered {
  readonly status: number;
  readonly location?: string | undefined;
  readonly retryAfter?: string | undefined;
}

/** An answer that leads nowhere. */
export class RedirectError extends Error {
  override readonly name = 'RedirectError';
  /** Where it would have led. */
  readonly url: string;

  constructor(url: string, message: string) {
    super(message);
    this.url = url;
  }
}

/** A hop as Go writes its URL. */
export const textOf = ({ url, host }: Hop): string => `${url.protocol}//${host}${url.pathname}${url.search}`;

/**
 * Sends a request, and what answers lead to: 307 and 308 with the method and the body, the others as a GET without.
 *
 * @throws RedirectError for more than ten, and for what is no URL of HTTP; and what `send` throws.
 */
export async function followed<A extends Answered>(first: Hop, send: (hop: Hop) => Promise<A>): Promise<A> {
  let hop = first;
  for (let hops = 1; ; hops++) {
    const answer = await send(hop);
    const { status, location } = answer;
    if (!location || !(WITH_BODY.has(status) || WITHOUT_BODY.has(status))) return answer;
    const next = nextHop(hop, location, WITH_BODY.has(status));
    if (hops === HOPS_MAX) throw new RedirectError(location, `stopped after ${HOPS_MAX} redirects`);
    hop = next;
  }
}

/** Asks again as long as the answer is 429 or an error of the server and says after how many seconds; ten times, then it is that. */
export async function patiently<A extends Answered>(ask: () => Promise<A>, sleep: (ms: number) => Promise<void>): Promise<A> {
  for (let retries = 0; ; retries++) {
    const answer = await ask();
    const seconds = /^[+-]?\d+$/.test(answer.retryAfter ?? '') ? Number(answer.retryAfter) : undefined;
    const isRetried = answer.status === TOO_MANY_REQUESTS || answer.status >= SERVER_ERROR;
    if (seconds === undefined || !isRetried || retries === RETRIES_MAX) return answer;
    await sleep(Math.max(seconds, 0) * 1000);
  }
}

function nextHop(from: Hop, location: string, withBody: boolean): Hop {
  const at = textOf(from);
  if (!URL.canParse(location, at)) throw new RedirectError(at, `failed to parse Location header ${goQuote(location)}: invalid URL`);
  const url = new URL(location, at);
  const isRelative = !URL.canParse(location) && !location.startsWith('//');
  const host = isRelative ? from.host : url.host;
  const isHead = from.method === 'GET' || from.method === 'HEAD';
  const kept = withBody ? { method: from.method, body: from.body } : { method: isHead ? from.method : 'GET' };
  const hop = { url, host, referer: from.url.protocol === 'https:' && url.protocol === 'http:' ? undefined : at, ...kept };
  if (url.protocol === 'https:' || url.protocol === 'http:') return hop;
  throw new RedirectError(textOf(hop), `unsupported protocol scheme ${goQuote(url.protocol.slice(0, -1))}`);
}
