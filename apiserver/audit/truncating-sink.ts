import { stringifyJson } from '../../api/index.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLosses, AuditSink } from './sink.ts';

const TRUNCATED = 'audit.k8s.io/truncated';

export interface TruncatingSinkOptions {
  readonly next: AuditSink;
  readonly eventBytesMax: number;
  readonly losses: AuditLosses;
}

/** Takes the bodies out of events that are too large, and loses those that still are. Upstream: apiserver/plugin/pkg/audit/truncate. */
export class TruncatingSink implements AuditSink {
  readonly #options: TruncatingSinkOptions;

  constructor(options: TruncatingSinkOptions) {
    this.#options = options;
  }

  get plugin(): string {
    return this.#options.next.plugin;
  }

  get strict(): boolean {
    return this.#options.next.strict;
  }

  take(event: AuditEvent): void {
    const { next, eventBytesMax, losses } = this.#options;
    const isTooLarge = (it: AuditEvent) => Buffer.byteLength(stringifyJson(it)) > eventBytesMax;
    const taken = event.level !== 'Metadata' && isTooLarge(event) ? withoutBodies(event) : event;
    if (isTooLarge(taken)) losses.add('truncate', [event], new Error('event is too large even after truncating'));
    else next.take(taken);
  }

  close(): Promise<void> {
    return this.#options.next.close();
  }
}

const withoutBodies = (event: AuditEvent): AuditEvent => ({
  ...event,
  requestObject: undefined,
  responseObject: undefined,
  annotations: { ...event.annotations, [TRUNCATED]: 'true' },
});
