import type { HttpResponse } from '../../cri.ts';
import { isWithin } from '../network/policy.ts';
import type { Annotations, Cors } from './annotations.ts';
import type { Incoming } from './incoming.ts';
import type { Location, Server } from './model.ts';
import { page, redirectTo } from './pages.ts';
import { letsIn } from './password-file.ts';
import type { RateLimits } from './rate-limits.ts';
import { bytesOf, type Settings } from './settings.ts';

// What keeps a request from its backend, in the order of nginx's phases. Each answers, or lets it pass by answering nothing.

/** Another way to the root of a host. */
export function appRoot({ locations }: Server, incoming: Incoming): HttpResponse | undefined {
  const found = incoming.path === '/' ? locations.find(({ owner }) => owner?.annotations.appRoot) : undefined;
  const scheme = incoming.isSecure ? 'https' : 'http';
  return found && redirectTo(302, `${scheme}://${incoming.httpHost}${found.owner?.annotations.appRoot}`);
}

/** Bodies that are too large. */
export function tooLarge({ bodySize }: Annotations, { body, headers }: Incoming): HttpResponse | undefined {
  const limit = bytesOf(bodySize);
  return limit > 0 && Math.max(body.length, Number(headers['content-length'] ?? 0)) > limit ? page(413) : undefined;
}

/** Headers that let pages of other origins in; none for an origin that is not let in. */
export function corsHeaders(cors: Cors | undefined, origin: string | undefined): Record<string, string> {
  if (!cors) return {};
  const isAny = cors.origins[0] === '*';
  if (!isAny && !cors.origins.some((one) => originPattern(one).test(origin ?? ''))) return {};
  return {
    'access-control-allow-origin': isAny ? '*' : (origin ?? ''),
    ...(cors.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    'access-control-allow-methods': cors.methods,
    'access-control-allow-headers': cors.headers,
    ...(cors.exposed === '' ? {} : { 'access-control-expose-headers': cors.exposed }),
    'access-control-max-age': String(cors.maxAge),
  };
}

/** `https://*.example.com`: the star is one label, or several letters of one. */
const originPattern = (origin: string): RegExp =>
  new RegExp(`${origin.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', String.raw`[A-Za-z0-9\-]+`)}$`, 'i');

/** What browsers ask before they ask. */
export function preflight({ cors }: Annotations, incoming: Incoming): HttpResponse | undefined {
  if (!cors || incoming.method !== 'OPTIONS') return undefined;
  const headers = corsHeaders(cors, incoming.headers.origin);
  return Object.keys(headers).length === 0 ? undefined : page(204, { ...headers, 'content-type': 'text/plain charset=UTF-8' });
}

/** Where annotations send clients. */
export function elsewhere({ redirect }: Annotations): HttpResponse | undefined {
  return redirect && redirect.url !== '' ? redirectTo(redirect.code, redirect.url) : undefined;
}

/** To TLS, where there is a certificate or it has to be. */
export function toTls(
  { owner, path }: Location,
  incoming: Incoming,
  settings: Settings,
  hasCertificate: () => boolean,
): HttpResponse | undefined {
  const annotations = owner?.annotations;
  const isWanted = annotations?.forceSslRedirect ?? settings.forceSslRedirect;
  const isUsual = annotations?.sslRedirect ?? false;
  if (incoming.accessScheme !== 'http' || isExempt(path, settings.noTlsRedirectLocations)) return undefined;
  if (!isWanted && !(isUsual && hasCertificate())) return undefined;
  const uri = annotations?.preserveTrailingSlash ? incoming.uri : incoming.uri.replace(/\/$/, '');
  return redirectTo(settings.redirectCode, `https://${incoming.bestHost.replace(/:.*$/, '')}${uri}`);
}

const isExempt = (path: string, list: readonly string[]): boolean => list.some((prefix) => path.startsWith(prefix));

/** Clients that ask too often. */
export function tooOften(
  { rateLimit }: Annotations,
  { remote }: Incoming,
  { limits, now, settings }: { readonly limits: RateLimits; readonly now: number; readonly settings: Settings },
): HttpResponse | undefined {
  if (!rateLimit || isIn(remote, rateLimit.allowlist) || limits.admits(rateLimit, remote, now)) return undefined;
  return page(settings.limitStatusCode);
}

const isIn = (address: string, ranges: readonly string[]): boolean =>
  ranges.some((range) => isWithin(address, range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`));

/** Clients that are not let in, by their address or without a password. */
export function notLetIn(annotations: Annotations, incoming: Incoming, { path }: Location, settings: Settings): HttpResponse | undefined {
  const { allowlist, denylist, basicAuth, satisfiesAny } = annotations;
  const isDenied = isIn(incoming.remote, denylist) || (allowlist.length > 0 && !isIn(incoming.remote, allowlist));
  const asksPassword = basicAuth !== undefined && !isExempt(path, settings.noAuthLocations);
  const isStranger = asksPassword && !letsIn(basicAuth.file, incoming.headers.authorization);
  const challenge = () => page(401, { 'WWW-Authenticate': `Basic realm="${basicAuth?.realm ?? ''}"` });
  if (satisfiesAny && asksPassword && (allowlist.length > 0 || denylist.length > 0))
    return isDenied && isStranger ? challenge() : undefined;
  if (isDenied) return page(403);
  return isStranger ? challenge() : undefined;
}
