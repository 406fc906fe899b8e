import { apiError } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { attributesOf } from '../pipeline/authorization.ts';
import type { Auditor, AuditTrail, Exchange } from '../pipeline/exchange.ts';
import { isLongRunning } from '../pipeline/flow-control.ts';
import { AuditRecord } from './audit-record.ts';
import type { AuditEvent } from './event.ts';
import { type AuditPolicy, LEVELS, type Level } from './policy.ts';
import type { AuditLosses, AuditSink } from './sink.ts';

export interface AuditLogOptions {
  readonly policy: AuditPolicy;
  readonly sinks: readonly AuditSink[];
  readonly losses: AuditLosses;
  /** A request's body as JSON, whatever it was encoded in; undefined when it cannot be told. */
  bodyOf(exchange: Exchange): unknown;
  readonly clock: Clock;
}

/**
 * Notes who did what, one event for each stage of a request that the policy asks for. Every place for events has it before the answer's last byte
 * leaves. Upstream: apiserver/pkg/endpoints/filters/audit.go.
 */
export class AuditLog implements Auditor {
  readonly #options: AuditLogOptions;
  readonly #levels = new Map<Level, number>(LEVELS.map((level) => [level, 0]));
  #events = 0;
  #rejected = 0;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  begin(exchange: Exchange): AuditTrail | undefined {
    const record = this.#record(exchange);
    if (!record) return undefined;
    if (!record.received()) {
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
    const { sinks, losses } = this.#options;
    const counts = new Map([...sinks.map(({ plugin }) => [plugin, 0] as const), ...losses.entries()]);
    const errors = [...counts].map(([plugin, count]) => `{plugin="${plugin}"} ${count}`);
    const lines = [
      ...counter('apiserver_audit_event_total', 'Audit events written.', [` ${this.#events}`]),
      ...counter('apiserver_audit_error_total', 'Audit events that could not be written.', errors),
      ...counter('apiserver_audit_level_total', 'Requests by the level at which they are audited.', levels),
      ...counter('apiserver_audit_requests_rejected_total', 'Requests refused because they could not be audited.', [` ${this.#rejected}`]),
    ];
    return `${lines.join('\n')}\n`;
  }

  async close(): Promise<void> {
    for (const sink of this.#options.sinks) await sink.close();
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

  /** @returns false when a place has lost it that must not. */
  #write(event: AuditEvent): boolean {
    const { sinks, losses } = this.#options;
    this.#events++;
    let isKept = true;
    for (const sink of sinks) {
      try {
        sink.take(event);
      } catch (error) {
        losses.add(sink.plugin, [event], error);
        isKept &&= !sink.strict;
      }
    }
    return isKept;
  }
}
