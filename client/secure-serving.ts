// Health and metrics over HTTPS, for whom the API server knows and allows. Upstream: `apiserver/pkg/server/options` with
// `DelegatingAuthenticationOptions` and `DelegatingAuthorizationOptions`, as the scheduler and the controller manager have them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { hostname } from 'node:os';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { authenticationKinds, authorizationKinds, goEscaped, goJson, type SubjectAccessReview, type TokenReview } from '../api/index.ts';
import {
  type CertificateFiles,
  type ClientCertificates,
  type Clock,
  createClientCertificates,
  createRequestHeaders,
  forPages,
  generateKey,
  type Health,
  isForPeople,
  issueCertificate,
  keyToPem,
  type Logger,
  type Metrics,
  type NamedCertificate,
  namedCertificates,
  namedContexts,
  type RequestHeaders,
  type RequestUser,
  type Service,
  serveWith,
  type TlsLimits,
  tlsLimits,
  trusting,
  UserError,
} from '../runtime/index.ts';
import { errorFields } from './errors.ts';
import { readText } from './read-text.ts';
import { RequestTrust, type Trust } from './request-trust.ts';
import type { ServingOptionValues } from './serving-options.ts';
import type { ApiClient } from './types.ts';

/** A certificate that is made for lack of another one is good for a year. */
const VALIDITY_MS = 365 * 24 * 3_600_000;
const CLOCK_SKEW_MS = 3_600_000;
const ANONYMOUS: RequestUser = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';
/** Whose members may do everything, and of whom nobody is asked. */
const MASTERS = 'system:masters';

/** What is served, and what it takes to know who asks. */
export interface ServingParts {
  readonly service: Service;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A service with its health and metrics served beside it; its URL is theirs.
 *
 * @throws OptionError for TLS that is not spoken here; UserError, from `start` too, when the port cannot be had, or a file cannot be read.
 */
export function withServing(values: ServingOptionValues, parts: ServingParts): Service {
  return values['secure-port'] === 0 ? parts.service : new SecureServing(values, parts);
}

interface Identity {
  readonly cert: string;
  readonly key: string;
}

class SecureServing implements Service {
  readonly #values: ServingOptionValues;
  readonly #parts: ServingParts;
  readonly #limits: TlsLimits;
  readonly #named: readonly NamedCertificate[];
  readonly #certificates: ClientCertificates;
  readonly #end = new AbortController();
  #server: Server | undefined;
  #trusting: Promise<void> | undefined;
  #trust: Trust = { clientCa: undefined, proxies: undefined };
  #proxies: RequestHeaders | undefined;

  constructor(values: ServingOptionValues, parts: ServingParts) {
    this.#values = values;
    this.#parts = parts;
    this.#limits = tlsLimits(values['tls-min-version'], values['tls-cipher-suites']);
    this.#named = values['tls-sni-cert-key'].length === 0 ? [] : namedCertificates(values['tls-sni-cert-key']).map(readNamed);
    this.#certificates = createClientCertificates(parts.clock, () => this.#trust.clientCa ?? '');
  }

  get url(): string | undefined {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) return undefined;
    return `https://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }

  async start(): Promise<void> {
    const identity = this.#identity();
    let contextOf = this.#contexts(identity);
    const options = {
      ...(this.#named.length > 0 ? { SNICallback: contextFor } : {}),
      requestCert: true,
      rejectUnauthorized: false,
    };
    function contextFor(name: string, done: (error: null, context?: SecureContext) => void): void {
      done(null, contextOf(name));
    }
    const server = createServer(options, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#parts.logger.warn(errorFields(error), 'a request for health or metrics failed');
        send(response, { status: 500, body: 'internal server error\n' });
      });
    });
    const { client, clock, logger } = this.#parts;
    const onTrust = (trust: Trust) => {
      this.#trust = trust;
      this.#proxies = trust.proxies && createRequestHeaders(trust.proxies, clock);
      serveWith(server, this.#contextOptions(identity));
      contextOf = this.#contexts(identity);
    };
    const { ended } = await new RequestTrust(this.#values, { client, clock, logger, onTrust }).start(this.#end.signal);
    this.#trusting = ended;
    await this.#listen(server);
    this.#server = server;
    await this.#parts.service.start();
  }

  #contextOptions({ cert, key }: Identity): SecureContextOptions {
    const { clientCa, proxies } = this.#trust;
    const ca = [clientCa ?? '', proxies?.ca ?? ''].filter((bundle) => bundle !== '').join('\n');
    return { ...this.#limits, cert, key, ...trusting(ca) };
  }

  #contexts(identity: Identity): (name: string) => SecureContext | undefined {
    return namedContexts(this.#named, identity.cert, (certificate) => this.#contextOptions(certificate));
  }

  async stop(): Promise<void> {
    await this.#parts.service.stop();
    this.#end.abort();
    await this.#trusting;
    const server = this.#server;
    if (!server?.listening) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #listen(server: Server): Promise<void> {
    const { 'secure-port': port, 'secure-port-fallback': fallback, 'bind-address': host } = this.#values;
    const wanted = await listen(server, port, host);
    const outcome = wanted === 'EADDRINUSE' && fallback ? await listen(server, 0, host) : wanted;
    if (outcome === undefined) return;
    const why = outcome === 'EADDRINUSE' ? 'the port is in use; choose another with --secure-port, or 0 for none' : outcome;
    throw new UserError(`cannot serve health and metrics on ${host}:${port}: ${why}`);
  }

  #identity(): Identity {
    const { 'tls-cert-file': certFile, 'tls-private-key-file': keyFile } = this.#values;
    if (certFile === undefined && keyFile === undefined) return this.#ownIdentity();
    if (certFile === undefined || keyFile === undefined) {
      throw new UserError('options --tls-cert-file and --tls-private-key-file go together: give both, or none');
    }
    return { cert: readText('tls-cert-file', certFile), key: readText('tls-private-key-file', keyFile) };
  }

  #ownIdentity(): Identity {
    const key = generateKey();
    const now = this.#parts.clock.now();
    const cert = issueCertificate({
      subject: { commonName: `localhost@${Math.floor(now / 1000)}` },
      key,
      use: 'server',
      hosts: ['localhost', hostname(), '127.0.0.1'],
      notBeforeMs: now - CLOCK_SKEW_MS,
      notAfterMs: now + VALIDITY_MS,
    });
    return { cert, key: keyToPem(key) };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const path = url.split('?')[0] ?? '/';
    const refusal = await this.#refusal(request, decoded(path));
    if (refusal) {
      send(
        response,
        answerOf(refusal, isForPeople(new URLSearchParams(url.split('?')[1]).get('pretty') ?? '', request.headers['user-agent'])),
      );
      return;
    }
    const { metrics, health } = this.#parts;
    const body = await metrics.textAt(path);
    if (body !== undefined) send(response, { status: 200, body, type: metrics.contentType });
    else send(response, (await health.answer(request.method ?? 'GET', url)) ?? { status: 404, body: '404 page not found\n' });
  }

  async #refusal(request: IncomingMessage, path: string): Promise<Refusal | undefined> {
    if (this.#values['authorization-always-allow-paths'].some((pattern) => matches(pattern, path))) return undefined;
    const user = await this.#userOf(request);
    if (!user) return { message: 'Unauthorized', reason: 'Unauthorized', code: 401 };
    const verb = (request.method ?? 'GET').toLowerCase();
    if (await this.#isAllowed(user, path, verb)) return undefined;
    const message = `forbidden: ${forPages(`User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}`)}`;
    return { message, reason: 'Forbidden', details: {}, code: 403 };
  }

  /** Undefined for a credential that is not good; nobody in particular without any. Upstream: `authenticatorfactory/delegating.go`. */
  async #userOf(request: IncomingMessage): Promise<RequestUser | undefined> {
    const proxied = this.#proxies?.identify(request);
    if (proxied) return authenticated(proxied);
    const certified = this.#trust.clientCa === undefined ? 'none' : this.#certificates.identify(request);
    if (typeof certified !== 'string') return authenticated(certified);
    const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) return certified === 'none' ? ANONYMOUS : undefined;
    const reviews = this.#parts.client.resource<TokenReview>(authenticationKinds.tokenreviews);
    const { user, authenticated: isKnown } = (await reviews.create({ metadata: {}, spec: { token }, status: {} })).status;
    if (!isKnown || !user?.username) return undefined;
    return authenticated({ name: user.username, uid: user.uid, groups: user.groups ?? [], extra: user.extra });
  }

  async #isAllowed({ name, uid, groups, extra = {} }: RequestUser, path: string, verb: string): Promise<boolean> {
    if (groups.includes(MASTERS)) return true;
    const review = await this.#parts.client.resource<SubjectAccessReview>(authorizationKinds.subjectaccessreviews).create({
      metadata: {},
      spec: {
        user: name,
        uid,
        groups: [...groups],
        extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
        nonResourceAttributes: { path, verb },
      },
      status: { allowed: false },
    });
    return review.status.allowed;
  }
}

/** Who is known is one of those who are. */
const authenticated = (user: RequestUser): RequestUser =>
  user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };

const readNamed = ({ cert, key, names }: CertificateFiles): NamedCertificate => ({
  cert: readText('tls-sni-cert-key', cert),
  key: readText('tls-sni-cert-key', key),
  names,
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string | undefined;
}

/** Why a request is not answered, in the order in which a Status says it. */
interface Refusal {
  readonly message: string;
  readonly reason: string;
  readonly details?: object;
  readonly code: number;
}

function answerOf(refusal: Refusal, isReadable: boolean): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...refusal };
  const text = isReadable ? goEscaped(JSON.stringify(body, null, 2)) : `${goJson(body)}\n`;
  return { status: refusal.code, body: text, type: 'application/json' };
}

/** A path as it is authorized; one with broken escapes as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function send(response: ServerResponse, { status: code, body, type = 'text/plain; charset=utf-8' }: Answer): void {
  response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache, private' });
  response.end(body);
}

const matches = (pattern: string, path: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

/** @returns the code of what went wrong. */
function listen(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve(undefined);
    });
  });
}
