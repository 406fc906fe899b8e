import type { Status } from '../../api/index.ts';
import type { UserInfo } from '../auth/types.ts';
import type { HttpRequest, HttpResponse, Upgrade } from '../http/messages.ts';
import type { Span } from '../tracing/span.ts';
import type { RequestInfo } from './request-info.ts';

/** Who nobody is, until authentication has said. */
const NOBODY: UserInfo = { name: '', groups: [] };

/** What is noted of a request for the audit log. */
export interface AuditTrail {
  /**
   * Adds a fact, under a name that says whose it is; what has a value keeps it.
   *
   * @param level how much of the request must be noted for this to be; anything unless given.
   */
  annotate(key: string, value: string, level?: 'Metadata' | 'Request'): void;
  impersonated(user: UserInfo): void;
  /** The object that is sent, as it is understood, in JSON; made only if it is kept. What is not told so is noted as it was sent. */
  requested(json: () => Buffer | string): void;
  /** The Status that is answered. */
  answered(status: Status): void;
  /** The object that is answered, as JSON, when it is sent as something else; made only if it is kept. */
  answeredObject(json: () => Buffer): void;
  /** The request met a mistake of ours. */
  panicked(message: string): void;
}

/** Who notes what requests do. */
export interface Auditor {
  /** A request whose user is known. @returns undefined when nothing is noted of it. @throws ApiError when it must be and cannot. */
  begin(exchange: Exchange): AuditTrail | undefined;
  /** A request of nobody: its credentials are not good. */
  refused(exchange: Exchange): void;
  /** Prometheus' text format. */
  text(): string;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/** What warnings say of the release that does without. */
const REMOVED_IN = /, unavailable in v(\d+\.\d+)\+/;

/** What metrics call a request that somebody serves; who is turned away before is not told of. */
export interface Served {
  /** Of what is no resource: upstream tells its path there. */
  readonly subresource: string;
  readonly component: '' | 'apiserver';
}

/** A request for a resource says itself what it is about. */
export const SERVED_RESOURCE: Served = { subresource: '', component: 'apiserver' };

interface Start {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly info: RequestInfo;
  readonly query: URLSearchParams | undefined;
  readonly auditId: string;
  readonly upgrade?: Upgrade | undefined;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** One request and its answer on their way through the pipeline. */
export class Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly info: RequestInfo;
  /** Absent when the URL has no query. */
  readonly query: URLSearchParams | undefined;
  readonly auditId: string;
  readonly now: number;
  readonly upgrade: Upgrade | undefined;
  user: UserInfo = NOBODY;
  /** When what the request waits for is given up, on the monotonic clock. */
  deadline = Number.POSITIVE_INFINITY;
  /** Milliseconds it may take; undefined for as long as it likes. */
  timeoutMs: number | undefined;
  /** Where flow control put it, as the answer's headers say: names and values in turn. */
  flowHeaders: readonly string[] = [];
  /** Size of the answer's body, where it was known when it was sent. */
  answeredBytes = 0;
  /** What is being done for it, as traces tell; absent when the request is not traced. */
  span: Span | undefined;
  /** Absent when the request is not audited. */
  audit: AuditTrail | undefined;
  /** Set when somebody was found who serves the request, and metrics tell of it. */
  served: Served | undefined;
  /** Set when what the request is about is going away: with the release it is gone in, where that is known. */
  deprecated: { readonly removedRelease: string } | undefined;
  #warnings: string[] | undefined;
  #abort: AbortController | undefined;

  constructor({ request, response, info, query, auditId, now, upgrade }: Start) {
    this.request = request;
    this.response = response;
    this.info = info;
    this.query = query;
    this.auditId = auditId;
    this.now = now;
    this.upgrade = upgrade;
  }

  get accept(): string | undefined {
    return this.request.headers.accept;
  }

  parameter(name: string): string | undefined {
    return this.query?.get(name) ?? undefined;
  }

  /** Texts for Warning headers, each once. */
  get warnings(): readonly string[] {
    return this.#warnings ?? [];
  }

  /** The request is for something that is going away. Upstream: `RecordDeprecation…` in `InstrumentRouteFunc` (`pkg/endpoints/metrics`). */
  deprecate(warning: string): void {
    const removedRelease = REMOVED_IN.exec(warning)?.[1] ?? '';
    this.deprecated = { removedRelease };
    this.warn(warning);
    this.audit?.annotate('k8s.io/deprecated', 'true');
    if (removedRelease !== '') this.audit?.annotate('k8s.io/removed-release', removedRelease);
  }

  warn(text: string): void {
    this.#warnings ??= [];
    if (!this.#warnings.includes(text)) this.#warnings.push(text);
  }

  /** Aborted when the client goes away before the answer is out. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      const controller = new AbortController();
      this.#abort = controller;
      this.response.once('close', () => controller.abort());
    }
    return this.#abort.signal;
  }
}
