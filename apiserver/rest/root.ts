import type { KindInfo } from '../../api/index.ts';
import { type HealthSlis, METRICS_TYPE } from '../../runtime/index.ts';
import { names } from '../http/accept.ts';
import { GZIP_BYTES_MIN, openBody } from '../pipeline/compression.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { SNAPSHOT_PATH } from '../pipeline/flow-control.ts';
import { headersFor, JSON_TYPE, send, sendNotFound, sendText } from '../pipeline/respond.ts';
import { answerHealth, type HealthChecks } from './health.ts';
import { type Kinds, methodNotAllowed, unknownResource } from './kinds.ts';
import { notRouted } from './negotiation.ts';
import { contentFor } from './partial-content.ts';
import { indented, readable } from './pretty.ts';

/** A document that is ready to be sent: discovery, version, OpenAPI. */
export interface PreparedDocument {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** When it was made, of what may be had in parts, or only if it has changed. */
  readonly modifiedMs?: number | undefined;
}

/** Who knows documents: discovery, OpenAPI. */
export interface DocumentSource {
  /** @param url path and query. */
  respond(
    url: string,
    accept: string | undefined,
    ifNoneMatch?: string | undefined,
  ): PreparedDocument | undefined | Promise<PreparedDocument | undefined>;
}

export interface RootOptions {
  readonly kinds: Kinds;
  /** The kinds that are told of. */
  readonly infos: () => readonly KindInfo[];
  /** Paths of other servers. */
  readonly otherPaths: () => readonly string[];
  readonly health: HealthChecks;
  /** How they came out. */
  readonly slis: HealthSlis;
  readonly discovery: DocumentSource;
  readonly openapi: DocumentSource;
  /** Where others learn which keys sign the tokens of service accounts. */
  readonly openid: DocumentSource | undefined;
  /** Answers a request for a snapshot of the store. */
  snapshot(exchange: Exchange): Promise<void>;
  /** The text of a debugging path; undefined for other paths. */
  dump(exchange: Exchange): string | undefined;
  /** The text of /metrics. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The list of paths, by another name. */
const INDEX = '/index.html';
const DEBUG = '/debug/';
const SLIS_PATH = '/metrics/slis';
const OPENAPI = '/openapi/';
const V3 = '/openapi/v3';
/** The parameter of a media type of lists of all groups at once. */
const AGGREGATED = 'as=APIGroupDiscoveryList';
const OPENAPI_GZIP_BYTES_MIN = 1400;
const VERSION = /^\/version\/?$/;
const OPENID = /^\/(\.well-known|openid)\//;

/** Paths that upstream lists at `/` whatever is served. */
const FIXED_PATHS = ['/metrics', SLIS_PATH, '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/version'];
const OPENID_PATHS = ['/.well-known/openid-configuration', '/openid/v1/jwks'];

/** Answers what is not a resource: health, metrics, documents, the list of paths. */
export async function answerRoot(exchange: Exchange, options: RootOptions): Promise<void> {
  const { path } = exchange.info;
  if (path === '/' || path === INDEX) {
    send(exchange, 200, JSON_TYPE, Buffer.from(JSON.stringify({ paths: paths(options) }, undefined, 2)));
    return;
  }
  if (path.slice(1) in options.health) exchange.served = { subresource: path, component: '' };
  const health = answerHealth(exchange, options.health, options.slis);
  if (health !== undefined) return health;
  if (path === '/metrics') {
    const { contentType, text } = await options.metrics();
    send(exchange, 200, contentType, Buffer.from(text));
    return;
  }
  if (path === SLIS_PATH) {
    answerSlis(exchange, options.slis);
    return;
  }
  if (path === SNAPSHOT_PATH) return options.snapshot(exchange);
  const dump = path.startsWith(DEBUG) ? options.dump(exchange) : undefined;
  if (dump !== undefined) {
    sendText(exchange, 200, dump);
    return;
  }
  await answerDocument(exchange, options);
}

async function answerDocument(exchange: Exchange, options: RootOptions): Promise<void> {
  const {
    request,
    accept,
    info: { path },
  } = exchange;
  const isVersion = VERSION.test(path);
  if (path === V3) exchange.served = { subresource: 'openapi/v3', component: '' };
  else if (path.startsWith(`${V3}/`)) exchange.served = { subresource: 'openapi/v3/', component: '' };
  const source = sourceOf(path, options);
  const document = await source?.respond(urlOf(exchange), isVersion ? undefined : accept, request.headers['if-none-match']);
  if (document?.contentType.includes(AGGREGATED)) exchange.served = { subresource: path.slice(1), component: 'apiserver' };
  if (document && request.method !== 'GET' && hasRoutes(path, options.kinds)) throw methodNotAllowed();
  if (document && (isVersion || OPENID.test(path)) && !names(accept, document.contentType)) throw notRouted([document.contentType]);
  if (document?.modifiedMs !== undefined) sendDocument(exchange, contentFor(document, document.modifiedMs, request.headers));
  else if (document) sendDocument(exchange, laidOut(exchange, document));
  else refuse(exchange, options.kinds);
}

/** The decoded path, and the query as it was sent. */
function urlOf({ info: { path }, request: { url = path } }: Exchange): string {
  const mark = url.indexOf('?');
  return mark < 0 ? path.replaceAll('?', '%3F') : path.replaceAll('?', '%3F') + url.slice(mark);
}

/** A DELETE begins anew. */
function answerSlis(exchange: Exchange, slis: HealthSlis): void {
  if (exchange.request.method !== 'DELETE') {
    send(exchange, 200, METRICS_TYPE, Buffer.from(slis.text()));
    return;
  }
  slis.reset();
  sendText(exchange, 200, 'metrics reset\n');
}

function sourceOf(path: string, { openapi, openid, discovery }: RootOptions): DocumentSource | undefined {
  if (path.startsWith(OPENAPI)) return openapi;
  return OPENID.test(path) ? openid : discovery;
}

/**
 * Whether a document's path has routes by method, and of those only GET: HEAD is another. The lists of groups, and what custom
 * resources bring, look at no method.
 */
function hasRoutes(path: string, kinds: Kinds): boolean {
  const [, root = '', first = '', second = ''] = path.split('/');
  return root === 'version' || OPENID.test(path) || root === 'api' || (root === 'apis' && second !== '' && kinds.hasGroup(first));
}

/** A version that a served group does not have is the API's own 404; anything else is nobody's. */
function refuse(exchange: Exchange, kinds: Kinds): void {
  const [, root = '', first = '', second = ''] = exchange.info.path.split('/');
  if (root === 'version' || OPENID_PATHS.some((own) => exchange.info.path.startsWith(`${own}/`))) throw unknownResource();
  if ((root === 'api' && first !== '') || (root === 'apis' && second !== '' && kinds.hasGroup(first))) throw unknownResource();
  sendNotFound(exchange);
}

/** Discovery is laid out for people as objects are, the version for everybody. */
function laidOut(exchange: Exchange, document: PreparedDocument): PreparedDocument {
  if (VERSION.test(exchange.info.path)) return { ...document, body: indented(document.body) };
  const isDiscovery = exchange.info.path.startsWith('/api') && document.contentType.startsWith(JSON_TYPE);
  return isDiscovery ? { ...document, body: readable(exchange, document.body) } : document;
}

function sendDocument(exchange: Exchange, { status, contentType, headers, body }: PreparedDocument): void {
  const isPlain = status === 304 || contentType === '';
  const own = isPlain ? { ...headers, 'content-type': '' } : headers;
  const flat = headersFor(exchange, contentType).filter((_, i, all) => !isOverridden(all[i - (i % 2)] ?? '', own));
  for (const [name, value] of Object.entries(headers)) flat.push(name, value);
  if (status === 304) {
    exchange.response.writeHead(status, flat);
    exchange.response.end();
    return;
  }
  openBody(exchange, { status, headers: flat, length: body.length, gzipAbove: gzipAbove(exchange.info.path) }).end(body);
}

/** Discovery is answered as objects are; of OpenAPI, version 2 has a filter of its own (kube-openapi, `pkg/handler/handler.go`). */
function gzipAbove(path: string): number | undefined {
  if (path === '/openapi/v2') return OPENAPI_GZIP_BYTES_MIN;
  return path.startsWith('/api') ? GZIP_BYTES_MIN : undefined;
}

const isOverridden = (name: string, headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase());

function paths({ infos, openid, otherPaths, health }: RootOptions): string[] {
  const found = new Set([...FIXED_PATHS, ...(openid ? OPENID_PATHS : []), '/api', '/apis', '/apis/', ...otherPaths()]);
  for (const { group, version } of infos()) {
    if (group === '') found.add(`/api/${version}`);
    else found.add(`/apis/${group}`).add(`/apis/${group}/${version}`);
  }
  for (const [endpoint, checks] of Object.entries(health)) {
    found.add(`/${endpoint}`);
    for (const { name } of checks) found.add(`/${endpoint}/${name}`);
  }
  return [...found].sort();
}
