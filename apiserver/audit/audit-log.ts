import { apiError, stringifyJson } from '../../api/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';
import { attributesOf } from '../pipeline/authorization.ts';
import type { Auditor, AuditTrail, Exchange } from '../pipeline/exchange.ts';
import { isLongRunning } from '../pipeline/flow-control.ts';
import { AuditRecord } from './audit-record.ts';
import type { AuditEvent } from './event.ts';
import { type AuditPolicy, LEVELS, type Level } from './policy.ts';
import type { RotatingFile } from './rotating-file.ts';

export interface AuditLogOptions {
  readonly policy: AuditPolicy;
  readonly file: RotatingFile;
  /** Whether a request is refused of which no note can be taken (`--audit-log-mode=blocking-strict`). */
  readonly strict: boolean;
  /** A request's body as JSON, whatever it was encoded in; undefined when it cannot be told. */
  bodyOf(exchange: Exchange): unknown;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Notes who did what, one JSON line for each stage of a request that the policy asks for. A line is with the operating system before the answer's
 * last byte leaves. Upstream: apiserver/pkg/endpoints/filters/audit.go, apiserver/plugin/pkg/audit/log.
 */
export class AuditLog implements Auditor {
  readonly #options: AuditLogOptions;
  readonly #levels = new Map<Level, number>(LEVELS.map((level) => [level, 0]));
  #events = 0;
  #errors = 0;
  #rejected = 0;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  begin(exchange: Exchange): AuditTrail | undefined {
    const record = this.#record(exchange);
    if (!record) return undefined;
    if (!record.received() && this.#options.strict) {
      this.#rejected++;
      throw apiError.internal('failed to store audit event');
    }
    record.follow(isLongRunning(exchange.info));
    return record;
  }

  refused(exchange: Exchange): void {
    this.#record(exchange)?.refused();
  }

  text(): string {
    const counter = (name: string, help: string, samples: readonly string[]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} counter`,
      ...samples.map((sample) => `${name}${sample}`),
    ];
    const levels = [...this.#levels].map(([level, count]) => `{level="${level}"} ${count}`);
    const lines = [
      ...counter('apiserver_audit_event_total', 'Audit events written.', [` ${this.#events}`]),
      ...counter('apiserver_audit_error_total', 'Audit events that could not be written.', [`{plugin="log"} ${this.#errors}`]),
      ...counter('apiserver_audit_level_total', 'Requests by the level at which they are audited.', levels),
      ...counter('apiserver_audit_requests_rejected_total', 'Requests refused because they could not be audited.', [` ${this.#rejected}`]),
    ];
    return `${lines.join('\n')}\n`;
  }

  close(): void {
    this.#options.file.close();
  }

  #record(exchange: Exchange): AuditRecord | undefined {
    const { policy, clock, bodyOf } = this.#options;
    const decision = policy.decide(attributesOf(exchange.user, exchange.info));
    this.#levels.set(decision.level, (this.#levels.get(decision.level) ?? 0) + 1);
    if (decision.level === 'None') return undefined;
    return new AuditRecord(exchange, decision, {
      write: (event) => this.#write(event),
      now: () => clock.now(),
      bodyOf: () => bodyOf(exchange),
    });
  }

  #write(event: AuditEvent): boolean {
    try {
      this.#options.file.write(`${stringifyJson(event)}\n`);
      this.#events++;
      return true;
    } catch (error) {
      this.#errors++;
      this.#options.logger.error({ err: error, auditID: event.auditID }, 'an audit event could not be written');
      return false;
    }
  }
}
