import { randomFillSync } from 'node:crypto';
import type { Clock } from '../../runtime/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';
import { type Attributes, parseTraceparent, SCOPE, SPAN_KIND, Span, type SpanContext, type SpanHome } from './span.ts';

/** Whose traces are gone on with; others begin one of their own. */
const TRUSTED_GROUPS: ReadonlySet<string> = new Set(['system:masters', 'system:monitoring']);
const TRACE_ID_BYTES = 16;
const MILLION = 1_000_000;
const NS_PER_MS = 1e6;
/** Of a trace's id, what it is decided by: the second half, without its last bit. */
const DECIDING_BYTE = 8;
const DECIDING_BITS = 63;

export interface TracerOptions {
  /** Of a million traces that nobody has decided upon, how many are told. */
  readonly samplesPerMillion: number;
  readonly clock: Clock;
  /** Takes a span that has ended. */
  onEnd(span: Span): void;
}

/** Says which requests are traced, and begins their spans. Upstream: apiserver, `pkg/endpoints/filters/traces.go`; component-base, `tracing`. */
export class Tracer implements SpanHome {
  readonly #options: TracerOptions;
  readonly #bound: bigint;
  /** What makes times of the monotonic clock, so that spans are not torn when the other one is set. */
  readonly #offsetMs: number;

  constructor(options: TracerOptions) {
    this.#options = options;
    this.#bound = (BigInt(options.samplesPerMillion) << BigInt(DECIDING_BITS)) / BigInt(MILLION);
    this.#offsetMs = options.clock.now() - options.clock.monotonic();
  }

  now(): bigint {
    return this.#timeOf(this.#options.clock.monotonic());
  }

  ended(span: Span): void {
    this.#options.onEnd(span);
  }

  /** Begins the span of a request whose user is known; undefined when it is not traced. @param startedAt on the monotonic clock. */
  begin(exchange: Exchange, startedAt: number): Span | undefined {
    const { info, request, user } = exchange;
    const asked = parseTraceparent(headerOf(request.headers.traceparent));
    const isTrusted = isTrustedUser(user);
    const traceId = isTrusted && asked ? asked.traceId : randomFillSync(Buffer.alloc(TRACE_ID_BYTES));
    if (!(isTrusted && asked ? asked.sampled : this.#isSampled(traceId))) return undefined;
    return new Span({
      home: this,
      name: spanName(request.method ?? '', info),
      scope: SCOPE.http,
      kind: SPAN_KIND.server,
      traceId,
      at: this.#timeOf(startedAt),
      attributes: attributesOf(exchange),
      ...originOf(asked, isTrusted),
    });
  }

  #timeOf(monotonicMs: number): bigint {
    return BigInt(Math.round((this.#offsetMs + monotonicMs) * NS_PER_MS));
  }

  /** Upstream: OpenTelemetry's `TraceIDRatioBased`. */
  #isSampled(traceId: Buffer): boolean {
    if (this.#bound === 0n) return false;
    return this.#options.samplesPerMillion >= MILLION || traceId.readBigUInt64BE(DECIDING_BYTE) >> 1n < this.#bound;
  }
}

const headerOf = (value: string | string[] | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

const isTrustedUser = ({ groups }: UserInfo): boolean => groups.some((group) => TRUSTED_GROUPS.has(group));

const originOf = (asked: SpanContext | undefined, isTrusted: boolean) => (isTrusted ? { parentId: asked?.spanId } : { link: asked });

/** The method and the path, without the names in it. */
function spanName(method: string, { isResource, path, group, version, namespace, resource, name, subresource }: RequestInfo): string {
  if (!isResource) return method;
  const parts = [
    path.startsWith('/apis/') ? 'apis' : 'api',
    group,
    version,
    ...(namespace === '' ? [] : ['namespaces', '{:namespace}']),
    resource,
    name === '' ? '' : '{:name}',
    subresource,
  ];
  return `${method} /${parts.filter((part) => part !== '').join('/')}`;
}

/** By the names that otelhttp has for them. */
function attributesOf({ request, response, auditId }: Exchange): Attributes {
  const { headers, socket, method = '', url = '' } = request;
  const [host = '', port] = (headers.host ?? String(headers[':authority'] ?? '')).split(/:(?=\d+$)/);
  const forwarded = headerOf(headers['x-forwarded-for'])?.split(',')[0];
  return {
    'http.method': method,
    'http.scheme': 'https',
    'net.host.name': host,
    ...(port === undefined ? {} : { 'net.host.port': Number(port) }),
    ...(socket?.remoteAddress === undefined ? {} : { 'net.sock.peer.addr': socket.remoteAddress }),
    ...(socket?.remotePort === undefined ? {} : { 'net.sock.peer.port': socket.remotePort }),
    ...(headers['user-agent'] === undefined ? {} : { 'user_agent.original': headers['user-agent'] }),
    ...(forwarded === undefined ? {} : { 'http.client_ip': forwarded }),
    'http.target': url,
    'net.protocol.version': response.isMultiplexed ? '2' : '1.1',
    'audit-id': auditId,
  };
}
