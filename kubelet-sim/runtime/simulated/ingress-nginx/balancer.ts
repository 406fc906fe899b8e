import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../../../runtime/index.ts';
import { matches } from './locations.ts';
import type { Endpoint, Upstream } from './model.ts';

/** As much of a request as the choice of an endpoint depends on. */
export interface Balanced {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: ReadonlyMap<string, string>;
  /** The name of the host, the path of its location, and whether it came over TLS: what a cookie is set for. */
  readonly host: string;
  readonly locationPath: string;
  readonly isSecure: boolean;
}

/** What a request is sent to, and the cookie by which the next one finds it again. */
export interface Pick {
  readonly endpoint: Endpoint;
  readonly cookie?: string | undefined;
}

const PERCENT = 100;
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** The cookies of a request. */
export function cookiesOf(header: string | undefined): ReadonlyMap<string, string> {
  const pairs = (header ?? '').split(';').map((one) => one.trim().split('='));
  return new Map(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}

/** Picks endpoints: in turn, or the one that a cookie names; and between a Service and its canary (upstream `rootfs/etc/nginx/lua/balancer`). */
export class Balancer {
  readonly #clock: Clock;
  readonly #random: Random;
  /** Whose turn it is, by upstream. */
  readonly #turns = new Map<string, number>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether a request goes to the canary of its Service. */
  goesToCanary(canary: Upstream, { headers, cookies }: Balanced): boolean {
    const { shaping, affinity } = canary;
    if (!shaping) return false;
    if (affinity && cookies.get(affinity.name)?.split('|')[1] === backendKey(canary)) return true;
    const header = shaping.header === '' ? undefined : headers[shaping.header.toLowerCase()];
    if (header !== undefined) {
      const verdict = byHeader(header, shaping.headerValue, shaping.headerPattern);
      if (verdict !== undefined) return verdict;
    }
    const cookie = shaping.cookie === '' ? undefined : cookies.get(shaping.cookie);
    if (cookie === 'always') return true;
    if (cookie === 'never') return false;
    const total = Math.max(PERCENT, shaping.weightTotal);
    return Math.floor(this.#random.next() * total) + 1 <= shaping.weight;
  }

  /** @param failed endpoints that were tried already; undefined when there is no endpoint at all */
  pick(upstream: Upstream, request: Balanced, failed: readonly Endpoint[] = []): Pick | undefined {
    const { endpoints, affinity } = upstream;
    if (endpoints.length === 0) return undefined;
    if (affinity) return this.#stick(upstream, request, failed);
    const turn = this.#turns.get(upstream.name) ?? Math.floor(this.#random.next() * endpoints.length);
    this.#turns.set(upstream.name, turn + 1);
    const endpoint = endpoints[turn % endpoints.length];
    return endpoint && { endpoint };
  }

  #stick(upstream: Upstream, request: Balanced, failed: readonly Endpoint[]): Pick | undefined {
    const { affinity, endpoints } = upstream;
    if (!affinity) return undefined;
    const [key] = request.cookies.get(affinity.name)?.split('|') ?? [];
    const kept = key === undefined ? undefined : nearest(endpoints, key);
    if (kept && (failed.length === 0 || !affinity.changeOnFailure)) return { endpoint: kept };
    const left = endpoints.filter((one) => !failed.includes(one));
    const wanted = left[Math.floor(this.#random.next() * left.length)];
    if (!wanted) return undefined;
    const seconds = (this.#clock.now() / 1000).toFixed(3);
    const newKey = () => `${seconds}.${WORKER_PID}.${Math.floor(this.#random.next() * 999_999) + 1}`;
    let found = newKey();
    // Any key leads somewhere: one is taken that leads where it should.
    for (let i = 0; i < KEYS_MAX && nearest(endpoints, found) !== wanted; i++) found = newKey();
    const endpoint = nearest(endpoints, found);
    return endpoint && { endpoint, cookie: cookieFor(upstream, found, request, this.#clock.now()) };
  }
}

const WORKER_PID = 31;
const KEYS_MAX = 200;

/** By what upstreams are told apart in cookies. */
const backendKey = ({ name }: Upstream): string => md5(md5(name) + name);

function byHeader(header: string, value: string, pattern: string): boolean | undefined {
  if (value !== '') return header === value ? true : undefined;
  if (pattern !== '') return matches(pattern, header) ? true : undefined;
  return header === 'always' ? true : header === 'never' ? false : undefined;
}

/** The endpoint a key leads to: the same for as long as it is there, whichever others come and go (rendezvous hashing). */
function nearest(endpoints: readonly Endpoint[], key: string): Endpoint | undefined {
  const ranked = endpoints.map((endpoint) => [md5(`${key}|${endpoint.address}:${endpoint.port}`), endpoint] as const);
  return ranked.sort(([a], [b]) => (a < b ? 1 : -1))[0]?.[1];
}

/** Undefined for a path that asked for no cookie. */
function cookieFor(upstream: Upstream, key: string, { host, locationPath, isSecure }: Balanced, now: number): string | undefined {
  const { affinity, cookiePaths } = upstream;
  const paths = cookiePaths.get(host) ?? cookiePaths.get(host.replace(/^[^.]+\./, '*.'));
  if (!affinity || !paths?.includes(locationPath)) return undefined;
  const { name, expires, maxAge, domain, path, sameSite, secure = isSecure } = affinity;
  return [
    `${name}=${key}|${backendKey(upstream)}`,
    ...(expires === '' ? [] : [`Expires=${new Date(now + Number(expires) * 1000).toUTCString()}`]),
    ...(maxAge === '' ? [] : [`Max-Age=${maxAge}`]),
    ...(domain === '' ? [] : [`Domain=${domain}`]),
    `Path=${path || locationPath}`,
    ...(secure ? ['Secure'] : []),
    'HttpOnly',
    ...(sameSite === '' ? [] : [`SameSite=${sameSite}`]),
  ].join('; ');
}
