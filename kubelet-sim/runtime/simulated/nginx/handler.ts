import { type AskLocation, checkAccess, handlerOf } from './access.ts';
import { Exchange, type Reply } from './exchange.ts';
import { locate } from './locate.ts';
import type { Location } from './model.ts';
import { passOn } from './proxy.ts';
import { type Outcome, serveStatic, tryFiles } from './static.ts';
import { runSteps } from './steps.ts';
import { templateOf } from './templates.ts';
import { parseSize } from './units.ts';
import { escapeUri, normalizeUri, splitArgs } from './uri.ts';
import { valueFor } from './variables.ts';

/** Times that a request may go to another location. */
const REDIRECTS_MAX = 10;
const BODY_BYTES_MAX = 1024 * 1024;

/** Answers a request, phase by phase: the server's rewriting, its location, the location's rewriting, access, files to try, content. */
export async function answer(exchange: Exchange): Promise<Reply> {
  const { request, scope, connection } = exchange;
  const target = request.target.replace(/^https?:\/\/[^/]*/i, '') || '/';
  const at = normalizeUri(target, scope.isOn('merge_slashes', true));
  if (!at || request.method === '') return await finish(exchange, { status: 400 });
  exchange.uri = at.uri;
  exchange.args = at.args;
  if (connection.endpoint.ssl && !connection.isSecure) return await finish(exchange, { status: 497 });
  if (request.protocol === 'HTTP/1.1' && !exchange.headers.has('host')) return await finish(exchange, { status: 400 });
  return await fromServer(exchange);
}

/** Begins with the server's own directives of the rewrite module, as a redirect inside does too. */
async function fromServer(exchange: Exchange): Promise<Reply> {
  const { reply, status } = await runSteps(exchange, exchange.server.steps);
  if (reply) return reply;
  return status === undefined ? await toLocation(exchange) : await finish(exchange, { status });
}

/** Goes through locations until one answers. */
async function toLocation(exchange: Exchange, named?: Location): Promise<Reply> {
  let outcome = await visit(exchange, named);
  while ('again' in outcome && ++exchange.redirects <= REDIRECTS_MAX) outcome = await visit(exchange, undefined);
  if ('again' in outcome) return await cycle(exchange, `processing "${exchange.uri}"`);
  if (!('goTo' in outcome)) return await finish(exchange, outcome);
  const { goTo, args = '' } = outcome;
  if (++exchange.redirects > REDIRECTS_MAX) return await cycle(exchange, `internally redirecting to "${goTo}"`);
  exchange.isInternal = true;
  if (goTo.startsWith('@')) return (await toNamed(exchange, goTo)) ?? (await finish(exchange, { status: 500 }));
  return await redirectInside(exchange, goTo, args);
}

async function cycle(exchange: Exchange, where: string): Promise<Reply> {
  exchange.log('error', `rewrite or internal redirection cycle while ${where}`);
  return await finish(exchange, { status: 500 });
}

async function toNamed(exchange: Exchange, name: string): Promise<Reply | undefined> {
  const location = exchange.server.locations.named.get(name.slice(1));
  if (location) return await toLocation(exchange, location);
  exchange.log('error', `could not find named location "${name}"`);
  return undefined;
}

async function redirectInside(exchange: Exchange, uri: string, args: string): Promise<Reply> {
  exchange.goTo(uri, args);
  exchange.isLocationValid = true;
  exchange.scope = exchange.server.scope;
  return await fromServer(exchange);
}

type Visit = Outcome | { readonly again: true };

/** One location: what it makes of the request. */
async function visit(exchange: Exchange, named: Location | undefined): Promise<Visit> {
  const location = named ?? find(exchange);
  if (location && 'reply' in location) return location;
  enter(exchange, location);
  if (exchange.scope.own('internal').length > 0 && !exchange.isInternal) return { status: 404 };
  if (isTooLarge(exchange)) return { status: 413 };
  const { reply, status, isMoved } = await runSteps(exchange, location?.steps ?? []);
  if (reply) return { reply };
  if (status !== undefined) return { status };
  if (isMoved) return { again: true };
  const refusal = exchange.isSubrequest ? undefined : await checkAccess(exchange, askInside);
  return refusal ?? (await tryFiles(exchange)) ?? (await content(exchange));
}

function enter(exchange: Exchange, location: Location | undefined): void {
  exchange.scope = location?.scope ?? exchange.server.scope;
  exchange.prefix = location && /^(?:|=|\^~)$/.test(location.modifier) ? location.text : '';
}

function find(exchange: Exchange): Location | { readonly reply: Reply } | undefined {
  const found = locate(exchange, exchange.server.locations);
  if (!found || 'location' in found) return found?.location;
  const { uri, args } = exchange;
  return { reply: { status: 301, headers: [], body: '', location: `${escapeUri(uri)}/${args === '' ? '' : `?${args}`}` } };
}

function isTooLarge(exchange: Exchange): boolean {
  const most = parseSize(exchange.scope.text('client_max_body_size') ?? '') ?? BODY_BYTES_MAX;
  const length = Math.max(exchange.request.body.length, Number(exchange.headers.get('content-length') ?? 0));
  if (most === 0 || length <= most || exchange.isInternal) return false;
  exchange.log('error', `client intended to send too large body: ${length} bytes`);
  return true;
}

/** Handlers that pass on to servers of other protocols, which nobody here speaks: they are connected to, and say nothing. */
const OTHER_PASSES: readonly string[] = ['fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'grpc_pass', 'memcached_pass'];

async function content(exchange: Exchange): Promise<Outcome> {
  const { scope } = exchange;
  const pass = handlerOf(scope, 'proxy_pass');
  if (pass) return await passOn(exchange, pass);
  const other = OTHER_PASSES.map((name) => handlerOf(scope, name)).find(Boolean);
  if (other) return await passOn(exchange, { ...other, args: [`http://${(other.args[0] ?? '').replace(/^\w+:\/\//, '')}`] });
  if (handlerOf(scope, 'stub_status')) return stubStatus(exchange);
  if (handlerOf(scope, 'empty_gif')) return { reply: { status: 200, headers: [], body: EMPTY_GIF, type: 'image/gif' } };
  return await serveStatic(exchange);
}

const EMPTY_GIF = Buffer.from('R0lGODlhAQABAIABAAAAAP///yH5BAEAAAEALAAAAAABAAEAAAICTAEAOw==', 'base64').toString('latin1');

function stubStatus(exchange: Exchange): Outcome {
  if (!['GET', 'HEAD'].includes(exchange.method)) return { status: 405 };
  const { accepted, requests } = exchange.counters;
  const body = `Active connections: 1 \nserver accepts handled requests\n ${accepted} ${accepted} ${requests} \nReading: 0 Writing: 1 Waiting: 0 \n`;
  return { reply: { status: 200, headers: [], body, type: 'text/plain' } };
}

/** An outcome as an answer: of a status, the page that the configuration has for it. */
async function finish(exchange: Exchange, outcome: Exclude<Outcome, { goTo: string }>): Promise<Reply> {
  const reply: Reply = 'reply' in outcome ? outcome.reply : { status: outcome.status, headers: outcome.headers ?? [], body: '' };
  const isOwn = 'status' in outcome || (reply.status >= 300 && reply.body === '' && !reply.isProxied && reply.location === undefined);
  if (exchange.errorStatus !== undefined && !exchange.scope.isOn('recursive_error_pages')) return withErrorStatus(exchange, reply);
  const page = isOwn && !reply.isSilent ? errorPageFor(exchange, reply.status) : undefined;
  if (!page) return withErrorStatus(exchange, reply);
  exchange.errorStatus = page.status ?? reply.status;
  if (page.status === 0) exchange.errorStatus = undefined;
  return await toErrorPage(exchange, page.uri, reply);
}

/** An error page that is made goes out with the status of the error; one that is not, with its own. */
const withErrorStatus = ({ errorStatus }: Exchange, reply: Reply): Reply =>
  errorStatus === undefined || reply.status >= 300 ? reply : { ...reply, status: errorStatus };

async function toErrorPage(exchange: Exchange, uri: string, reply: Reply): Promise<Reply> {
  if (!uri.startsWith('/') && !uri.startsWith('@')) {
    const status =
      exchange.errorStatus !== undefined && [301, 302, 303, 307, 308].includes(exchange.errorStatus) ? exchange.errorStatus : 302;
    exchange.errorStatus = undefined;
    return { status, headers: [], body: '', location: uri };
  }
  exchange.isInternal = true;
  if (++exchange.redirects > REDIRECTS_MAX) return reply;
  const made = uri.startsWith('@') ? ((await toNamed(exchange, uri)) ?? reply) : await toPath(exchange, uri);
  return { ...made, headers: [...reply.headers.filter(([name]) => name === 'WWW-Authenticate'), ...made.headers] };
}

async function toPath(exchange: Exchange, text: string): Promise<Reply> {
  const { uri, args } = splitArgs(text);
  if (exchange.method !== 'HEAD') exchange.method = 'GET';
  return await redirectInside(exchange, uri, args);
}

interface ErrorPage {
  readonly uri: string;
  /** What is said instead; 0 is what the page says. */
  readonly status: number | undefined;
}

/** Statuses of nginx's own go by these in `error_page`. */
function errorPageFor(exchange: Exchange, status: number): ErrorPage | undefined {
  for (const directive of exchange.scope.all('error_page')) {
    const codes = directive.args.slice(0, -1);
    if (!codes.includes(String(status))) continue;
    const uri = templateOf(directive, directive.args.length - 1).fill((name) => valueFor(exchange, name));
    const overwrite = codes.find((code) => code.startsWith('='));
    if (overwrite === undefined) return { uri, status: undefined };
    return { uri, status: overwrite === '=' ? 0 : Number(overwrite.slice(1)) };
  }
  return undefined;
}

/** What another location says to a request for which only that counts. */
const askInside: AskLocation = async (exchange, uri) => {
  const { config, process, connection, request, server } = exchange;
  const asked = new Exchange({
    config,
    process,
    connection,
    request: { ...request, body: '' },
    server,
    tell: (level, text) => exchange.tell(level, text),
  });
  asked.isSubrequest = true;
  asked.isInternal = true;
  asked.method = 'GET';
  for (const [name, value] of exchange.variables) asked.variables.set(name, value);
  asked.goTo(uri, '');
  const reply = await toLocation(asked);
  asked.status = reply.status;
  asked.sentHeaders = reply.headers;
  for (const directive of exchange.scope.all('auth_request_set')) {
    const name = (directive.args[0] ?? '').slice(1).toLowerCase();
    exchange.variables.set(
      name,
      templateOf(directive, 1).fill((variable) => valueFor(asked, variable)),
    );
  }
  return { status: reply.status, headers: reply.headers };
};
