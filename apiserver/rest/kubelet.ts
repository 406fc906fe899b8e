import type { IncomingMessage } from 'node:http';
import { apiError, coreKinds, isGlobalUnicast, type Pod, parseIp } from '../../api/index.ts';
import { pipeAnswer } from '../http/messages.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { isTrue } from '../pipeline/request-info.ts';
import { headersFor } from '../pipeline/respond.ts';
import { admitConnection, type ConnectOptions } from './connect-options.ts';
import type { KubeletAddress } from './kubelet-connector.ts';
import { readLogOptions } from './log-options.ts';
import { isPage, type ProxyPaths, prefixOf, rewriteBytes, rewriteLink } from './proxied-pages.ts';
import type { Endpoint, Handler, Rest } from './rest.ts';
import { tunnel } from './tunnel.ts';
import { asksForWebSocket, streamOverWebSocket } from './web-socket.ts';

/** Bytes of a kubelet's error that are passed on. */
const ERROR_BYTES_MAX = 50 * 1024;
/** Bytes of a page whose links are rewritten. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;

/** GET of pods/NAME/log: what the kubelet has of a container's output, as it comes. */
export const podLog: Handler = async (rest, exchange, endpoint) => {
  const isUnverified = isTrue(exchange.parameter('insecureSkipTLSVerifyBackend') ?? null);
  rest.kubelets.logRequests[isUnverified ? 'skipped' : 'enforced']++;
  const query = readLogOptions(exchange);
  const pod = await existingPod(exchange, endpoint);
  const container = containerOf(pod, exchange.parameter('container') ?? '');
  if (!pod.spec.nodeName) {
    exchange.response.writeHead(204, ['Audit-Id', exchange.auditId, 'Cache-Control', 'no-cache, private']);
    exchange.response.end();
    return;
  }
  const at = rest.kubelets.locate(pod.spec.nodeName, coreKinds.pods);
  const path = `/containerLogs/${podPath(pod)}/${container}${queryText(query)}`;
  const answer = await rest.kubelets.request(at, { method: 'GET', path, isUnverified, isForLogs: true, signal: exchange.signal });
  if (asksForWebSocket(exchange) && isGood(answer)) return await streamOverWebSocket(exchange, answer);
  await passOn(exchange, endpoint, answer, 'text/plain');
};

/** exec, attach and portforward: the client's connection becomes the kubelet's. */
export const connectToKubelet: Handler = async (rest, exchange, endpoint) => {
  const options = await admitConnection(rest, exchange);
  const pod = await existingPod(exchange, endpoint);
  const { subresource, name } = exchange.info;
  const path = subresource === 'portforward' ? portForwardPath(pod, options) : streamPath(pod, options, subresource);
  if (!pod.spec.nodeName) throw apiError.badRequest(`pod ${name} does not have a host assigned`);
  const at = rest.kubelets.locate(pod.spec.nodeName, coreKinds.pods);
  await connect(rest, exchange, at, path);
};

/** Any method on nodes/NAME/proxy/…: the kubelet's own HTTP interface. */
export const proxyToNode: Handler = async (rest, exchange, endpoint) => {
  const { path = '/' } = await admitConnection(rest, exchange);
  const [name = ''] = exchange.info.name.split(':');
  await endpoint.registry.existing('', name);
  await forward(rest, exchange, { at: rest.kubelets.locate(name), path });
};

/** Any method on pods/NAME[:PORT]/proxy/…: what the pod serves, through its kubelet. */
export const proxyToPod: Handler = async (rest, exchange, endpoint) => {
  const { path } = await admitConnection(rest, exchange);
  const [scheme, podName, port] = splitName('pod', exchange.info.name);
  const entry = await endpoint.registry.existing(exchange.info.namespace, podName);
  const pod = entry.object as Pod;
  const declared = pod.spec.containers.flatMap(({ ports }) => ports ?? [])[0]?.containerPort;
  await forwardToPod(rest, exchange, {
    pod,
    port: port || String(declared ?? (scheme === 'https' ? 443 : 80)),
    path,
    isTls: scheme === 'https',
  });
};

/** Passes a proxied request on to a port of a pod. @throws ApiError (400) when the pod has no address, or is on no node. */
export async function forwardToPod(rest: Rest, exchange: Exchange, { pod, port, path = '/', isTls = false }: PodPort): Promise<void> {
  const address = parseIp(pod.status?.podIPs?.[0]?.ip ?? '');
  if (!address || !isGlobalUnicast(address)) throw apiError.badRequest('address not allowed');
  if (!pod.spec.nodeName) throw apiError.badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const at = rest.kubelets.locate(pod.spec.nodeName, coreKinds.pods);
  const scheme = isTls ? 'https:' : '';
  await forward(rest, exchange, { at, path: `/podProxy/${podPath(pod)}/${scheme}${port}${withoutDots(path)}` });
}

/** A path in which nothing leads up: the kubelet has more than this pod. */
const withoutDots = (path: string): string => new URL(`http://pod${path}`).pathname;

/** A port of a pod, and a path there. */
export interface PodPort {
  readonly pod: Pod;
  readonly port: string;
  readonly path?: string | undefined;
  /** To speak TLS with it. */
  readonly isTls?: boolean | undefined;
}

/** A number or a name. */
const PORT = /^[\w+-]*$/;

/** `scheme:name:port`, `name:port` or `name`. @throws ApiError (400) for anything else. */
export function splitName(what: string, text: string): [scheme: string, name: string, port: string] {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length <= 3 && name !== '' && PORT.test(port) && ['', 'http', 'https'].includes(scheme)) return [scheme, name, port];
  throw apiError.badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
}

/** Headers that are between the client and us, beside what HTTP/2 has among them. */
const OURS: ReadonlySet<string> = new Set(['authorization', 'host', 'connection']);

/** Upstream `apimachinery/pkg/util/proxy/upgradeaware.go`. */
async function forward(rest: Rest, exchange: Exchange, to: { at: KubeletAddress; path: string }): Promise<void> {
  const query = queryText(exchange.query ?? new URLSearchParams());
  const path = to.path + query;
  if (exchange.request.headers.upgrade) return connect(rest, exchange, to.at, path);
  const { method = 'GET', headers: sent, hasBody, body } = exchange.request;
  const requested = exchange.info.path;
  if (exchange.info.rest === '' && !requested.endsWith('/') && (method === 'GET' || method === 'HEAD')) {
    exchange.response.writeHead(301, { location: `${requested}/${query}`, 'audit-id': exchange.auditId });
    exchange.response.end();
    return;
  }
  const paths = { requested, behind: decodeURI(exchange.info.rest), host: String(sent[':authority'] ?? sent.host ?? '') };
  const headers = {
    ...Object.fromEntries(Object.entries(sent).filter(([name]) => !name.startsWith(':') && !OURS.has(name))),
    'x-forwarded-uri': prefixOf(paths) + paths.behind,
  };
  const answer = await rest.kubelets.request(to.at, { method, path, headers, body: hasBody ? body : undefined, signal: exchange.signal });
  await passOnProxied(exchange, answer, paths);
}

/** What a server behind the proxy answers, its links made to lead through the proxy; what it says to scripts of other sites stays here. */
async function passOnProxied(exchange: Exchange, answer: IncomingMessage, paths: ProxyPaths): Promise<void> {
  const { headers } = answer;
  for (const name of Object.keys(headers)) if (name.startsWith('access-control-')) delete headers[name];
  if (headers.location) headers.location = rewriteLink(headers.location, paths);
  else if (isPage(headers) && exchange.request.method !== 'HEAD') return await passOnPage(exchange, answer, paths);
  await passOnRaw(exchange, answer);
}

async function passOnPage(exchange: Exchange, answer: IncomingMessage, paths: ProxyPaths): Promise<void> {
  const page = await rewriteBytes(await readSome(answer, PAGE_BYTES_MAX), answer.headers['content-encoding'] ?? '', paths);
  const { connection: _, 'transfer-encoding': __, ...headers } = answer.headers;
  exchange.response.writeHead(answer.statusCode ?? 502, { ...headers, 'content-length': page.length, 'audit-id': exchange.auditId });
  exchange.response.end(page);
}

async function connect(rest: Rest, exchange: Exchange, at: KubeletAddress, path: string): Promise<void> {
  const refusal = await tunnel(rest.kubelets, exchange, at, path);
  if (refusal) await passOnRaw(exchange, refusal);
}

async function existingPod(exchange: Exchange, { registry }: Endpoint): Promise<Pod> {
  const entry = await registry.existing(exchange.info.namespace, exchange.info.name);
  return entry.object as Pod;
}

const podPath = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

const queryText = (query: URLSearchParams): string => {
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

/** @throws ApiError (400) when it cannot be told which container is meant. */
function containerOf({ metadata, spec }: Pod, wanted: string): string {
  const names = [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])].map(({ name }) => name);
  if (wanted !== '') {
    if (names.includes(wanted)) return wanted;
    throw apiError.badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
  }
  const [only] = spec.containers;
  if (only && spec.containers.length === 1) return only.name;
  const choices = names.length > 0 ? `, choose one of: [${names.join(' ')}]` : '';
  throw apiError.badRequest(`a container name must be specified for pod ${metadata.name}${choices}`);
}

/** What the kubelet calls the streams. */
const STREAMS = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' } as const;

function streamPath(pod: Pod, options: ConnectOptions, subresource: string): string {
  const container = containerOf(pod, options.container ?? '');
  const query = new URLSearchParams();
  for (const name of ['stdin', 'stdout', 'stderr', 'tty'] as const) if (options[name]) query.set(STREAMS[name], '1');
  for (const word of options.command ?? []) query.append('command', word);
  return `/${subresource}/${podPath(pod)}/${container}${queryText(query)}`;
}

function portForwardPath(pod: Pod, { ports = [] }: ConnectOptions): string {
  const query = new URLSearchParams();
  for (const port of ports) query.append('port', String(port));
  return `/portForward/${podPath(pod)}${queryText(query)}`;
}

const isGood = ({ statusCode = 500 }: IncomingMessage): boolean => statusCode >= 200 && statusCode <= 206;

/** Streams a kubelet's answer to the client; its errors become Statuses. */
async function passOn(exchange: Exchange, endpoint: Endpoint, answer: IncomingMessage, contentType: string): Promise<void> {
  if (!isGood(answer)) throw await kubeletError(endpoint, exchange.info.name, answer);
  exchange.response.writeHead(answer.statusCode ?? 200, headersFor(exchange, contentType));
  exchange.response.flushHeaders();
  await pipeAnswer(answer, exchange.response);
}

/** Streams a kubelet's answer to the client as it is. */
async function passOnRaw(exchange: Exchange, answer: IncomingMessage): Promise<void> {
  const { connection: _, 'transfer-encoding': __, ...headers } = answer.headers;
  exchange.response.writeHead(answer.statusCode ?? 502, { ...headers, 'audit-id': exchange.auditId });
  await pipeAnswer(answer, exchange.response);
}

async function kubeletError({ resource }: Endpoint, name: string, answer: IncomingMessage) {
  const text = (await readSome(answer)).toString();
  const code = answer.statusCode ?? 500;
  if (code === 500) return apiError.internal(text);
  if (code === 400) return apiError.badRequest(text);
  const message = `the server responded with the status code ${code} but did not return more information (get ${resource.info.resource} ${name})`;
  return code === 404
    ? apiError.custom({
        code,
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
        details: { name, kind: coreKinds.pods.resource, causes: [{ reason: 'UnexpectedServerResponse', message: text }] },
      })
    : apiError.custom({ code, message, details: { name, causes: [{ reason: 'UnexpectedServerResponse', message: text }] } });
}

async function readSome(answer: IncomingMessage, bytesMax = ERROR_BYTES_MAX): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax);
}
