import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import https from 'node:https';
import { gunzipSync } from 'node:zlib';
import type { KubeObject, ServedKind } from '../../api/index.ts';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import { type Clock, generateKey, issueCertificate, keyToPem, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { openMemoryStore, type Store } from '../../store/index.ts';
import type { AdmissionPlugin } from '../admission/plugin.ts';
import type { Authenticator, Authorizer, UserInfo } from '../auth/types.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { type Strategy, type StrategyTable, strategyKey } from '../registry/strategy.ts';
import { storedKindOf } from '../registry/version-view.ts';
import {
  type ApiServer,
  type ApiServerOptions,
  type ApiServerParts,
  type ApiServerSettings,
  createApiServer,
  type PartsContext,
  type ServingTls,
} from '../server.ts';

/** A strategy without rules, for kinds whose own are not what is tested. */
export function plainStrategy<T extends KubeObject = KubeObject>(own: Partial<Strategy<T>> = {}): Strategy<T> {
  return {
    setDefaults: () => undefined,
    prepareForCreate: () => undefined,
    prepareForUpdate: () => undefined,
    validateCreate: () => [],
    validateUpdate: () => [],
    allowUnconditionalUpdate: true,
    ...own,
  };
}

type Strategies = Readonly<Record<string, Strategy<never>>>;

export interface TestServerOptions {
  /** Strategies by `group/resource`, or what makes them; the kinds named here are the ones served. */
  readonly strategies: Strategies | ((objects: ObjectReader & ObjectWriter) => Strategies);
  /** The kinds served, when the strategies are made. */
  readonly serves?: readonly string[] | undefined;
  /** The kinds there are; those that are served by default unless given. */
  readonly kinds?: readonly ServedKind[] | undefined;
  readonly isServed?: ApiServerOptions['isServed'];
  readonly components?: ApiServerOptions['components'];
  readonly admission?: readonly AdmissionPlugin[] | ((objects: ObjectReader & ObjectWriter) => readonly AdmissionPlugin[]) | undefined;
  readonly authorizer?: Authorizer | undefined;
  /** Default: everybody is whom the header `x-test-user` names, or an administrator. */
  readonly authenticator?: Authenticator | undefined;
  readonly audit?: ApiServerOptions['audit'];
  readonly tracer?: ApiServerOptions['tracer'];
  readonly settings?: Partial<ApiServerSettings> | undefined;
  readonly clock?: Clock | undefined;
  readonly store?: Store | undefined;
  readonly overrides?: ApiServerOptions['overrides'];
  /** What objects are sealed with in the store. */
  readonly sealing?: ApiServerOptions['sealing'];
  /** What tells of the kinds; nothing unless given. */
  readonly documents?: ((context: PartsContext) => Pick<ApiServerParts, 'discovery' | 'openapi'> & Partial<ApiServerParts>) | undefined;
}

/** An answer, read whole. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  json<T = KubeObject & Record<string, unknown>>(): T;
}

export interface TestRequest {
  readonly body?: unknown;
  readonly raw?: string | Buffer | undefined;
  readonly headers?: Record<string, string | readonly string[]> | undefined;
}

/** A server on a free port, with a client that trusts it; everything ends with it. */
export interface TestServer extends AsyncDisposable {
  readonly server: ApiServer;
  readonly store: Store;
  readonly clock: Clock;
  request(method: string, path: string, request?: TestRequest): Promise<TestAnswer>;
  /** Opens a watch. */
  watch(path: string, headers?: Record<string, string>): Promise<TestWatch>;
}

/** The frames of a watch as they come. */
export interface TestWatch extends Disposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The next frame; undefined once the server has ended the watch. */
  next(): Promise<{ type: string; object: KubeObject & Record<string, unknown> } | undefined>;
}

/** Everybody is the user that the User header names, by default a member of the privileged group. */
const headerAuthenticator: Authenticator = {
  authenticate: (request): UserInfo => {
    const name = request.headers['x-test-user'];
    return typeof name === 'string' ? { name, groups: ['system:authenticated'] } : { name: 'admin', groups: ['system:masters'] };
  },
};

const everythingAllowed: Authorizer = {
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
};

const nothing = { respond: () => undefined };

function testTls(): ServingTls {
  const key = generateKey();
  const now = systemClock.now();
  const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const cert = issueCertificate({ subject: { commonName: 'test' }, key, use: 'server', hosts: ['127.0.0.1'], ...validity });
  return { cert, key: keyToPem(key) };
}

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const { clock = systemClock } = options;
  const store = options.store ?? (await openMemoryStore());
  const { strategies } = options;
  const serves = options.serves ?? Object.keys(strategies);
  const known = options.kinds ?? BUILT_IN_KINDS;
  const kinds = known.filter(({ info }) => serves.includes(strategyKey(storedKindOf(info, known))));
  const tableOf = (objects: ObjectReader & ObjectWriter): StrategyTable =>
    new Map(Object.entries(typeof strategies === 'function' ? strategies(objects) : strategies));
  const server = createApiServer({
    store,
    kinds,
    ...(options.isServed ? { isServed: options.isServed } : {}),
    parts: (context) => ({
      strategies: tableOf(context.objects),
      admission: typeof options.admission === 'function' ? options.admission(context.objects) : (options.admission ?? []),
      authenticator: options.authenticator ?? headerAuthenticator,
      authorizer: options.authorizer ?? everythingAllowed,
      reviews: new Map(),
      discovery: nothing,
      openapi: nothing,
      ...options.documents?.(context),
    }),
    tls: testTls(),
    clock,
    random: seededRandom(7),
    logger: silentLogger,
    host: '127.0.0.1',
    port: 0,
    components: options.components,
    overrides: options.overrides,
    settings: options.settings,
    audit: options.audit,
    tracer: options.tracer,
    sealing: options.sealing,
  });
  await server.start();
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
  const open = (method: string, path: string, { body, raw, headers = {} }: TestRequest) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const sent = {
        accept: 'application/json',
        ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
        ...headers,
      };
      const request = https.request(
        { agent, host: '127.0.0.1', port: server.port, method, path, headers: sent as Record<string, string> },
        resolve,
      );
      request.on('error', reject);
      request.end(payload);
    });
  return {
    server,
    store,
    clock,
    request: async (method, path, request = {}) => {
      const answer = await open(method, path, request);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const text = (answer.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      return { status: answer.statusCode ?? 0, headers: answer.headers, text, json: () => JSON.parse(text) };
    },
    watch: async (path, headers = {}) => watchOf(await open('GET', path, { headers })),
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      await server.stop();
      if (!options.store) await store.close();
    },
  };
}

function watchOf(answer: IncomingMessage): TestWatch {
  const lines = linesOf(answer);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    next: async () => {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
    [Symbol.dispose]: () => answer.destroy(),
  };
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part !== '') yield part;
  }
  if (rest !== '') yield rest;
}
