import type { ProcessContext } from '../program.ts';
import { ConfigError, wrongAt } from './config-error.ts';
import { buildMaps, type DerivedVariable } from './maps.ts';
import { buildHttp, everyDirective, type HttpModel, type HttpServer, listensSecurely, variablesUsed } from './model.ts';
import type { ParsedConfig } from './parser.ts';
import type { Directive, Scope } from './scope.ts';
import { buildStream, type StreamModel } from './stream-model.ts';
import { buildUpstream, peersOf, type ResolveName, Upstream } from './upstreams.ts';
import { isBuiltIn } from './variables.ts';

/** What a configuration comes to. */
export interface Configuration {
  readonly version: string;
  readonly main: Scope;
  readonly http: HttpModel | undefined;
  readonly stream: StreamModel | undefined;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly maps: ReadonlyMap<string, DerivedVariable>;
  readonly formats: ReadonlyMap<string, Directive>;
  readonly warnings: readonly string[];
  readonly sources: ReadonlyMap<string, string>;
  /** Where relative paths of files that are served begin. */
  readonly prefix: string;
  typeOf(scope: Scope, uri: string): string;
}

const PREFIX = '/etc/nginx';

/** Makes of a configuration as it stands what answers requests. @throws ConfigError */
export async function buildConfiguration(
  parsed: ParsedConfig,
  parts: { readonly version: string; readonly resolve: ResolveName; readonly user: ProcessContext['user'] },
): Promise<Configuration> {
  const { main } = parsed;
  if (main.own('events').length === 0) throw new ConfigError('no "events" section in configuration');
  const scope = main.own('http')[0]?.block;
  const streamScope = main.own('stream')[0]?.block;
  const http = scope && buildHttp(scope, parts.user.uid === 0);
  const built = scope ? await buildParts(scope, parts.resolve) : NO_PARTS;
  for (const server of http?.servers ?? []) checkCertificate(server);
  return {
    version: parts.version,
    main,
    http,
    stream: streamScope && (await buildStream(streamScope, parts.resolve)),
    ...built,
    warnings: [...parsed.warnings, ...(http?.warnings ?? [])],
    sources: parsed.sources,
    prefix: PREFIX,
    typeOf,
  };
}

/** What stands in the http block beside servers. */
type HttpParts = Pick<Configuration, 'upstreams' | 'maps' | 'formats'>;
const NO_PARTS: HttpParts = { upstreams: new Map(), maps: new Map(), formats: new Map() };

async function buildParts(scope: Scope, resolve: ResolveName): Promise<HttpParts> {
  const maps = buildMaps(scope);
  const formats = new Map(scope.own('log_format').map((directive) => [directive.args[0] ?? '', directive] as const));
  checkVariables(scope, maps);
  checkFormats(scope, formats);
  return { upstreams: await buildUpstreams(scope, resolve), maps, formats };
}

function checkCertificate(server: HttpServer): void {
  const listen = listensSecurely(server);
  if (listen && server.scope.all('ssl_certificate').length === 0 && !server.scope.isOn('ssl_reject_handshake'))
    throw wrongAt(listen, 'no "ssl_certificate" is defined for the "listen ... ssl" directive');
}

/** All that are named must be there. */
function checkVariables(scope: Scope, maps: ReadonlyMap<string, unknown>): void {
  const set = new Set<string>(maps.keys());
  for (const directive of everyDirective(scope)) for (const name of variablesSet(directive)) set.add(name);
  for (const name of variablesUsed(scope)) if (!set.has(name) && !isBuiltIn(name)) throw new ConfigError(`unknown "${name}" variable`);
}

/** Variables that a directive sets: by its name, or as groups of its patterns. */
function variablesSet({ name, args, block }: Directive): readonly string[] {
  const isSetting = name === 'set' || name === 'auth_request_set';
  const entries = name === 'map' ? (block?.directives ?? []).map((entry) => entry.name) : [];
  const own = isSetting ? [(args[0] ?? '').slice(1).replace(/[{}]/g, '').toLowerCase()] : [];
  return [...own, ...[...args, ...entries].flatMap(groupNames)];
}

/** Names that a pattern gives to its groups. */
const groupNames = (text: string): readonly string[] =>
  [...text.matchAll(/\(\?P?<([A-Za-z]\w*)>/g)].map(([, group = '']) => group.toLowerCase());

function checkFormats(scope: Scope, formats: ReadonlyMap<string, Directive>): void {
  for (const directive of everyDirective(scope)) {
    const [, format] = directive.args;
    if (directive.name !== 'access_log' || format === undefined || /=/.test(format) || format === 'combined') continue;
    if (!formats.has(format)) throw wrongAt(directive, `unknown log format "${format}"`);
  }
}

const PASSES: Readonly<Record<string, number>> = {
  proxy_pass: 80,
  fastcgi_pass: 9000,
  uwsgi_pass: 80,
  scgi_pass: 80,
  grpc_pass: 80,
  memcached_pass: 11_211,
};

/** Those with a block, and one for each host that requests are passed on to without. */
async function buildUpstreams(scope: Scope, resolve: ResolveName): Promise<Map<string, Upstream>> {
  const made = new Map<string, Upstream>();
  for (const directive of scope.own('upstream')) made.set(directive.args[0] ?? '', await buildUpstream(directive, resolve, 80));
  for (const directive of everyDirective(scope)) {
    const usualPort = PASSES[directive.name];
    const url = directive.args[0] ?? '';
    if (usualPort === undefined || url.includes('$') || url.startsWith('unix:')) continue;
    const [, scheme = '', host = ''] = /^(?:(\w+):\/\/)?([^/?]*)/.exec(url) ?? [];
    const isSecure = scheme.toLowerCase() === 'https';
    const key = isSecure ? `https://${host}` : host;
    if (made.has(host) || made.has(key) || host === '') continue;
    made.set(key, new Upstream(host, await peersOf(resolve, { ...directive, args: [] }, host, isSecure ? 443 : usualPort)));
  }
  return made;
}

const types = new WeakMap<Scope, ReadonlyMap<string, string>>();

/** What nginx knows without a `types` block. */
const USUAL_TYPES: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html'],
  ['gif', 'image/gif'],
  ['jpg', 'image/jpeg'],
]);

/** The type of a path, by what is behind its last dot. */
function typeOf(scope: Scope, uri: string): string {
  const name = uri.slice(uri.lastIndexOf('/') + 1);
  const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : '';
  return typesIn(scope).get(extension) ?? scope.text('default_type') ?? 'text/plain';
}

function typesIn(scope: Scope): ReadonlyMap<string, string> {
  const known = types.get(scope);
  if (known) return known;
  const blocks = scope.all('types');
  const entries = blocks.flatMap(({ block }) => block?.directives ?? []);
  const made =
    blocks.length === 0 ? USUAL_TYPES : new Map(entries.flatMap(({ name, args }) => args.map((arg) => [arg.toLowerCase(), name] as const)));
  types.set(scope, made);
  return made;
}
