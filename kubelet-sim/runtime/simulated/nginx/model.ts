import { type Condition, parseCondition, patternAt } from './conditions.ts';
import { ConfigError, wrongAt } from './config-error.ts';
import { type Listen, parseListen } from './listen.ts';
import { locationName } from './parser.ts';
import type { Pattern } from './pattern.ts';
import type { Directive, Scope } from './scope.ts';
import { ServerNames } from './server-names.ts';
import { templateOf } from './templates.ts';

/** A directive of the rewrite module, ready to be run. */
export type Step =
  | { readonly do: 'rewrite'; readonly directive: Directive; readonly pattern: Pattern }
  | { readonly do: 'set' | 'return' | 'break'; readonly directive: Directive }
  | { readonly do: 'if'; readonly condition: Condition; readonly scope: Scope; readonly steps: readonly Step[] };

/** A location, with those inside it. */
export interface Location {
  readonly modifier: string;
  /** What it is asked by, without the modifier. */
  readonly text: string;
  readonly pattern: Pattern | undefined;
  readonly scope: Scope;
  readonly steps: readonly Step[];
  readonly inner: Locations;
}

/** The locations of a server, or of a location, as they are looked through. */
export interface Locations {
  readonly exact: ReadonlyMap<string, Location>;
  /** The longest first. */
  readonly prefixes: readonly Location[];
  readonly patterns: readonly Location[];
  readonly named: ReadonlyMap<string, Location>;
}

/** A `server` of the http block. */
export interface HttpServer {
  readonly scope: Scope;
  readonly names: readonly string[];
  readonly listens: readonly Listen[];
  readonly locations: Locations;
  readonly steps: readonly Step[];
}

/** An address and port, and the servers that answer there. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly ssl: boolean;
  /** Where it is said that it has TLS. */
  readonly fallback: HttpServer;
  readonly servers: readonly HttpServer[];
  readonly names: ServerNames<HttpServer>;
}

/** What the http block says. */
export interface HttpModel {
  readonly scope: Scope;
  readonly servers: readonly HttpServer[];
  readonly endpoints: readonly Endpoint[];
  readonly warnings: readonly string[];
}

/** The port of a server that does not say where it listens: who is not root may not have the usual one. */
const usualListen = (directive: Directive, isRoot: boolean): Listen[] => [
  {
    address: '0.0.0.0',
    port: isRoot ? 80 : 8000,
    isDefault: false,
    ssl: false,
    http2: false,
    udp: false,
    isName: false,
    file: directive.file,
    line: directive.line,
  },
];

/** Builds what is asked with each request. @throws ConfigError */
export function buildHttp(scope: Scope, isRoot: boolean): HttpModel {
  const servers = scope.own('server').map((directive) => buildServer(directive, isRoot));
  const warnings: string[] = [];
  return { scope, servers, endpoints: buildEndpoints(servers, warnings), warnings };
}

function buildServer(directive: Directive, isRoot: boolean): HttpServer {
  const { block: scope } = directive;
  if (!scope) throw new ConfigError('a server is a block');
  const listens = scope.own('listen').map(parseListen);
  for (const [i, { address, port, file, line }] of listens.entries())
    if (listens.slice(0, i).some((other) => other.address === address && other.port === port && address !== ''))
      throw wrongAt({ file, line }, `a duplicate listen ${address}:${port}`);
  const names = scope.own('server_name').flatMap(({ args }) => args);
  return {
    scope,
    names: names.length > 0 ? names : [''],
    listens: listens.length > 0 ? listens : usualListen(directive, isRoot),
    locations: buildLocations(scope),
    steps: buildSteps(scope),
  };
}

function buildLocations(scope: Scope): Locations {
  const exact = new Map<string, Location>();
  const named = new Map<string, Location>();
  const prefixes: Location[] = [];
  const patterns: Location[] = [];
  for (const directive of scope.own('location')) {
    const location = buildLocation(directive);
    const { modifier, text } = location;
    const beside = { exact, named, prefixes };
    if (isThere(location, beside)) throw wrongAt(directive, `duplicate location "${modifier === '@' ? '@' : ''}${text}"`);
    if (modifier === '=') exact.set(text, location);
    else if (modifier === '@') named.set(text, location);
    else if (modifier.startsWith('~')) patterns.push(location);
    else prefixes.push(location);
  }
  prefixes.sort((a, b) => b.text.length - a.text.length);
  return { exact, prefixes, patterns, named };
}

function isThere({ modifier, text }: Location, beside: Pick<Locations, 'exact' | 'named' | 'prefixes'>): boolean {
  if (modifier.startsWith('~')) return false;
  if (modifier === '=') return beside.exact.has(text);
  return modifier === '@' ? beside.named.has(text) : beside.prefixes.some((other) => other.text === text);
}

function buildLocation(directive: Directive): Location {
  const { modifier, text } = locationName(directive);
  const { block: scope } = directive;
  if (!scope) throw new ConfigError('a location is a block');
  const pattern = modifier.startsWith('~') ? patternAt(text, directive, modifier === '~*') : undefined;
  return { modifier, text, pattern, scope, steps: buildSteps(scope), inner: buildLocations(scope) };
}

function buildSteps(scope: Scope): readonly Step[] {
  return scope.directives.flatMap((directive): Step[] => {
    const { name, block, args } = directive;
    if (name === 'rewrite') return [{ do: 'rewrite', directive, pattern: patternAt(args[0] ?? '', directive) }];
    if (name === 'if' && block) return [{ do: 'if', condition: parseCondition(directive), scope: block, steps: buildSteps(block) }];
    return name === 'set' || name === 'return' || name === 'break' ? [{ do: name, directive }] : [];
  });
}

interface Gathered {
  readonly address: string;
  readonly port: number;
  readonly servers: HttpServer[];
  readonly names: ServerNames<HttpServer>;
  fallback?: HttpServer;
  ssl: boolean;
}

function buildEndpoints(servers: readonly HttpServer[], warnings: string[]): Endpoint[] {
  const gathered = new Map<string, Gathered>();
  for (const server of servers) for (const listen of server.listens) gather(gathered, { server, listen }, warnings);
  return [...gathered.values()].flatMap(({ fallback, ...at }): Endpoint[] => {
    const [first] = at.servers;
    const usual = fallback ?? first;
    return usual ? [{ ...at, fallback: usual }] : [];
  });
}

/** Puts a server where it listens. */
function gather(
  gathered: Map<string, Gathered>,
  { server, listen }: { readonly server: HttpServer; readonly listen: Listen },
  warnings: string[],
): void {
  const { address, port } = listen;
  if (address === '' || listen.udp) return;
  const key = `${address}:${port}`;
  const at = gathered.get(key) ?? { address, port, servers: [], names: new ServerNames<HttpServer>(), ssl: false };
  gathered.set(key, at);
  if (listen.isDefault && at.fallback) throw wrongAt(listen, `a duplicate default server for ${key}`);
  if (listen.isDefault) at.fallback = server;
  at.ssl ||= listen.ssl;
  at.servers.push(server);
  for (const name of server.names) if (!at.names.add(name, server)) warnings.push(`conflicting server name "${name}" on ${key}, ignored`);
}

/** Whether a server has a port of TLS. */
export const listensSecurely = (server: HttpServer): Listen | undefined => server.listens.find(({ ssl }) => ssl);

/** Arguments with variables, by directive: their places. */
const TEMPLATED: Readonly<Record<string, readonly number[] | 'all'>> = {
  access_log: [0],
  add_header: [1],
  add_trailer: [1],
  alias: [0],
  auth_basic: [0],
  auth_basic_user_file: [0],
  auth_request_set: [1],
  error_page: 'all',
  expires: 'all',
  fastcgi_param: [1],
  fastcgi_pass: [0],
  grpc_set_header: [1],
  hash: [0],
  index: 'all',
  log_format: 'all',
  proxy_pass: [0],
  proxy_redirect: 'all',
  proxy_set_body: [0],
  proxy_set_header: [1],
  return: 'all',
  rewrite: [1],
  root: [0],
  set: [1],
  try_files: 'all',
};

/** All directives of a block and of those in it. */
export function* everyDirective(scope: Scope): Generator<Directive> {
  for (const directive of scope.directives) {
    yield directive;
    if (directive.block && directive.block.context !== '') yield* everyDirective(directive.block);
  }
}

/** The names of the variables that a configuration reads. @throws ConfigError */
export function variablesUsed(scope: Scope): ReadonlySet<string> {
  const used = new Set<string>();
  for (const directive of everyDirective(scope)) for (const name of variablesIn(directive)) used.add(name);
  return used;
}

function variablesIn(directive: Directive): readonly string[] {
  const { name, args } = directive;
  if (name === 'if') return variablesAsked(parseCondition(directive));
  const places = TEMPLATED[name] ?? [];
  const indices = places === 'all' ? args.map((_, i) => i) : places;
  return indices.flatMap((i) => {
    const arg = args[i] ?? '';
    return arg.includes('$') && !isPattern(directive, arg) ? templateOf(directive, i).variables : [];
  });
}

const variablesAsked = (condition: Condition): readonly string[] => [
  ...(condition.test === 'file' ? condition.path.variables : condition.value.variables),
  ...(condition.test === 'equal' ? condition.other.variables : []),
];

const isPattern = ({ name }: Directive, arg: string): boolean => name === 'proxy_redirect' && arg.startsWith('~');
