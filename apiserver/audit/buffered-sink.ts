import { Batches, type BatchLimits, type Clock } from '../../runtime/index.ts';
import type { AuditEvent } from './event.ts';
import type { AuditLosses, AuditSink } from './sink.ts';

/** How long events that are left may take to be written when the server stops. */
const CLOSE_MS_MAX = 2000;

/** What gets events in batches. */
export interface BatchWriter {
  readonly plugin: string;
  /** @param signal aborted when there is no time for another try. */
  write(events: readonly AuditEvent[], signal: AbortSignal): Promise<void> | void;
  close(): Promise<void> | void;
}

export interface BufferedSinkOptions extends BatchLimits {
  readonly writer: BatchWriter;
  readonly losses: AuditLosses;
  readonly clock: Clock;
}

/**
 * Lets requests go on while events are written behind them, a batch at a time; upstream sends several at once. Its limits are upstream's
 * `--audit-…-batch-…`. Upstream: apiserver/plugin/pkg/audit/buffered.
 */
export class BufferedSink implements AuditSink {
  readonly plugin = 'buffered';
  readonly strict = false;
  readonly #writer: BatchWriter;
  readonly #batches: Batches<AuditEvent>;

  constructor({ writer, losses, ...limits }: BufferedSinkOptions) {
    this.#writer = writer;
    this.#batches = new Batches({
      ...limits,
      closeMsMax: CLOSE_MS_MAX,
      write: (events, signal) => writer.write(events, signal),
      onLost: (events, error) => losses.add(writer.plugin, events, error),
    });
  }

  take(event: AuditEvent): void {
    if (this.#batches.isClosed) throw new Error('audit backend shut down');
    if (!this.#batches.take(event)) throw new Error('audit buffer queue blocked');
  }

  async close(): Promise<void> {
    await this.#batches.close();
    await this.#writer.close();
  }
}
