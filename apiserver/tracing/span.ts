import { randomFillSync } from 'node:crypto';

/** What is known of a span or an event, by name. */
export type Attributes = Readonly<Record<string, string | number>>;

/** By the numbers of OTLP. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = (typeof SPAN_KIND)[keyof typeof SPAN_KIND];

/** Who tells of a span: the libraries that upstream's spans come from. */
export const SCOPE = {
  http: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp',
  component: 'k8s.io/component-base/tracing',
  filters: 'k8s.op/apiserver/pkg/endpoints/filterlatency',
  grpc: 'go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc',
} as const;
export type Scope = (typeof SCOPE)[keyof typeof SCOPE];

/** A span of somebody else, or one of ours as others see it. */
export interface SpanContext {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly sampled: boolean;
}

export interface SpanEvent {
  readonly name: string;
  readonly at: bigint;
  readonly attributes: Attributes;
}

/** What spans are made with. */
export interface SpanHome {
  /** Nanoseconds since the epoch, which only go forward within a request. */
  now(): bigint;
  /** Takes a span that has ended. */
  ended(span: Span): void;
}

interface SpanStart {
  readonly home: SpanHome;
  readonly name: string;
  readonly scope: Scope;
  readonly kind: SpanKind;
  readonly traceId: Buffer;
  readonly at: bigint;
  readonly attributes: Attributes;
  /** One of ours, which it is a part of. */
  readonly parent?: Span | undefined;
  readonly parentId?: Buffer | undefined;
  /** Of the trace that somebody asked with, when this one is another. */
  readonly link?: SpanContext | undefined;
}

const SPAN_ID_BYTES = 8;

/** A part of what is done for a request, from when to when. Only what is told is made: there are no spans that are not sampled. */
export class Span {
  readonly name: string;
  readonly scope: Scope;
  readonly kind: SpanKind;
  readonly traceId: Buffer;
  readonly spanId = randomFillSync(Buffer.alloc(SPAN_ID_BYTES));
  readonly parentId: Buffer | undefined;
  readonly parent: Span | undefined;
  readonly link: SpanContext | undefined;
  readonly startedAt: bigint;
  readonly events: SpanEvent[] = [];
  attributes: Attributes;
  isFailed = false;
  endedAt: bigint | undefined;
  readonly #home: SpanHome;

  constructor({ home, name, scope, kind, traceId, at, attributes, parent, parentId, link }: SpanStart) {
    this.#home = home;
    this.name = name;
    this.scope = scope;
    this.kind = kind;
    this.traceId = traceId;
    this.startedAt = at;
    this.attributes = attributes;
    this.parent = parent;
    this.parentId = parentId;
    this.link = link;
  }

  /** Begins a part of it. */
  child(name: string, attributes: Attributes = {}, scope: Scope = SCOPE.component, kind: SpanKind = SPAN_KIND.internal): Span {
    const at = this.#home.now();
    return new Span({ home: this.#home, name, scope, kind, traceId: this.traceId, at, attributes, parent: this, parentId: this.spanId });
  }

  event(name: string, attributes: Attributes = {}): void {
    this.events.push({ name, at: this.#home.now(), attributes });
  }

  set(attributes: Attributes): void {
    this.attributes = { ...this.attributes, ...attributes };
  }

  /** What happens from now on is no part of it; the first end counts. */
  end(): void {
    if (this.endedAt !== undefined) return;
    this.endedAt = this.#home.now();
    this.#home.ended(this);
  }

  /** What a request that is a part of it says. Upstream: `propagation.TraceContext`. */
  get traceparent(): string {
    return `00-${this.traceId.toString('hex')}-${this.spanId.toString('hex')}-01`;
  }
}

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** What the header of that name says; undefined when it says nothing that can be made sense of. */
export function parseTraceparent(header: string | undefined): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(header ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return {
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from(spanId, 'hex'),
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
  };
}
