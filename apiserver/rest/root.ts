import type { KindInfo } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { SNAPSHOT_PATH } from '../pipeline/flow-control.ts';
import { headersFor, JSON_TYPE, send, sendNotFound, sendText } from '../pipeline/respond.ts';
import { answerHealth, type HealthChecks } from './health.ts';
import { type Kinds, methodNotAllowed, unknownResource } from './kinds.ts';
import { readable } from './pretty.ts';

/** A document that is ready to be sent: discovery, version, OpenAPI. */
export interface PreparedDocument {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Who knows documents: discovery, OpenAPI. */
export interface DocumentSource {
  /** @param url path and query. */
  respond(url: string, accept: string | undefined, ifNoneMatch?: string | undefined): PreparedDocument | undefined;
}

export interface RootOptions {
  readonly kinds: Kinds;
  /** The kinds that are told of. */
  readonly infos: () => readonly KindInfo[];
  /** Paths of other servers. */
  readonly otherPaths: () => readonly string[];
  readonly health: HealthChecks;
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

const DEBUG = '/debug/';
const OPENAPI = '/openapi/';
const OPENID = /^\/(\.well-known|openid)\//;
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Paths that upstream lists at `/` whatever is served. */
const FIXED_PATHS = ['/.well-known/openid-configuration', '/metrics', '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/version'];

/** Answers what is not a resource: health, metrics, documents, the list of paths. */
export async function answerRoot(exchange: Exchange, options: RootOptions): Promise<void> {
  const { path } = exchange.info;
  if (path === '/') {
    send(exchange, 200, JSON_TYPE, Buffer.from(`${JSON.stringify({ paths: paths(options) }, undefined, 2)}\n`));
    return;
  }
  const health = answerHealth(exchange, options.health);
  if (health !== undefined) return health;
  if (path === '/version' && !READS.has(exchange.request.method ?? '')) throw methodNotAllowed();
  if (path === '/metrics') {
    const { contentType, text } = await options.metrics();
    send(exchange, 200, contentType, Buffer.from(text));
    return;
  }
  if (path === SNAPSHOT_PATH) return options.snapshot(exchange);
  const dump = path.startsWith(DEBUG) ? options.dump(exchange) : undefined;
  if (dump !== undefined) {
    sendText(exchange, 200, dump);
    return;
  }
  const { request, accept } = exchange;
  const document = sourceOf(path, options)?.respond(request.url ?? path, accept, request.headers['if-none-match']);
  if (document) sendDocument(exchange, laidOut(exchange, document));
  else refuse(exchange, options.kinds);
}

function sourceOf(path: string, { openapi, openid, discovery }: RootOptions): DocumentSource | undefined {
  if (path.startsWith(OPENAPI)) return openapi;
  return OPENID.test(path) ? openid : discovery;
}

/** A version that a served group does not have is the API's own 404; anything else is nobody's. */
function refuse(exchange: Exchange, kinds: Kinds): void {
  const [, root = '', first = '', second = ''] = exchange.info.path.split('/');
  if (root === 'version') throw unknownResource();
  if ((root === 'api' && first !== '') || (root === 'apis' && second !== '' && kinds.hasGroup(first))) throw unknownResource();
  sendNotFound(exchange);
}

/** Discovery is laid out for people as objects are. */
function laidOut(exchange: Exchange, document: PreparedDocument): PreparedDocument {
  const isDiscovery = exchange.info.path.startsWith('/api') && document.contentType.startsWith(JSON_TYPE);
  return isDiscovery ? { ...document, body: readable(exchange, document.body) } : document;
}

function sendDocument(exchange: Exchange, { status, contentType, headers, body }: PreparedDocument): void {
  const flat = headersFor(exchange, contentType).filter((_, i, all) => !isOverridden(all[i - (i % 2)] ?? '', headers));
  for (const [name, value] of Object.entries(headers)) flat.push(name, value);
  if (status !== 304) flat.push('Content-Length', String(body.length));
  exchange.response.writeHead(status, flat);
  exchange.response.end(status === 304 ? undefined : body);
}

const isOverridden = (name: string, headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((other) => other.toLowerCase() === name.toLowerCase());

function paths({ infos, otherPaths, health }: RootOptions): string[] {
  const found = new Set([...FIXED_PATHS, '/api', '/apis', ...otherPaths()]);
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
