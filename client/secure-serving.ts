// Health and metrics over HTTPS, for whom the API server knows and allows. Upstream: `apiserver/pkg/server/options` with
// `DelegatingAuthenticationOptions` and `DelegatingAuthorizationOptions`, as the scheduler and the controller manager have them.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { hostname } from 'node:os';
import { TLSSocket } from 'node:tls';
import {
  authenticationKinds,
  authorizationKinds,
  type ConfigMap,
  coreKinds,
  type SubjectAccessReview,
  type TokenReview,
} from '../api/index.ts';
import {
  type Clock,
  generateKey,
  type Health,
  issueCertificate,
  keyToPem,
  type Logger,
  type Metrics,
  type OptionTable,
  type OptionValues,
  option,
  type Service,
  UserError,
} from '../runtime/index.ts';
import { errorFields } from './errors.ts';
import type { ApiClient } from './types.ts';

/** Where the API server says whose client certificates are good. */
const TRUST = { namespace: 'kube-system', name: 'extension-apiserver-authentication', key: 'client-ca-file' };
/** How often that is looked at, and how soon again when it could not be. */
const TRUST_PERIOD_MS = 60_000;
const TRUST_RETRY_MS = 5_000;
/** A certificate that is made for lack of another one is good for a year. */
const VALIDITY_MS = 365 * 24 * 3_600_000;
const CLOCK_SKEW_MS = 3_600_000;
const ANONYMOUS: User = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';

const REVIEWS = 'what is not known of who asks is always looked up, and not kept';
const PROXIES = 'who asks says so by a certificate or a token of their own';
const CONNECTIONS = "connections are HTTP/1.1, by Node's rules for TLS";

const INERT = {
  'authentication-skip-lookup': option.inert('boolean', '--client-ca-file says whose certificates are good'),
  'authentication-tolerate-lookup-failure': option.inert('boolean', 'whose certificates are good is asked for until it is known'),
  'authentication-token-webhook-cache-ttl': option.inert('duration', REVIEWS),
  'authorization-webhook-cache-authorized-ttl': option.inert('duration', REVIEWS),
  'authorization-webhook-cache-unauthorized-ttl': option.inert('duration', REVIEWS),
  'requestheader-allowed-names': option.inert('list', PROXIES),
  'requestheader-client-ca-file': option.inert('string', PROXIES),
  'requestheader-extra-headers-prefix': option.inert('list', PROXIES),
  'requestheader-group-headers': option.inert('list', PROXIES),
  'requestheader-uid-headers': option.inert('list', PROXIES),
  'requestheader-username-headers': option.inert('list', PROXIES),
  'disable-http2-serving': option.inert('boolean', CONNECTIONS),
  'http2-max-streams-per-connection': option.inert('integer', CONNECTIONS),
  'permit-port-sharing': option.inert('boolean', CONNECTIONS),
  'tls-cipher-suites': option.inert('list', CONNECTIONS),
  'tls-min-version': option.inert('string', CONNECTIONS),
  'tls-sni-cert-key': option.inert('string', CONNECTIONS),
} satisfies OptionTable;

/** Options of a process that serves health and metrics over HTTPS; names are upstream's. */
export const servingOptions = (port: number) =>
  ({
    'secure-port': option.integer('Port of /healthz, /livez, /readyz and /metrics over HTTPS; 0 is none.', port, { min: 0, max: 65_535 }),
    'secure-port-fallback': option.boolean('Take a free port when --secure-port is in use, instead of ending.', false),
    // Upstream's is 0.0.0.0: a simulated cluster need not be reached from elsewhere.
    'bind-address': option.string('Address on which that port is served.', '127.0.0.1', { placeholder: 'IP' }),
    'tls-cert-file': option.string('Certificate it is served with; one is made unless given.', undefined, { placeholder: 'FILE' }),
    'tls-private-key-file': option.string('Key of --tls-cert-file.', undefined, { placeholder: 'FILE' }),
    'client-ca-file': option.string('CA of client certificates; the API server is asked for its own unless given.', undefined, {
      placeholder: 'FILE',
    }),
    'authorization-always-allow-paths': option.list('Paths that everybody may ask for; a * at the end stands for the rest.', [
      '/healthz',
      '/readyz',
      '/livez',
    ]),
    ...INERT,
  }) satisfies OptionTable;

/** The values of {@link servingOptions}. */
export type ServingOptionValues = OptionValues<ReturnType<typeof servingOptions>>;

/** What is served, and what it takes to know who asks. */
export interface ServingParts {
  readonly service: Service;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface User {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, string[]>> | undefined;
}

/**
 * A service with its health and metrics served beside it; its URL is theirs.
 *
 * @throws UserError from `start` when the port cannot be had, or the certificate cannot be read.
 */
export function withServing(values: ServingOptionValues, parts: ServingParts): Service {
  return values['secure-port'] === 0 ? parts.service : new SecureServing(values, parts);
}

class SecureServing implements Service {
  readonly #values: ServingOptionValues;
  readonly #parts: ServingParts;
  readonly #end = new AbortController();
  #server: Server | undefined;
  #trusting: Promise<void> | undefined;

  constructor(values: ServingOptionValues, parts: ServingParts) {
    this.#values = values;
    this.#parts = parts;
  }

  get url(): string | undefined {
    const address = this.#server?.address();
    if (typeof address !== 'object' || address === null) return undefined;
    return `https://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  }

  async start(): Promise<void> {
    const identity = this.#identity();
    const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#parts.logger.warn(errorFields(error), 'a request for health or metrics failed');
        send(response, { status: 500, body: 'internal server error\n' });
      });
    });
    this.#server = server;
    await this.#listen(server);
    this.#trusting = this.#keepTrust(server, identity);
    await this.#parts.service.start();
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

  #identity(): { cert: string; key: string } {
    const { 'tls-cert-file': certFile, 'tls-private-key-file': keyFile } = this.#values;
    if (certFile === undefined && keyFile === undefined) return this.#ownIdentity();
    if (certFile === undefined || keyFile === undefined) {
      throw new UserError('options --tls-cert-file and --tls-private-key-file go together: give both, or none');
    }
    return { cert: readText('tls-cert-file', certFile), key: readText('tls-private-key-file', keyFile) };
  }

  #ownIdentity(): { cert: string; key: string } {
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

  /** Client certificates are good as soon as it is known whose: from the file, else from the API server, which may come later. */
  async #keepTrust(server: Server, identity: { cert: string; key: string }): Promise<void> {
    const { clock, logger, client } = this.#parts;
    const { signal } = this.#end;
    const file = this.#values['client-ca-file'];
    if (file !== undefined) {
      server.setSecureContext({ ...identity, ca: readText('client-ca-file', file) });
      return;
    }
    let known: string | undefined;
    while (!signal.aborted) {
      let again = TRUST_PERIOD_MS;
      try {
        const { data } = await client.resource<ConfigMap>(coreKinds.configmaps).get(TRUST.name, { namespace: TRUST.namespace, signal });
        const ca = data?.[TRUST.key];
        if (ca !== undefined && ca !== known) server.setSecureContext({ ...identity, ca });
        known = ca;
      } catch (error) {
        if (!signal.aborted) logger.info(errorFields(error), 'it is not known yet whose client certificates are good');
        again = TRUST_RETRY_MS;
      }
      await clock.sleep(again, signal).catch(() => undefined);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const path = url.split('?')[0] ?? '/';
    const refusal = await this.#refusal(request, path);
    if (refusal) {
      send(response, refusal);
      return;
    }
    const { metrics, health } = this.#parts;
    const body = await metrics.textAt(path);
    if (body !== undefined) send(response, { status: 200, body, type: metrics.contentType });
    else send(response, (await health.answer(request.method ?? 'GET', url)) ?? { status: 404, body: '404 page not found\n' });
  }

  async #refusal(request: IncomingMessage, path: string): Promise<Answer | undefined> {
    if (this.#values['authorization-always-allow-paths'].some((pattern) => matches(pattern, path))) return undefined;
    const user = await this.#userOf(request);
    if (!user) return status(401, 'Unauthorized', 'Unauthorized');
    const verb = (request.method ?? 'GET').toLowerCase();
    if (await this.#isAllowed(user, path, verb)) return undefined;
    return status(403, 'Forbidden', `forbidden: User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(path)}`);
  }

  /** Undefined for a credential that is not good; nobody in particular without any. */
  async #userOf({ socket, headers }: IncomingMessage): Promise<User | undefined> {
    if (socket instanceof TLSSocket && socket.authorized) {
      const subject: ReadonlyMap<string, unknown> = new Map(Object.entries(socket.getPeerCertificate().subject));
      const [username = ''] = textsOf(subject.get('CN')).slice(-1);
      if (username !== '') return { username, groups: [...textsOf(subject.get('O')), AUTHENTICATED] };
    }
    const [, token] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (token === undefined) return ANONYMOUS;
    const reviews = this.#parts.client.resource<TokenReview>(authenticationKinds.tokenreviews);
    const { user, authenticated } = (await reviews.create({ metadata: {}, spec: { token }, status: {} })).status;
    if (!authenticated || !user?.username) return undefined;
    return { username: user.username, uid: user.uid, groups: user.groups ?? [], extra: user.extra };
  }

  async #isAllowed(user: User, path: string, verb: string): Promise<boolean> {
    const { username, uid, groups, extra } = user;
    const review = await this.#parts.client.resource<SubjectAccessReview>(authorizationKinds.subjectaccessreviews).create({
      metadata: {},
      spec: { user: username, uid, groups: [...groups], extra, nonResourceAttributes: { path, verb } },
      status: { allowed: false },
    });
    return review.status.allowed;
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string | undefined;
}

function status(code: number, reason: string, message: string): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return { status: code, body: `${JSON.stringify(body)}\n`, type: 'application/json' };
}

function send(response: ServerResponse, { status: code, body, type = 'text/plain; charset=utf-8' }: Answer): void {
  response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache, private' });
  response.end(body);
}

const matches = (pattern: string, path: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;

const textsOf = (value: unknown): string[] => [value].flat().filter((text) => typeof text === 'string');

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read --${name} ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

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
