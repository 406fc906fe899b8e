import { gunzipSync } from 'node:zlib';
import { apiError, formatDuration, parseJson, type Status } from '../../api/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { HttpResponse } from '../http/messages.ts';
import type { AuditTrail, Exchange } from '../pipeline/exchange.ts';
import {
  type AuditEvent,
  type AuditUser,
  auditUser,
  microTime,
  type ObjectReference,
  objectReference,
  sourceIps,
  userAgent,
} from './event.ts';
import type { AuditDecision, Stage } from './policy.ts';

/** How the Status of an answer begins. */
const STATUS_HEAD = Buffer.from('{"kind":"Status"');
/** How an answer that is compressed begins. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const JSON_TYPE = 'application/json';
/** Requests that take longer say how long. */
const LATENCY_NOTED_MS = 500;
const LATENCY = 'apiserver.latency.k8s.io/total';
const NANOS_PER_MS = 1_000_000n;
/** What is answered here are objects too. */
const DISCOVERY = /^\/apis?(\/|$)/;
/** Requests whose body is the object they are about. */
const OBJECT_VERBS: ReadonlySet<string> = new Set(['create', 'update']);

export interface RecordSink {
  /** @returns whether it was written. */
  write(event: AuditEvent): boolean;
  now(): number;
  /** The request's body as JSON. */
  bodyOf(): unknown;
}

/** What is noted of one request, from stage to stage. */
export class AuditRecord implements AuditTrail {
  readonly #exchange: Exchange;
  readonly #decision: AuditDecision;
  readonly #sink: RecordSink;
  readonly #user: AuditUser;
  readonly #annotations = new Map<string, string>();
  #impersonated: AuditUser | undefined;
  #status: Status | undefined;
  #request: unknown;
  #object: unknown;
  #chunks: Buffer[] = [];
  #isLong = false;
  #done = false;

  constructor(exchange: Exchange, decision: AuditDecision, sink: RecordSink) {
    this.#exchange = exchange;
    this.#decision = decision;
    this.#sink = sink;
    this.#user = auditUser(exchange.user);
  }

  annotate(key: string, value: string, level: 'Metadata' | 'Request' = 'Metadata'): void {
    if (level === 'Request' && this.#decision.level === 'Metadata') return;
    if (!this.#annotations.has(key)) this.#annotations.set(key, value);
  }

  impersonated(user: UserInfo): void {
    this.#impersonated = auditUser(user);
  }

  requested(json: () => Buffer | string): void {
    if (this.#decision.level !== 'Metadata') this.#request = parsed(json());
  }

  answered(status: Status): void {
    this.#status = status;
    if (this.#keepsBody) this.#object = status;
  }

  answeredObject(json: () => Buffer): void {
    if (this.#keepsBody) this.#object = this.#trimmed(parsed(json()));
  }

  /** @returns whether it was written, or need not be. */
  received(): boolean {
    return this.#emit('RequestReceived', {});
  }

  /** Nobody was let in: what is noted of it is noted at once. */
  refused(): void {
    const { status } = apiError.unauthorized();
    this.#emit('ResponseStarted', { responseStatus: statusOf(status), responseObject: this.#keepsBody ? status : undefined });
  }

  panicked(message: string): void {
    this.#done = true;
    const responseStatus = {
      metadata: {},
      status: 'Failure',
      message: `APIServer panic'd: ${message}`,
      reason: 'InternalError',
      code: 500,
    };
    this.#emit('Panic', { responseStatus });
  }

  /** Sees the answer on its way. */
  follow(isLong: boolean): void {
    const { response } = this.#exchange;
    this.#isLong = isLong;
    if (isLong) this.#onHead(response);
    this.#onBody(response);
    response.once('close', () => this.#complete());
  }

  #onHead(response: HttpResponse): void {
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => HttpResponse;
    response.writeHead = (...args: unknown[]) => {
      const result = writeHead(...args);
      this.#emit('ResponseStarted', { responseStatus: this.#responseStatus(), responseObject: this.#object });
      return result;
    };
  }

  /** The last part is noted before it leaves. */
  #onBody(response: HttpResponse): void {
    const write = response.write.bind(response) as (...args: unknown[]) => boolean;
    const end = response.end.bind(response) as (...args: unknown[]) => HttpResponse;
    const keep = (chunk: unknown) => {
      if (!this.#isLong && Buffer.isBuffer(chunk) && (this.#keepsBody || isStatus(this.#chunks[0] ?? chunk))) this.#chunks.push(chunk);
    };
    response.write = (...args: unknown[]) => {
      keep(args[0]);
      return write(...args);
    };
    response.end = (...args: unknown[]) => {
      keep(args[0]);
      this.#complete();
      return end(...args);
    };
  }

  get #keepsBody(): boolean {
    return this.#decision.level === 'RequestResponse';
  }

  #complete(): void {
    if (this.#done) return;
    this.#done = true;
    this.#readBody();
    this.#noteLatency();
    this.#emit('ResponseComplete', { responseStatus: this.#responseStatus(), responseObject: this.#object });
  }

  /** A request that took long, and should not, says how long. Upstream: `writeLatencyToAnnotation`, of which this is the whole, not its parts. */
  #noteLatency(): void {
    if (this.#isLong) return;
    const ms = this.#sink.now() - this.#exchange.now;
    if (ms > LATENCY_NOTED_MS) this.annotate(LATENCY, formatDuration(BigInt(ms) * NANOS_PER_MS));
  }

  #readBody(): void {
    const type = String(this.#exchange.response.getHeader('content-type') ?? JSON_TYPE);
    if (this.#chunks.length === 0 || !type.startsWith(JSON_TYPE)) return;
    const sent = Buffer.concat(this.#chunks);
    this.#chunks = [];
    const bytes = sent.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC) ? gunzipSync(sent) : sent;
    const answer = parsed(bytes);
    if (!isRecord(answer)) return;
    if (isStatus(bytes)) this.#status ??= answer as Status;
    if (this.#keepsBody && (this.#exchange.info.isResource || DISCOVERY.test(this.#exchange.info.path)))
      this.#object = this.#trimmed(answer);
  }

  #responseStatus(): AuditEvent['responseStatus'] {
    const { response, upgrade } = this.#exchange;
    if (this.#status) return { ...statusOf(this.#status), code: this.#status.code ?? response.statusCode };
    if (response.headersSent) return { metadata: {}, code: response.statusCode };
    if (upgrade) return { metadata: {}, code: 101 };
    return { metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 };
  }

  #emit(stage: Stage, more: Pick<AuditEvent, 'responseStatus' | 'responseObject'>): boolean {
    const { level, omitStages } = this.#decision;
    if (omitStages.has(stage)) return true;
    const exchange = this.#exchange;
    const body = stage === 'RequestReceived' ? undefined : this.#sink.bodyOf();
    const annotations = Object.fromEntries([...this.#annotations].sort(([a], [b]) => (a < b ? -1 : 1)));
    return this.#sink.write({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: exchange.auditId,
      stage,
      requestURI: exchange.request.url ?? '/',
      verb: exchange.info.verb,
      user: this.#user,
      impersonatedUser: this.#impersonated,
      sourceIPs: sourceIps(exchange),
      userAgent: userAgent(exchange),
      objectRef: this.#reference(body),
      responseStatus: more.responseStatus,
      requestObject: level === 'Metadata' || !exchange.info.isResource ? undefined : this.#trimmed(this.#request ?? body),
      responseObject: more.responseObject,
      requestReceivedTimestamp: microTime(exchange.now),
      stageTimestamp: microTime(stage === 'RequestReceived' ? exchange.now : this.#sink.now()),
      annotations: this.#annotations.size > 0 ? annotations : undefined,
    });
  }

  /** What the path leaves open the object says. */
  #reference(body: unknown): ObjectReference | undefined {
    const reference = objectReference(this.#exchange);
    const metadata = isRecord(body) && OBJECT_VERBS.has(this.#exchange.info.verb) ? body.metadata : undefined;
    if (!reference || !isRecord(metadata)) return reference;
    for (const name of ['namespace', 'name', 'uid', 'resourceVersion'] as const) {
      const value = metadata[name];
      if (typeof value === 'string' && value !== '') reference[name] ??= value;
    }
    return reference;
  }

  #trimmed(value: unknown): unknown {
    if (!this.#decision.omitManagedFields || !isRecord(value)) return value;
    const { items, rows } = value;
    return {
      ...withoutManagedFields(value),
      ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
      ...(Array.isArray(rows)
        ? { rows: rows.map((row) => (isRecord(row) ? { ...row, object: withoutManagedFields(row.object) } : row)) }
        : {}),
    };
  }
}

/** What is noted of an answer's Status. */
const statusOf = ({ status, message, reason, details, code }: Status): Partial<Status> => ({
  metadata: {},
  status,
  message,
  reason,
  details,
  code,
});

const isStatus = (chunk: unknown): boolean => Buffer.isBuffer(chunk) && chunk.subarray(0, STATUS_HEAD.length).equals(STATUS_HEAD);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function withoutManagedFields(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) return {};
  if (!isRecord(value.metadata)) return value;
  const { managedFields: _, ...metadata } = value.metadata;
  return { ...value, metadata };
}

function parsed(bytes: Buffer | string): unknown {
  try {
    return parseJson(bytes.toString());
  } catch {
    return undefined; // an answer that was cut off: there is no object to note
  }
}
