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
import { valueOf } from './variables.ts';

/** Times that a request may go to another location. */
const REDIRECTS_MAX = 10;
const BODY_BYTES_MAX = 1024 * 1024;

/** Answers a request, phase by phase: the server's rewriting, its location, the location's rewriting, access, files to try, content. */
export async function answer(exchange: Exchange): Promise<Reply> {
  const { request, scope, connection } = exchange;
  const target = request.target.replace(/^https?:\/\/[^/]*/i, '') || '/';
  const at = normalizeUri(target, scope.isOn('merge_slashes', true));
  if (!at) return await finish(exchange, { status: 400 });
  exchange.uri = at.uri;
  exchange.args = at.args;
  if (connection.endpoint.ssl && !connection.isSecure) return await finish(exchange, { status: 497 });
  if (request.protocol === 'HTTP/1.1' && !exchange.headers.has('host')) return await finish(exchange, { status: 400 });
  const outcome = await runSteps(exchange, exchange.server.steps);
  if (outcome.reply) return outcome.reply;
  if (outcome.status !== undefined) return await finish(exchange, { status: outcome.status });
  return await toLocation(exchange);
}

/** Goes through locations until one answers. */
async function toLocation(exchange: Exchange, named?: Location): Promise<Reply> {
  let next = named;
  for (;;) {
    const outcome = await visit(exchange, next);
    next = undefined;
    if ('again' in outcome || 'goTo' in outcome) {
      if (++exchange.redirects > REDIRECTS_MAX) {
        const what = 'again' in outcome ? 'rewrite or internal redirection cycle while processing' : 'rewrite or internal redirection cycle while internally redirecting to';
        exchange.log('error', `${what} "${'goTo' in outcome ? outcome.goTo : exchange.uri}"`);
        return await finish(exchange, { status: 500 });
      }
    }
    if ('again' in outcome) continue;
    if (!('goTo' in outcome)) return await finish(exchange, outcome);
    exchange.isInternal = true;
    if (outcome.goTo.startsWith('@')) {
      next = exchange.server.locations.named.get(outcome.goTo.slice(1));
      if (!next) {
        exchange.log('error', `could not find named location "${outcome.goTo}"`);
        return await finish(exchange, { status: 500 });
      }
    } else await redirectInside(exchange, outcome.goTo, outcome.args ?? '');
  }
}

/** A redirect inside begins anew with the server's own directives, as far as these are of the rewrite module. */
async function redirectInside(exchange: Exchange, uri: string, args: string): Promise<void> {
  exchange.goTo(uri, args);
  exchange.isLocationValid = true;
  exchange.scope = exchange.server.scope;
  await runSteps(exchange, exchange.server.steps.filter((step) => step.do === 'set' || step.do === 'rewrite'));
}

type Visit = Outcome | { readonly again: true };

/** One location: what it makes of the request. */
async function visit(exchange: Exchange, named: Location | undefined): Promise<Visit> {
  const location = named ?? find(exchange);
  if (location && 'reply' in location) return location;
  exchange.scope = location?.scope ?? exchange.server.scope;
  exchange.prefix = location && /^(?:|=|\^~)$/.test(location.modifier) ? location.text : '';
  if (exchange.scope.own('internal').length > 0 && !exchange.isInternal) return { status: 404 };
  if (isTooLarge(exchange)) return { status: 413 };
  const steps = await runSteps(exchange, location?.steps ?? []);
  if (steps.reply) return { reply: steps.reply };
  if (steps.status !== undefined) return { status: steps.status };
  if (steps.isMoved) return { again: true };
  const refusal = exchange.isSubrequest ? undefined : await checkAccess(exchange, askInside);
  if (refusal) return refusal;
  return (await tryFiles(exchange)) ?? (await content(exchange));
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
    const status = exchange.errorStatus !== undefined && [301, 302, 303, 307, 308].includes(exchange.errorStatus) ? exchange.errorStatus : 302;
    exchange.errorStatus = undefined;
    return { status, headers: [], body: '', location: uri };
  }
  exchange.isInternal = true;
  if (++exchange.redirects > REDIRECTS_MAX) return reply;
  const made = uri.startsWith('@') ? await toNamed(exchange, uri, reply) : await toPath(exchange, uri);
  const isPage = made.status < 300 || made.body !== '' || made.location !== undefined;
  const headers = [...reply.headers.filter(([name]) => name === 'WWW-Authenticate'), ...made.headers];
  return isPage ? { ...made, headers } : made;
}

async function toNamed(exchange: Exchange, uri: string, reply: Reply): Promise<Reply> {
  const location = exchange.server.locations.named.get(uri.slice(1));
  if (location) return await toLocation(exchange, location);
  exchange.log('error', `could not find named location "${uri}"`);
  return reply;
}

async function toPath(exchange: Exchange, text: string): Promise<Reply> {
  const { uri, args } = splitArgs(text);
  if (exchange.method !== 'HEAD') exchange.method = 'GET';
  await redirectInside(exchange, uri, args);
  return await toLocation(exchange);
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
    const uri = templateOf(directive, directive.args.length - 1).fill((name) => valueOf(exchange, name));
    const overwrite = codes.find((code) => code.startsWith('='));
    if (overwrite === undefined) return { uri, status: undefined };
    return { uri, status: overwrite === '=' ? 0 : Number(overwrite.slice(1)) };
  }
  return undefined;
}

/** What another location says to a request for which only that counts. */
const askInside: AskLocation = async (exchange, uri) => {
  const { config, process, connection, request, server } = exchange;
  const asked = new Exchange({ config, process, connection, request: { ...request, body: '' }, server, tell: (level, text) => exchange.tell(level, text) });
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
    exchange.variables.set(name, templateOf(directive, 1).fill((variable) => valueOf(asked, variable)));
  }
  return { status: reply.status, headers: reply.headers };
};
