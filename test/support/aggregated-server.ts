/** An API server beside ours, as small as one can be: flunders of wardle.example.com, in memory, over TLS with an authority of its own. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { testAuthority } from './authority.ts';
import { answerJson, bodyOf } from './http-server.ts';

export const GROUP = 'wardle.example.com';
export const VERSION = 'v1alpha1';
const BASE = `/apis/${GROUP}/${VERSION}`;
const SPEC = 'com.example.wardle.v1alpha1.Flunder';

/** What it was asked, and by whom. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they came. */
  readonly rawHeaders: readonly string[];
  /** The common name of a client that shows a certificate of the front proxies' authority. */
  readonly proxy: string | undefined;
}

export interface AggregatedServer extends AsyncDisposable {
  readonly port: number;
  /** PEM, in base64: what an APIService takes. */
  readonly caBundle: string;
  readonly seen: SeenRequest[];
  /** Tells what it serves in one document, or not. */
  aggregates: boolean;
  close(): Promise<void>;
  /** Again on the same port. */
  listen(): Promise<void>;
}

const NOT_FOUND = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };

interface Flunder {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly resourceVersion: string };
}

/** @param proxyCa PEM of the authority of front proxies. */
export async function startAggregatedServer(proxyCa: string, service: { name: string; namespace: string }): Promise<AggregatedServer> {
  const authority = testAuthority('wardle');
  const tls = authority.issue('server', [`${service.name}.${service.namespace}.svc`]);
  const seen: SeenRequest[] = [];
  const flunders = new Map<string, Flunder>();
  const watchers = new Set<ServerResponse>();
  const state = { aggregates: true, revision: 1 };

  const store = async (request: IncomingMessage, namespace: string): Promise<Flunder> => {
    const body = JSON.parse(await bodyOf(request));
    const metadata = { ...body.metadata, namespace, resourceVersion: String(++state.revision), uid: `u${state.revision}` };
    const flunder = { ...body, apiVersion: `${GROUP}/${VERSION}`, kind: 'Flunder', metadata };
    flunders.set(`${namespace}/${metadata.name}`, flunder);
    for (const watcher of watchers) watcher.write(`${JSON.stringify({ type: 'ADDED', object: flunder })}\n`);
    return flunder;
  };
  const answerFlunders = async (request: IncomingMessage, response: ServerResponse, [namespace = '', name]: readonly string[]) => {
    if (request.method === 'POST') {
      answerJson(response, 201, await store(request, namespace));
    } else if (name !== undefined) {
      const found = flunders.get(`${namespace}/${name}`);
      answerJson(response, found ? 200 : 404, found ?? NOT_FOUND);
    } else if (request.url?.includes('watch=1')) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      watchers.add(response);
      response.once('close', () => watchers.delete(response));
    } else {
      const items = [...flunders.values()].filter(({ metadata }) => metadata.namespace === namespace);
      const metadata = { resourceVersion: String(state.revision) };
      answerJson(response, 200, { kind: 'FlunderList', apiVersion: `${GROUP}/${VERSION}`, metadata, items });
    }
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'https://x');
    const document = documentOf(pathname, state.aggregates, request.headers.accept ?? '');
    const [, ...place] = /^\/apis\/[^/]+\/[^/]+\/namespaces\/([^/]+)\/flunders(?:\/([^/]+))?$/.exec(pathname) ?? [];
    if (document) answerJson(response, 200, document.body, document.headers);
    else if (pathname === `${BASE}/elsewhere`) response.writeHead(302, { location: 'https://example.com/' }).end();
    else if (place.length > 0) await answerFlunders(request, response, place);
    else answerJson(response, 404, NOT_FOUND);
  };

  const server = createServer({ ...tls, ca: proxyCa, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    seen.push(seenOf(request));
    // Whoever asked may be gone.
    answer(request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    seen.push(seenOf(request));
    socket.on('error', () => socket.destroy());
    if (!request.url?.endsWith('/echo')) {
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno');
      return;
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(head);
    socket.pipe(socket);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
      for (const watcher of watchers) watcher.destroy();
    });
  await listen(0);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the aggregated server has no port');
  const { port } = address;
  return {
    port,
    caBundle: Buffer.from(authority.ca).toString('base64'),
    seen,
    get aggregates() {
      return state.aggregates;
    },
    set aggregates(value) {
      state.aggregates = value;
    },
    close,
    listen: () => listen(port),
    [Symbol.asyncDispose]: close,
  };
}

function seenOf({ method = '', url = '', headers, rawHeaders, socket }: IncomingMessage): SeenRequest {
  const proxy = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().subject.CN : undefined;
  return { method, url, headers, rawHeaders, proxy: proxy?.toString() };
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const VERBS = ['create', 'get', 'list', 'watch'];

function documentOf(path: string, aggregates: boolean, accept: string): { body: unknown; headers?: Record<string, string> } | undefined {
  switch (path) {
    case '/apis':
      return aggregates && accept.includes('as=APIGroupDiscoveryList')
        ? { body: discovery(), headers: { 'content-type': AGGREGATED } }
        : { body: { kind: 'APIGroupList', apiVersion: 'v1', groups: [] } };
    case BASE:
      return { body: resourceList() };
    case '/openapi/v3':
      return { body: { paths: { [`apis/${GROUP}/${VERSION}`]: { serverRelativeURL: `/openapi/v3/apis/${GROUP}/${VERSION}?hash=X` } } } };
    case `/openapi/v3/apis/${GROUP}/${VERSION}`:
      return { body: { openapi: '3.0.0', info: { title: 'wardle' }, paths: {}, components: { schemas: { [SPEC]: { type: 'object' } } } } };
    case '/openapi/v2':
      return { body: specV2() };
    default:
      return undefined;
  }
}

const resourceList = () => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${GROUP}/${VERSION}`,
  resources: [
    { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: VERBS, shortNames: ['fl'] },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
});

const discovery = () => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: [{ metadata: { name: GROUP }, versions: [{ version: VERSION, resources: [resource()], freshness: 'Current' }] }],
});

const resource = () => ({
  resource: 'flunders',
  responseKind: { group: GROUP, version: VERSION, kind: 'Flunder' },
  scope: 'Namespaced',
  singularResource: 'flunder',
  verbs: VERBS,
  shortNames: ['fl'],
});

const specV2 = () => ({
  swagger: '2.0',
  info: { title: 'wardle', version: 'v1' },
  paths: {
    '/version/': { get: {} },
    [`${BASE}/namespaces/{namespace}/flunders`]: {
      get: { responses: { '200': { description: 'OK', schema: { $ref: `#/definitions/${SPEC}` } } } },
    },
  },
  definitions: {
    [SPEC]: { type: 'object', properties: { metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } } },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { description: 'in other words', type: 'object' },
    'com.example.unused': { type: 'object' },
  },
});
