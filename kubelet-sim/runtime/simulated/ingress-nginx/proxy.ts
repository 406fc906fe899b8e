import type { HttpResponse } from '../../cri.ts';
import { hostPort } from '../../host-port.ts';
import { requestText, responseText } from '../network/http-text.ts';
import { BadAnswer, type ByteStream, ConnectError, type ServedRequest } from '../network/listener.ts';
import type { Dialled } from '../network/pod-network.ts';
import type { ProcessContext } from '../program.ts';
import { accessLine, localTime } from './access-log.ts';
import { Balancer, type Pick } from './balancer.ts';
import { externallyRefused } from './external-auth.ts';
import { appRoot, corsHeaders, elsewhere, notLetIn, preflight, tooLarge, tooOften, toTls } from './gates.ts';
import { type Entrance, forwardedHeaders, type Incoming, readIncoming } from './incoming.ts';
import { LocationMatcher, serverFor } from './locations.ts';
import type { RequestMetrics } from './metrics.ts';
import { type Configuration, DEFAULT_SERVER, DEFAULT_UPSTREAM, type Endpoint, type Location, type Server, type Upstream } from './model.ts';
import { page, redirectTo } from './pages.ts';
import { RateLimits } from './rate-limits.ts';
import { rewritten } from './rewriting.ts';
import type { Settings } from './settings.ts';

/** What the proxy goes by; looked at anew for each request. */
export interface ProxyState {
  readonly configuration: Configuration;
  readonly settings: Settings;
  /** Headers of ConfigMaps, for backends and for clients. */
  readonly setHeaders: Readonly<Record<string, string>>;
  readonly addHeaders: Readonly<Record<string, string>>;
  readonly healthPath: string;
  readonly defaultPort: number;
}

/** One try at an upstream, for the log. */
interface Attempt {
  readonly address: string;
  readonly status: number;
  readonly bytes: number;
  readonly ms: number;
}

/** What is known of a request once it was answered. */
interface Trace {
  readonly startedMs: number;
  location?: Location | undefined;
  upstream: string;
  alternative: string;
  cookie?: string | undefined;
  isLogged: boolean;
  readonly attempts: Attempt[];
}

/** Where a request that passed all gates goes. */
interface Destination {
  readonly location: Location;
  readonly upstream: Upstream;
  readonly uri: string;
}

const LOCALHOST = '127.0.0.1';

/** Takes requests, as the nginx that upstream's template configures. */
export class IngressProxy {
  readonly #context: ProcessContext;
  readonly #metrics: RequestMetrics;
  readonly #balancer: Balancer;
  readonly #limits = new RateLimits();
  readonly #matchers = new WeakMap<Server, LocationMatcher>();
  #state: ProxyState;

  constructor(context: ProcessContext, state: ProxyState, metrics: RequestMetrics) {
    this.#context = context;
    this.#state = state;
    this.#metrics = metrics;
    this.#balancer = new Balancer(context.clock, context.random);
  }

  /** What counts from now on. */
  use(state: ProxyState): void {
    this.#state = state;
  }

  /** Answers a request. */
  async serve(request: ServedRequest, entrance: Entrance): Promise<HttpResponse> {
    const incoming = this.#incoming(request, entrance);
    const trace = this.#newTrace();
    const found = await this.#find(incoming, trace);
    const answer = 'status' in found ? found : await this.#proxy(found, incoming, trace);
    const finished = this.#finish(await this.#withErrorPage(answer, incoming, trace), incoming, trace);
    this.#log(finished, incoming, trace);
    return finished;
  }

  /** Passes a connection on whose client asks for another protocol, as WebSockets do. */
  async tunnel(request: ServedRequest, connection: ByteStream, entrance: Entrance): Promise<void> {
    const incoming = this.#incoming(request, entrance);
    const trace = this.#newTrace();
    const found = await this.#find(incoming, trace);
    const dialled = 'status' in found ? found : await this.#dial(found, incoming, trace);
    if ('status' in dialled) {
      const finished = this.#finish(dialled, incoming, trace);
      this.#log(finished, incoming, trace);
      return connection.output(responseText(finished, { keepAlive: false, isHead: false }));
    }
    const { location, uri } = found as Destination;
    const headers = { ...this.#headersFor(location, incoming), connection: 'upgrade', upgrade: incoming.headers.upgrade ?? '' };
    const head = requestText({ method: incoming.method, path: uri, headers });
    await dialled.stream({ ...connection, input: after(head, connection.input) });
    this.#log({ status: 101, headers: {}, body: '' }, incoming, trace);
  }

  #incoming(request: ServedRequest, entrance: Entrance): Incoming {
    return readIncoming(request, entrance, this.#state.settings, this.#context.random);
  }

  #newTrace(): Trace {
    return { startedMs: this.#context.clock.monotonic(), upstream: '-', alternative: '', isLogged: true, attempts: [] };
  }

  /** Where a request goes, or what it is answered before it goes anywhere. */
  async #find(incoming: Incoming, trace: Trace): Promise<Destination | HttpResponse> {
    const { configuration, settings, healthPath } = this.#state;
    const server = serverFor(configuration, incoming.host);
    if (!server || incoming.path === undefined) return page(400);
    if (server.hostname === DEFAULT_SERVER && incoming.path.startsWith(healthPath)) {
      trace.isLogged = false;
      return page(200, { 'content-type': 'text/html' });
    }
    const early = this.#toOtherName(server, incoming) ?? appRoot(server, incoming);
    if (early) return early;
    const location = this.#matcherOf(server).match(incoming.path);
    if (!location) return page(404);
    trace.location = location;
    trace.upstream = location.backend;
    const annotations = location.owner?.annotations;
    trace.isLogged = annotations?.accessLog ?? settings.logsDefaultBackend;
    if (annotations?.denied !== undefined) return page(503);
    const hasCertificate = () => this.#hasCertificate(incoming.host);
    const stopped =
      (annotations && (tooLarge(annotations, incoming) ?? preflight(annotations, incoming) ?? elsewhere(annotations))) ??
      toTls(location, incoming, settings, hasCertificate);
    return stopped ?? (await this.#enter(location, incoming, trace));
  }

  /** `from-to-www-redirect`: to the name with `www.`, or without it, that an Ingress has. */
  #toOtherName(server: Server, { host, accessScheme, uri }: Incoming): HttpResponse | undefined {
    if (server.hostname !== DEFAULT_SERVER) return undefined;
    const { configuration, settings } = this.#state;
    const other = host.startsWith('www.') ? host.slice(4) : `www.${host}`;
    const isWanted = configuration.servers.get(other)?.locations.some(({ owner }) => owner?.annotations.redirect?.fromToWww);
    return isWanted ? redirectTo(settings.redirectCode, `${accessScheme}://${other}${uri}`) : undefined;
  }

  #matcherOf(server: Server): LocationMatcher {
    let matcher = this.#matchers.get(server);
    if (!matcher) {
      matcher = new LocationMatcher(server);
      this.#matchers.set(server, matcher);
    }
    return matcher;
  }

  /** Whether an Ingress gives a host a certificate, itself or by a wildcard. */
  #hasCertificate(host: string): boolean {
    const { servers } = this.#state.configuration;
    return [host, host.replace(/^[^.]+\./, '*.')].some((name) => servers.get(name)?.certificate !== undefined);
  }

  async #enter(location: Location, incoming: Incoming, trace: Trace): Promise<Destination | HttpResponse> {
    const { configuration, settings } = this.#state;
    const upstream = this.#upstreamFor(configuration.upstreams.get(location.backend), location, incoming, trace);
    const isLocal = location.backend === DEFAULT_UPSTREAM;
    if (!upstream || (upstream.endpoints.length === 0 && !isLocal)) return page(503);
    const annotations = location.owner?.annotations;
    const now = this.#context.clock.monotonic();
    const refused =
      annotations &&
      (tooOften(annotations, incoming, { limits: this.#limits, now, settings }) ??
        notLetIn(annotations, incoming, location, settings) ??
        (await externallyRefused(this.#context, annotations.externalAuth, incoming)));
    if (refused) return refused;
    const target = rewritten(location, incoming);
    return 'redirect' in target ? redirectTo(302, target.redirect) : { location, upstream, uri: target.uri };
  }

  /** The upstream of a location, or its canary. */
  #upstreamFor(primary: Upstream | undefined, location: Location, incoming: Incoming, trace: Trace): Upstream | undefined {
    const [name] = primary?.alternatives ?? [];
    const canary = name === undefined ? undefined : this.#state.configuration.upstreams.get(name);
    if (!canary || canary.endpoints.length === 0 || !this.#balancer.goesToCanary(canary, balanced(incoming, location))) return primary;
    trace.alternative = canary.name;
    return canary;
  }

  #headersFor(location: Location, incoming: Incoming): Record<string, string> {
    const { settings, setHeaders } = this.#state;
    const annotations = location.owner?.annotations;
    const isRewritten = annotations !== undefined && annotations.rewriteTarget !== '' && annotations.rewriteTarget !== location.ingressPath;
    return forwardedHeaders(incoming, settings, {
      vhost: annotations?.upstreamVhost ?? '',
      prefix: isRewritten ? annotations.forwardedPrefix : '',
      isAuthenticated: annotations?.basicAuth !== undefined,
      extra: { ...setHeaders, ...(location.backend.startsWith('custom-default-backend-') ? errorHeaders(503, location, incoming) : {}) },
    });
  }

  async #proxy(destination: Destination, incoming: Incoming, trace: Trace): Promise<HttpResponse> {
    const { location, upstream, uri } = destination;
    if (upstream.endpoints.length === 0) return this.#defaultPage(trace);
    const headers = this.#headersFor(location, incoming);
    const protocol = location.owner?.annotations.backendProtocol ?? 'HTTP';
    const tls = protocol === 'HTTPS' || protocol === 'GRPCS' || (protocol === 'AUTO_HTTP' && incoming.isSecure);
    const body = incoming.body === '' ? undefined : incoming.body;
    const answer = await this.#try(destination, incoming, trace, (dialled, signal) =>
      dialled.http({ method: incoming.method, path: uri, headers, body, tls, signal }, headers.host),
    );
    return fromBackend(answer, this.#state.settings);
  }

  /** The server that answers where there is no default backend. */
  #defaultPage(trace: Trace): HttpResponse {
    const answer = page(404);
    trace.attempts.push({ address: `${LOCALHOST}:${this.#state.defaultPort}`, status: 404, bytes: answer.body.length, ms: 0 });
    return answer;
  }

  async #dial(destination: Destination, incoming: Incoming, trace: Trace): Promise<Dialled | HttpResponse> {
    let dialled: Dialled | undefined;
    const answer = await this.#try(destination, incoming, trace, (found) => {
      dialled = found;
      return Promise.resolve({ status: 101, headers: {}, body: '' });
    });
    return dialled ?? answer;
  }

  /** Asks one endpoint after another, until one answers or there were enough. */
  async #try(
    { location, upstream }: Destination,
    incoming: Incoming,
    trace: Trace,
    ask: (dialled: Dialled, signal: AbortSignal) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const { clock } = this.#context;
    const failed: Endpoint[] = [];
    const tries = location.owner?.annotations.nextUpstreamTries ?? this.#state.settings.nextUpstreamTries;
    let answer = page(502);
    do {
      const pick = this.#balancer.pick(upstream, balanced(incoming, location), failed);
      if (!pick) break;
      const startedMs = clock.monotonic();
      const outcome = await this.#ask(pick, location, incoming, ask);
      answer = typeof outcome === 'number' ? page(outcome) : outcome;
      const address = hostPort(pick.endpoint.address, pick.endpoint.port);
      trace.attempts.push({
        address,
        status: answer.status,
        bytes: typeof outcome === 'number' ? 0 : answer.body.length,
        ms: clock.monotonic() - startedMs,
      });
      trace.cookie = pick.cookie ?? trace.cookie;
      if (typeof outcome !== 'number') return answer;
      failed.push(pick.endpoint);
    } while (
      failed.length < (tries === 0 ? upstream.endpoints.length : Math.min(tries, upstream.endpoints.length)) &&
      isRepeatable(incoming)
    );
    return answer;
  }

  /** One try; a number is the status for a backend that does not answer. */
  async #ask(
    { endpoint: { address, port } }: Pick,
    location: Location,
    incoming: Incoming,
    ask: (dialled: Dialled, signal: AbortSignal) => Promise<HttpResponse>,
  ): Promise<HttpResponse | number> {
    const { clock, network } = this.#context;
    const { proxyConnectTimeout, proxyReadTimeout } = this.#state.settings;
    const { connectTimeout = proxyConnectTimeout, readTimeout = proxyReadTimeout } = location.owner?.annotations ?? {};
    const end = new AbortController();
    const late = clock.sleep(readTimeout * 1000, end.signal).then(
      () => 504,
      () => 504,
    );
    try {
      const dialled = await network.dial(address, port);
      const signal = incoming.signal ? AbortSignal.any([incoming.signal, end.signal]) : end.signal;
      return await Promise.race([ask(dialled, signal), late]);
    } catch (error) {
      if (!(error instanceof ConnectError) && !(error instanceof BadAnswer)) throw error;
      this.#tellError(error, incoming, hostPort(address, port));
      if (!(error instanceof ConnectError) || error.failure !== 'timeout') return 502;
      await clock.sleep(connectTimeout * 1000, incoming.signal).catch(() => undefined);
      return 504;
    } finally {
      end.abort();
    }
  }

  /** As nginx's error log, which goes to standard error, has it. */
  #tellError(error: Error, { remote, method, uri, host, httpHost }: Incoming, upstream: string): void {
    const stamp = new Date(this.#context.clock.now()).toISOString().slice(0, 19).replace('T', ' ').replaceAll('-', '/');
    const isRefused = error instanceof ConnectError && error.failure === 'refused';
    const what = isRefused
      ? 'connect() failed (111: Connection refused) while connecting to upstream'
      : error instanceof ConnectError
        ? 'upstream timed out (110: Operation timed out) while connecting to upstream'
        : 'upstream prematurely closed connection while reading response header from upstream';
    this.#context.output(
      'stderr',
      `${stamp} [error] 31#31: *1 ${what}, client: ${remote}, server: ${host}, request: "${method} ${uri} HTTP/1.1", upstream: "http://${upstream}${uri}", host: "${httpHost}"\n`,
    );
  }

  /** Errors that a backend of their own answers: those that the Ingress names, else those of the ConfigMap. */
  async #withErrorPage(answer: HttpResponse, incoming: Incoming, trace: Trace): Promise<HttpResponse> {
    const { configuration, settings } = this.#state;
    const { location } = trace;
    const own = location?.owner?.annotations.customHttpErrors ?? [];
    const codes = own.length > 0 ? own : settings.customHttpErrors;
    if (!codes.includes(answer.status)) return answer;
    const upstream = configuration.upstreams.get((own.length > 0 && location?.errorBackend) || DEFAULT_UPSTREAM);
    if (!upstream || upstream.endpoints.length === 0 || !location) return this.#defaultPage(trace);
    const headers = {
      ...this.#headersFor(location, incoming),
      host: incoming.bestHost,
      ...errorHeaders(answer.status, location, incoming),
      'x-original-uri': incoming.uri,
    };
    const destination = { location: { ...location, owner: undefined }, upstream, uri: '/' };
    const shown = await this.#try(destination, incoming, trace, (dialled, signal) =>
      dialled.http({ method: incoming.method, path: '/', headers, signal }, incoming.bestHost),
    );
    return fromBackend(shown, settings);
  }

  /** What all answers have. */
  #finish(answer: HttpResponse, incoming: Incoming, { location, cookie }: Trace): HttpResponse {
    const { settings, addHeaders } = this.#state;
    const own = answer.headers['set-cookie'];
    const headers: Record<string, string> = {
      date: new Date(this.#context.clock.now()).toUTCString(),
      ...answer.headers,
      ...(cookie === undefined ? {} : { 'set-cookie': own === undefined ? cookie : `${own}\n${cookie}` }),
      ...corsHeaders(location?.owner?.annotations.cors, incoming.headers.origin),
      ...(settings.hsts !== undefined && incoming.isSecure ? { 'strict-transport-security': settings.hsts } : {}),
      ...addHeaders,
      ...(settings.showsServerTokens ? { server: 'nginx' } : {}),
    };
    return { ...answer, headers };
  }

  #log(answer: HttpResponse, incoming: Incoming, trace: Trace): void {
    const { settings } = this.#state;
    const seconds = (this.#context.clock.monotonic() - trace.startedMs) / 1000;
    const length = requestText({ method: incoming.method, path: incoming.uri, headers: incoming.headers, body: incoming.body }).length;
    this.#metrics.count({ incoming, status: answer.status, location: trace.location, seconds, bytes: answer.body.length, length });
    const isSkipped = settings.skipAccessLogUrls.includes(incoming.uri);
    if (!trace.isLogged || settings.disablesAccessLog || isSkipped) return;
    const bodyBytes = incoming.method === 'HEAD' ? 0 : answer.body.length;
    const own = { seconds, length, bodyBytes, time: localTime(this.#context.clock.now()) };
    this.#context.output('stdout', accessLine(settings, logVariables(answer, incoming, trace, own)));
  }
}

/** What a format may name. */
function logVariables(
  answer: HttpResponse,
  incoming: Incoming,
  { location, upstream, alternative, attempts }: Trace,
  own: { readonly seconds: number; readonly length: number; readonly bodyBytes: number; readonly time: string },
): Readonly<Record<string, string | undefined>> {
  const { headers, method, uri } = incoming;
  const each = (say: (attempt: Attempt) => string) => attempts.map(say).join(', ');
  const [, encoded = ''] = /^basic\s+(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const ofHeaders = Object.entries(headers).map(([name, value]) => [`http_${name.replaceAll('-', '_')}`, value]);
  return {
    ...Object.fromEntries(ofHeaders),
    remote_addr: incoming.remote,
    remote_user: Buffer.from(encoded, 'base64').toString().split(':')[0],
    time_local: own.time,
    request: `${method} ${uri} HTTP/1.1`,
    request_method: method,
    request_uri: uri,
    uri: incoming.path,
    args: incoming.query,
    host: incoming.host,
    scheme: incoming.isSecure ? 'https' : 'http',
    server_protocol: 'HTTP/1.1',
    status: String(answer.status),
    body_bytes_sent: String(own.bodyBytes),
    bytes_sent: String(responseText(answer, { keepAlive: true, isHead: method === 'HEAD' }).length),
    request_length: String(own.length),
    request_time: own.seconds.toFixed(3),
    proxy_upstream_name: upstream,
    proxy_alternative_upstream_name: alternative,
    upstream_addr: each(({ address }) => address),
    upstream_response_length: each(({ bytes }) => String(bytes)),
    upstream_response_time: each(({ ms }) => (ms / 1000).toFixed(3)),
    upstream_status: each(({ status }) => String(status)),
    req_id: incoming.id,
    request_id: incoming.id,
    namespace: location?.owner?.ingress.metadata.namespace,
    ingress_name: location?.owner?.ingress.metadata.name,
    service_name: location?.service,
    service_port: location?.servicePort,
  };
}

const balanced = ({ headers, cookies, host, isSecure }: Incoming, { ingressPath }: Location) => ({
  headers,
  cookies,
  host,
  isSecure,
  locationPath: ingressPath,
});

/** What may have reached a backend is not sent to another, unless that changes nothing. */
const isRepeatable = ({ method }: Incoming): boolean => method !== 'POST' && method !== 'PATCH' && method !== 'LOCK';

/** What a backend is told that answers for another. */
const errorHeaders = (code: number, { owner, service, servicePort }: Location, incoming: Incoming): Record<string, string> => ({
  'x-code': String(code),
  'x-format': incoming.headers.accept ?? '',
  'x-namespace': owner?.ingress.metadata.namespace ?? '',
  'x-ingress-name': owner?.ingress.metadata.name ?? '',
  'x-service-name': service,
  'x-service-port': servicePort,
  'x-request-id': incoming.id,
});

/** Headers of a backend that nginx keeps to itself. */
const HIDDEN: ReadonlySet<string> = new Set(['connection', 'content-length', 'date', 'keep-alive', 'server', 'transfer-encoding', 'x-pad']);

function fromBackend({ status, reason, headers, body }: HttpResponse, { hideHeaders }: Settings): HttpResponse {
  const passed = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const kept = passed.filter(([name]) => !HIDDEN.has(name) && !name.startsWith('x-accel-') && !hideHeaders.includes(name));
  return { status, reason, body, headers: Object.fromEntries(kept) };
}

async function* after(head: string, input: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* input;
}
