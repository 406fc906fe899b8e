import { AssertionError } from 'node:assert';
import { TLSSocket } from 'node:tls';
import { apiError } from '../../api/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import { ANONYMOUS_USER, UNAUTHENTICATED_GROUP } from '../auth/authenticator.ts';
import type { Authenticator, Authorizer, UserInfo } from '../auth/types.ts';
import type { HttpRequest, HttpResponse, Upgrade } from '../http/messages.ts';
import { LateRequest } from '../registry/late-request.ts';
import { asApiError } from '../registry/store-errors.ts';
import { SCOPE, type Span } from '../tracing/span.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { authorizeRequest, EvaluationError } from './authorization.ts';
import { bodyOf } from './body.ts';
import { type BrowserRules, tellBrowser } from './browser-rules.ts';
import { Deadlines, isGivenUpFirst, sendGivenUp } from './deadlines.ts';
import { type Auditor, Exchange } from './exchange.ts';
import { type FlowController, isLongRunning } from './flow-control.ts';
import { ImpersonationError, impersonate } from './impersonation.ts';
import { NotRoutedError } from './not-routed.ts';
import { RequestInfoError, requestInfo } from './request-info.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { headersFor, NO_SNIFF, type StatusEncoder, sendError, sendNotice, TEXT_TYPE } from './respond.ts';

export interface PipelineOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Absent when nothing is audited. */
  readonly auditor?: Auditor | undefined;
  readonly flowControl: FlowController;
  readonly metrics: RequestMetrics;
  readonly encodeStatus: StatusEncoder;
  /** Absent when nothing is traced. */
  readonly tracer?: Pick<Tracer, 'begin'> | undefined;
  readonly requestTimeoutMs: number;
  /** Absent when browsers are told nothing. */
  readonly browsers?: BrowserRules | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Answers what has passed. */
  dispatch(exchange: Exchange): Promise<void> | void;
}

/**
 * The way of a request, in upstream's order:
 *
 *     request info → browsers → guard → authentication → audit → impersonation → flow control → authorization → dispatch
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #deadlines: Deadlines;
  #isDraining = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const onAborted = (exchange: Exchange) => options.metrics.aborted(exchange);
    this.#deadlines = new Deadlines({ clock: options.clock, timeoutMs: options.requestTimeoutMs, onAborted });
  }

  /** Answers from now on say that their connections close. */
  close(): void {
    this.#deadlines.close();
  }

  /** Requests are answered 429 from now on. Resolves when those under way are done, or after a while. Upstream: apiserver/pkg/server/filters/with_retry_after.go. */
  async drain(msMax: number): Promise<void> {
    this.#isDraining = true;
    const { clock } = this.#options;
    const late = new AbortController();
    await Promise.race([this.#deadlines.idle(), clock.sleep(msMax, late.signal)]).finally(() => late.abort());
  }

  stop(): void {
    this.#deadlines.stop();
  }

  /** Serves a request. Never throws: what goes wrong is answered. */
  async handle(request: HttpRequest, response: HttpResponse, upgrade?: Upgrade): Promise<void> {
    const { metrics, clock, browsers } = this.#options;
    const startedAt = clock.monotonic();
    const exchange = this.#open(request, response, upgrade);
    if (!exchange) return;
    if (this.#isDraining && !isServedToTheEnd(exchange)) {
      sendGoneSoon(exchange);
      return;
    }
    if (browsers && tellBrowser(browsers, request, response)) {
      response.writeHead(204, headersFor(exchange, '').slice(0, 4));
      response.end();
      return;
    }
    const long = isLongRunning(exchange.info);
    try {
      if (!long) this.#deadlines.begin(exchange);
      await this.#pass(exchange, long, startedAt);
    } catch (error) {
      this.#answerError(exchange, error);
    } finally {
      if (!long) this.#deadlines.end(exchange);
      const tookMs = clock.monotonic() - startedAt;
      metrics.observe(exchange, response.statusCode, tookMs);
      if (exchange.span) endSpans(exchange, exchange.span, long);
      if (this.#options.logger.isLevelEnabled('trace')) this.#tell(exchange, tookMs);
    }
  }

  /** Upstream: apiserver/pkg/server/httplog. */
  #tell({ request, response, info, auditId: auditID, user }: Exchange, tookMs: number): void {
    const { url: uri, headers } = request;
    const { statusCode: code } = response;
    this.#options.logger.trace(
      { verb: info.verb, uri, code, tookMs, user: user.name, agent: headers['user-agent'], auditID },
      'request served',
    );
  }

  #open(request: HttpRequest, response: HttpResponse, upgrade: Upgrade | undefined): Exchange | undefined {
    const { clock, random } = this.#options;
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    if (BROKEN_ESCAPE.test(path)) {
      response.writeHead(400, { 'Content-Type': TEXT_TYPE, Connection: 'close' });
      response.end('400 Bad Request');
      return undefined;
    }
    const query = mark < 0 ? undefined : new URLSearchParams(readableQuery(url.slice(mark + 1)));
    const given = request.headers['audit-id'];
    const auditId = typeof given === 'string' && given !== '' ? given : random.uuid();
    try {
      const info = requestInfo(request.method ?? 'GET', path, query);
      return new Exchange({ request, response, info, query, auditId, upgrade, now: clock.now() });
    } catch (error) {
      if (!(error instanceof RequestInfoError)) throw error;
      response.writeHead(500, { 'Audit-Id': auditId, 'Content-Type': TEXT_TYPE, ...NO_SNIFF });
      response.end(`Internal Server Error: ${JSON.stringify(url)}: failed to create RequestInfo: ${error.message}\n`);
      return undefined;
    }
  }

  async #pass(exchange: Exchange, long: boolean, startedAt: number): Promise<void> {
    const { authorizer, auditor, flowControl, metrics, clock, tracer } = this.#options;
    const user = this.#authenticate(exchange);
    exchange.user = user instanceof Promise ? await user : user;
    const { filters } = metrics;
    const knownAt = clock.monotonic();
    if (tracer) exchange.span = tracer.begin(exchange, startedAt);
    enterFilter(exchange, 'audit');
    if (auditor) exchange.audit = auditor.begin(exchange);
    const auditedAt = auditor ? clock.monotonic() : knownAt;
    filters.audit.observe((auditedAt - knownAt) / 1000);
    enterFilter(exchange, 'impersonation');
    const impersonated = impersonate(authorizer, exchange);
    if (impersonated instanceof Promise) await impersonated;
    const queuedAt = clock.monotonic();
    filters.impersonation.observe((queuedAt - auditedAt) / 1000);
    enterFilter(exchange, 'priorityandfairness');
    const entered = flowControl.enter(exchange, long);
    const seat = entered instanceof Promise ? await entered : entered;
    if (!('leave' in seat)) {
      exchange.response.setHeader('Retry-After', seat.retryAfterSeconds);
      sendNotice(exchange, 429, 'Too many requests, please try again later.\n');
      return;
    }
    try {
      const askedAt = clock.monotonic();
      filters.priorityandfairness.observe((askedAt - queuedAt) / 1000);
      enterFilter(exchange, 'authorization');
      const authorized = authorizeRequest(authorizer, exchange, (result) => metrics.authorized(result, clock.monotonic() - askedAt));
      if (authorized instanceof Promise) await authorized;
      if (long && !exchange.response.destroyed) metrics.begin(exchange);
      const pending = this.#options.dispatch(exchange);
      if (pending instanceof Promise) await pending;
    } finally {
      seat.leave();
    }
  }

  /** @throws ApiError (401) */
  #authenticate(exchange: Exchange): UserInfo | Promise<UserInfo> {
    const { authenticator, auditor, clock, metrics } = this.#options;
    const askedAt = clock.monotonic();
    const refuse = (error: unknown): never => {
      metrics.authenticated(hasCredentials(exchange) ? 'error' : 'failure', clock.monotonic() - askedAt);
      endConnection(exchange);
      auditor?.refused(exchange);
      throw error;
    };
    const known = (user: UserInfo | undefined): UserInfo => {
      const found = user ?? refuse(apiError.unauthorized());
      metrics.authenticated('success', clock.monotonic() - askedAt, found.name);
      if (isAnonymous(found)) endConnection(exchange);
      return found;
    };
    let found: ReturnType<Authenticator['authenticate']>;
    try {
      found = authenticator.authenticate(exchange.request, (text) => exchange.warn(text));
    } catch (error) {
      return refuse(error);
    }
    return found instanceof Promise ? found.then(known, refuse) : known(found);
  }

  #answerError(exchange: Exchange, error: unknown): void {
    if (error instanceof ImpersonationError || error instanceof EvaluationError) {
      sendNotice(exchange, 500, error.message);
      return;
    }
    if (isMistake(error)) {
      const { verb, path } = exchange.info;
      this.#options.logger.error({ err: error, verb, path, auditID: exchange.auditId }, 'request met a mistake');
      exchange.audit?.panicked(error.message);
      sendNotice(exchange, 500, PANIC);
      return;
    }
    if (error instanceof NotRoutedError) exchange.served = undefined;
    const status = asApiError(error);
    if (status.code >= 500 && status.cause !== undefined) {
      const { verb, path } = exchange.info;
      this.#options.logger.error({ err: status.cause, verb, path, auditID: exchange.auditId }, 'request failed');
    }
    const { request, response } = exchange;
    if (request.hasBody && !request.complete) request.abandon(response, this.#options.clock);
    if (error instanceof LateRequest && isGivenUpFirst(exchange)) sendGivenUp(exchange);
    else sendError(exchange, status, this.#options.encodeStatus);
  }
}

/** Filters call each other: each is told with all that comes behind it. Upstream: apiserver, `pkg/endpoints/filterlatency`. */
function enterFilter(exchange: Exchange, name: string): void {
  if (exchange.span) exchange.span = exchange.span.child(name, {}, SCOPE.filters);
}

/** What is being done ends with the answer, the innermost first. */
function endSpans({ request, response, answeredBytes }: Exchange, innermost: Span, long: boolean): void {
  const end = () => {
    const { statusCode } = response;
    for (let span: Span | undefined = innermost; span; span = span.parent) {
      if (!span.parent) {
        const [read, written] = [bodyOf(request)?.length ?? 0, answeredBytes];
        span.set({
          ...(read > 0 ? { 'http.request_content_length': read } : {}),
          ...(written > 0 ? { 'http.response_content_length': written } : {}),
          'http.status_code': statusCode,
        });
        span.isFailed = statusCode >= 500;
      }
      span.end();
    }
  };
  if (long && !response.destroyed && !response.writableFinished) response.once('close', end);
  else end();
}

/** In a path; Go's server answers such a request before anybody looks at it. */
const BROKEN_ESCAPE = /%(?![\da-fA-F]{2})/;

/** What of a query can be read: Go's `url.ParseQuery` leaves out what has a broken escape or a semicolon. */
const readableQuery = (query: string): string =>
  query.includes(';') || BROKEN_ESCAPE.test(query)
    ? query
        .split('&')
        .filter((pair) => !pair.includes(';') && !BROKEN_ESCAPE.test(pair))
        .join('&')
    : query;

const hasCredentials = ({ request: { headers, socket } }: Exchange): boolean =>
  headers.authorization !== undefined || (socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined);

const isAnonymous = ({ name, groups }: UserInfo): boolean => name === ANONYMOUS_USER || groups.includes(UNAUTHENTICATED_GROUP);

/**
 * Who is not known has one request on a connection of HTTP/2, so that nobody makes and gives up requests there without end. Upstream: the gate
 * UnauthenticatedHTTP2DOSMitigation (apiserver, `pkg/endpoints/filters/authentication.go`).
 */
function endConnection({ response }: Exchange): void {
  if (response.isMultiplexed === true) response.shouldKeepAlive = false;
}

/** Probes and metrics are answered while the server stops. */
const isServedToTheEnd = ({ info }: Exchange): boolean =>
  ['/readyz', '/livez', '/healthz', '/metrics'].some((path) => info.path.startsWith(path));

function sendGoneSoon(exchange: Exchange): void {
  exchange.response.shouldKeepAlive = false;
  exchange.response.setHeader('Retry-After', '5');
  sendNotice(exchange, 429, 'The apiserver is shutting down, please try again later.\n');
}

/** What is answered when it is our own mistake. Upstream: apiserver/pkg/server/filters/wrap.go. */
const PANIC = 'This request caused apiserver to panic. Look in the logs for details.\n';

/** An error that no request should be able to cause; those of Node's own that have a code are about something outside. */
const isMistake = (error: unknown): error is Error =>
  error instanceof AssertionError ||
  ((error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) && !('code' in error));
