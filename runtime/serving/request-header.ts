// Users whom a front proxy has authenticated, and names in headers. Upstream: apiserver, `pkg/authentication/request/headerrequest`.
import { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { extraKeyOf } from './extra-key.ts';
import { certificatesIn, isIssuedBy } from './issuers.ts';
import type { RequestUser, UserSource } from './request-user.ts';

export interface RequestHeaderOptions extends RequestHeaderNames {
  /** PEM of the authorities of proxies, as it is now: `--requestheader-client-ca-file`. */
  readonly ca: string;
  /** Common names that proxies may have; any when there is none. */
  readonly allowedNames: readonly string[];
}

/** The headers that name users. */
export interface RequestHeaderNames {
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** Knows the users that requests of front proxies name. */
export interface RequestHeaders {
  /** @returns undefined when the request is not a proxy's, or names nobody. */
  identify(request: UserSource): RequestUser | undefined;
}

export function createRequestHeaders(options: RequestHeaderOptions, clock: Clock): RequestHeaders {
  let followed = options.ca;
  let authorities = certificatesIn(followed);
  let validUntil = new WeakMap<TLSSocket, number>();
  const follow = (ca: string): void => {
    followed = ca;
    authorities = certificatesIn(ca);
    validUntil = new WeakMap();
  };
  const expiryOf = (socket: TLSSocket): number => {
    const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
    if (!certificate || !isIssuedBy(certificate, authorities) || !mayProxy(socket, options.allowedNames)) return 0;
    return Date.parse(certificate.validTo);
  };
  const isProxy = (socket: TLSSocket): boolean => {
    if (options.ca !== followed) follow(options.ca);
    const expiry = validUntil.get(socket) ?? expiryOf(socket);
    validUntil.set(socket, expiry);
    return expiry > clock.now();
  };
  return {
    identify(request) {
      const name = first(request, options.usernameHeaders);
      if (name === '' || !(request.socket instanceof TLSSocket) || !isProxy(request.socket)) return undefined;
      const uid = first(request, options.uidHeaders);
      return {
        name,
        ...(uid === '' ? {} : { uid }),
        groups: options.groupHeaders.flatMap((header) => valuesOf(request, header)).filter((group) => group !== ''),
        extra: extraOf(request, options.extraHeaderPrefixes),
      };
    },
  };
}

/** Whether a header, in lower case, is one of those. */
export function requestHeaderCheck(options: RequestHeaderNames): (lowerCaseName: string) => boolean {
  const { usernameHeaders, uidHeaders, groupHeaders } = options;
  const names = new Set([...usernameHeaders, ...uidHeaders, ...groupHeaders].map((name) => name.toLowerCase()));
  const prefixes = options.extraHeaderPrefixes.map((prefix) => prefix.toLowerCase());
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

function mayProxy(socket: TLSSocket, allowed: readonly string[]): boolean {
  const { CN = '' } = socket.getPeerCertificate().subject;
  return allowed.length === 0 || [CN].flat().some((name) => allowed.includes(name));
}

const first = (request: UserSource, names: readonly string[]): string =>
  names.map((name) => valuesOf(request, name)[0] ?? '').find((value) => value !== '') ?? '';

/** Every value of a header, as the text that its bytes are. */
function valuesOf({ headers, rawHeaders }: UserSource, name: string): string[] {
  const wanted = name.toLowerCase();
  if (headers[wanted] === undefined) return [];
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === wanted) values.push(Buffer.from(rawHeaders[i + 1] ?? '', 'latin1').toString());
  }
  return values;
}

function extraOf(request: UserSource, prefixes: readonly string[]): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes.map((each) => each.toLowerCase())) {
    for (const name of Object.keys(request.headers)) {
      if (!name.startsWith(prefix)) continue;
      const key = extraKeyOf(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...valuesOf(request, name)]);
    }
  }
  return Object.fromEntries(extra);
}
