import type { Logger } from '../../runtime/index.ts';
import type { AuditEvent } from './event.ts';

/** A place where audit events go: a file, a webhook, directly or by way of a buffer. */
export interface AuditSink {
  /** Its name in metrics. */
  readonly plugin: string;
  /** Whether a request is refused of which no note can be taken here (`blocking-strict`). */
  readonly strict: boolean;
  /** @throws when the event is lost. */
  take(event: AuditEvent): void;
  /** Writes what it still has, within some seconds, and lets go of everything. */
  close(): Promise<void>;
}

/** Counts what is lost, by the name of who lost it. */
export class AuditLosses {
  readonly #logger: Logger;
  readonly #counts = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(plugin: string, events: readonly AuditEvent[], err: unknown): void {
    this.#counts.set(plugin, this.of(plugin) + events.length);
    this.#logger.error(
      { err, plugin, auditIDs: events.slice(0, IDS_MAX).map(({ auditID }) => auditID) },
      'audit events could not be written',
    );
  }

  of(plugin: string): number {
    return this.#counts.get(plugin) ?? 0;
  }

  /** Who lost some, and how many. */
  entries(): Iterable<readonly [string, number]> {
    return this.#counts;
  }
}

/** Audit IDs that are told of one loss. */
const IDS_MAX = 10;
