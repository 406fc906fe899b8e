import { AnnotationError, type AnnotationReader, valid } from './annotation-reader.ts';
import { listOf, type Settings } from './settings.ts';
import type { World } from './world.ts';
import { type LiveIngress, secretText } from './world.ts';

export interface Canary {
  readonly enabled: boolean;
  readonly weight: number;
  readonly weightTotal: number;
  readonly header: string;
  readonly headerValue: string;
  readonly headerPattern: string;
  readonly cookie: string;
}

export interface Cors {
  readonly origins: readonly string[];
  readonly headers: string;
  readonly methods: string;
  readonly credentials: boolean;
  readonly exposed: string;
  readonly maxAge: number;
}

export interface CookieAffinity {
  readonly name: string;
  readonly expires: string;
  readonly maxAge: string;
  readonly path: string;
  readonly domain: string;
  readonly sameSite: string;
  readonly secure: boolean | undefined;
  readonly changeOnFailure: boolean;
  readonly canaryBehaviour: string;
}

export interface BasicAuth {
  readonly realm: string;
  /** Lines of `user:hash`. */
  readonly file: string;
}

export interface ExternalAuth {
  readonly url: string;
  readonly method: string;
  readonly signIn: string;
}

export interface Redirect {
  readonly url: string;
  readonly code: number;
  readonly fromToWww: boolean;
}

export interface RateLimit {
  readonly zone: string;
  readonly perSecond: number;
  readonly perMinute: number;
  readonly burstMultiplier: number;
  readonly allowlist: readonly string[];
}

/** What the annotations of an Ingress say, with what is usual where they say nothing. */
export interface Annotations {
  readonly canary: Canary;
  readonly rewriteTarget: string;
  readonly useRegex: boolean;
  readonly appRoot: string;
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
  readonly redirect: Redirect | undefined;
  readonly affinity: CookieAffinity | undefined;
  readonly cors: Cors | undefined;
  readonly basicAuth: BasicAuth | undefined;
  readonly externalAuth: ExternalAuth | undefined;
  readonly allowlist: readonly string[];
  readonly denylist: readonly string[];
  readonly bodySize: string;
  readonly connectTimeout: number;
  readonly readTimeout: number;
  readonly nextUpstreamTries: number;
  readonly customHttpErrors: readonly number[];
  /** Service of this namespace that answers errors, and requests that no pod answers. */
  readonly defaultBackend: string;
  readonly upstreamVhost: string;
  readonly forwardedPrefix: string;
  readonly backendProtocol: string;
  readonly aliases: readonly string[];
  readonly serviceUpstream: boolean;
  readonly rateLimit: RateLimit | undefined;
  readonly accessLog: boolean;
  readonly satisfiesAny: boolean;
  /** Why all its locations answer 503. */
  readonly denied: string | undefined;
}

/** Annotations that only an administrator who allows everything allows, with the group that upstream names. */
const CRITICAL: Readonly<Record<string, string>> = {
  'configuration-snippet': 'ConfigurationSnippet',
  'server-snippet': 'ServerSnippet',
  'stream-snippet': 'StreamSnippet',
  'auth-snippet': 'ExternalAuth',
  'modsecurity-snippet': 'ModSecurity',
};

/**
 * Reads all annotations of an Ingress.
 *
 * @throws AnnotationError when upstream does not take them
 */
export function readAnnotations(reader: AnnotationReader, ingress: LiveIngress, world: World, settings: Settings): Annotations {
  checkRisk(reader, settings);
  const denials: string[] = [];
  return {
    ...routingOf(reader, settings),
    canary: canaryOf(reader),
    redirect: redirectOf(reader),
    affinity: affinityOf(reader),
    cors: corsOf(reader),
    basicAuth: deniable(denials, () => basicAuthOf(reader, ingress, world, settings)),
    externalAuth: externalAuthOf(reader),
    allowlist: cidrsOf(reader, denials, ['allowlist-source-range', 'whitelist-source-range']) ?? settings.allowlist,
    denylist: cidrsOf(reader, denials, ['denylist-source-range']) ?? settings.denylist,
    bodySize: reader.or(settings.proxyBodySize, (each) => each.text('proxy-body-size', valid.size)),
    connectTimeout: reader.or(settings.proxyConnectTimeout, (each) => each.integer('proxy-connect-timeout')),
    readTimeout: reader.or(settings.proxyReadTimeout, (each) => each.integer('proxy-read-timeout')),
    nextUpstreamTries: reader.or(settings.nextUpstreamTries, (each) => each.integer('proxy-next-upstream-tries')),
    customHttpErrors: listOf(reader.text('custom-http-errors', valid.httpErrors) ?? '').map(Number),
    defaultBackend: reader.text('default-backend', valid.serviceName) ?? '',
    upstreamVhost: reader.text('upstream-vhost', valid.serverName) ?? '',
    forwardedPrefix: reader.text('x-forwarded-prefix', valid.pathWithCapture) ?? '',
    backendProtocol: reader.or('HTTP', (each) => each.text('backend-protocol', valid.protocol)).toUpperCase(),
    aliases: [...new Set(listOf(reader.text('server-alias', valid.serverNames) ?? ''))].sort(),
    serviceUpstream: reader.or(settings.serviceUpstream, (each) => each.truth('service-upstream')),
    rateLimit: rateLimitOf(reader, ingress),
    accessLog: reader.or(true, (each) => each.truth('enable-access-log')),
    satisfiesAny: reader.or('', (each) => each.text('satisfy', valid.any)) === 'any',
    denied: denials[0],
  };
}

/** @throws AnnotationError for annotations that the risk level does not allow */
function checkRisk(reader: AnnotationReader, { riskLevel, allowsSnippets }: Settings): void {
  if (riskLevel.toLowerCase() === 'critical' || !allowsSnippets) return;
  for (const [name, group] of Object.entries(CRITICAL))
    if (reader.has(name)) throw new AnnotationError(`annotation group ${group} contains risky annotation based on ingress configuration`);
}

/** A reading whose failure closes the locations, as upstream's `LocationDenied`. */
class Denial extends Error {
  override readonly name = 'Denial';
}

function deniable<T>(denials: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Denial)) throw error;
    denials.push(error.message);
    return undefined;
  }
}

function routingOf(reader: AnnotationReader, settings: Settings) {
  const appRoot = reader.or('', (each) => each.text('app-root', valid.pathWithCapture));
  return {
    rewriteTarget: reader.or('', (each) => each.text('rewrite-target', valid.pathWithCapture)),
    useRegex: reader.or(false, (each) => each.truth('use-regex')),
    appRoot: appRoot.startsWith('/') ? appRoot : '',
    sslRedirect: reader.or(settings.sslRedirect, (each) => each.truth('ssl-redirect')),
    forceSslRedirect: reader.or(settings.forceSslRedirect, (each) => each.truth('force-ssl-redirect')),
    preserveTrailingSlash: reader.or(settings.preserveTrailingSlash, (each) => each.truth('preserve-trailing-slash')),
  };
}

function canaryOf(reader: AnnotationReader): Canary {
  const text = (name: string) => reader.or('', (each) => each.text(name, valid.basic));
  return {
    enabled: reader.or(false, (each) => each.truth('canary')),
    weight: reader.or(0, (each) => each.integer('canary-weight')),
    weightTotal: reader.or(100, (each) => each.integer('canary-weight-total')),
    header: text('canary-by-header'),
    headerValue: text('canary-by-header-value'),
    headerPattern: reader.or('', (each) => each.text('canary-by-header-pattern', valid.regex)),
    cookie: text('canary-by-cookie'),
  };
}

const MOVED_PERMANENTLY = 301;
const FOUND = 302;

/** @throws AnnotationError */
function redirectOf(reader: AnnotationReader): Redirect | undefined {
  const fromToWww = reader.truth('from-to-www-redirect') ?? false;
  const within = (code: number | undefined, last: number, usual: number) =>
    code !== undefined && code >= 300 && code <= last ? code : usual;
  const temporal = reader.text('temporal-redirect', valid.url);
  if (temporal !== undefined)
    return isUrl(temporal) ? { url: temporal, fromToWww, code: within(reader.integer('temporal-redirect-code'), 307, FOUND) } : undefined;
  const permanent = reader.text('permanent-redirect', valid.url);
  const code = within(reader.integer('permanent-redirect-code'), 308, MOVED_PERMANENTLY);
  return permanent === undefined && !fromToWww ? undefined : { url: permanent ?? '', fromToWww, code };
}

const isUrl = (text: string): boolean => /^https?:/.test(text);

function affinityOf(reader: AnnotationReader): CookieAffinity | undefined {
  if (reader.or('', (each) => each.text('affinity', valid.affinity)) !== 'cookie') return undefined;
  const text = (name: string, validator: (value: string) => boolean, usual = '') =>
    reader.or(usual, (each) => each.text(`session-cookie-${name}`, validator));
  return {
    name: text('name', valid.basic, 'INGRESSCOOKIE'),
    expires: text('expires', valid.cookieTime),
    maxAge: text('max-age', valid.cookieTime),
    path: text('path', valid.url),
    domain: text('domain', valid.basic),
    sameSite: text('samesite', valid.sameSite),
    secure: reader.or<boolean | undefined>(undefined, (each) => each.truth('session-cookie-secure')),
    changeOnFailure: reader.or(false, (each) => each.truth('session-cookie-change-on-failure')),
    canaryBehaviour: reader.or('', (each) => each.text('affinity-canary-behavior', valid.affinityCanary)),
  };
}

const CORS_METHODS = 'GET, PUT, POST, DELETE, PATCH, OPTIONS';
const CORS_HEADERS = 'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization';
const CORS_MAX_AGE = 1_728_000;

function corsOf(reader: AnnotationReader): Cors | undefined {
  if (!reader.or(false, (each) => each.truth('enable-cors'))) return undefined;
  const origins = listOf(reader.or('*', (each) => each.text('cors-allow-origin', valid.corsOrigin)));
  return {
    origins: origins.includes('*') ? ['*'] : origins,
    headers: reader.or(CORS_HEADERS, (each) => each.text('cors-allow-headers', valid.headers)),
    methods: reader.or(CORS_METHODS, (each) => each.text('cors-allow-methods', valid.corsMethods)),
    credentials: reader.or(true, (each) => each.truth('cors-allow-credentials')),
    exposed: reader.or('', (each) => each.text('cors-expose-headers', valid.corsExposed)),
    maxAge: reader.or(CORS_MAX_AGE, (each) => each.integer('cors-max-age')),
  };
}

/** @throws AnnotationError, Denial */
function basicAuthOf(reader: AnnotationReader, ingress: LiveIngress, world: World, settings: Settings): BasicAuth | undefined {
  const type = reader.text('auth-type', valid.authType);
  if (type === undefined) return undefined;
  const secretType = reader.text('auth-secret-type', valid.authSecretType) ?? 'auth-file';
  const named = reader.or('', (each) => each.text('auth-secret', valid.basic));
  if (named === '') throw new Denial('error reading secret name from annotation: ingress rule without annotations');
  const { namespace = '' } = ingress.metadata;
  const [owner = namespace, name = ''] = named.includes('/') ? named.split('/') : [namespace, named];
  if (!settings.crossNamespace && owner !== namespace) throw new Denial('cross namespace usage of secrets is not allowed');
  const key = `${owner}/${name}`;
  const secret = world.secret(key);
  if (!secret) throw new Denial(`unexpected error reading secret ${key}: no object matching key "${key}" in local store`);
  const realm = reader.text('auth-realm', valid.withSpaces) ?? '';
  if (secretType === 'auth-map') {
    const users = Object.keys(secret.data ?? {}).map((user) => `${user}:${secretText(secret, user)}`);
    return { realm, file: users.join('\n') };
  }
  const file = secretText(secret, 'auth');
  if (file === undefined) throw new Denial(`the secret ${key} does not contain a key with value auth`);
  return { realm, file };
}

/** @throws AnnotationError */
function externalAuthOf(reader: AnnotationReader): ExternalAuth | undefined {
  const url = reader.text('auth-url', valid.urlWithVariables);
  if (url === undefined) return undefined;
  return {
    url,
    method: reader.text('auth-method', valid.basic) ?? 'GET',
    signIn: reader.text('auth-signin', valid.urlWithVariables) ?? '',
  };
}

/** The addresses of an annotation by one of its names; one that is none closes the locations. */
function cidrsOf(reader: AnnotationReader, denials: string[], names: readonly string[]): readonly string[] | undefined {
  const name = names.find((one) => reader.has(one));
  if (name === undefined) return undefined;
  try {
    return listOf(reader.text(name, valid.cidrs) ?? '');
  } catch (error) {
    if (!(error instanceof AnnotationError)) throw error;
    denials.push(error.message);
    return [];
  }
}

const BURST_MULTIPLIER = 5;

/** @throws AnnotationError */
function rateLimitOf(reader: AnnotationReader, { metadata: { namespace = '', name, uid } }: LiveIngress): RateLimit | undefined {
  const perMinute = reader.integer('limit-rpm') ?? 0;
  const perSecond = reader.integer('limit-rps') ?? 0;
  const allowlist = listOf(reader.text('limit-allowlist', valid.cidrs) ?? reader.text('limit-whitelist', valid.cidrs) ?? '');
  if (perMinute === 0 && perSecond === 0) return undefined;
  const burstMultiplier = reader.or(BURST_MULTIPLIER, (each) => each.integer('limit-burst-multiplier'));
  return { zone: `${namespace}_${name}_${uid}`, perSecond, perMinute, burstMultiplier, allowlist };
}
