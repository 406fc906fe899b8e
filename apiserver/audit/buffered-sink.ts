import type { Clock, Timer } from '../../runtime/index.ts';
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

/** Upstream's `--audit-…-batch-…`. */
export interface BatchOptions {
  /** Events that may wait; more are lost. */
  readonly eventsMax: number;
  readonly batchMax: number;
  /** How long a batch waits to be full. */
  readonly waitMs: number;
  /** Batches a second, and how many at once after a pause; as many as there are unless given. */
  readonly throttle?: { readonly qps: number; readonly burst: number } | undefined;
}

export interface BufferedSinkOptions extends BatchOptions {
  readonly writer: BatchWriter;
  readonly losses: AuditLosses;
  readonly clock: Clock;
}

/**
 * Lets requests go on while events are written behind them.
 *
 *     take → queue (bounded) → batch: full, or old enough → throttle → writer
 *
 * One batch is written at a time, so that events arrive in order; upstream sends several at once. Upstream: apiserver/plugin/pkg/audit/buffered.
 */
export class BufferedSink implements AuditSink {
  readonly plugin = 'buffered';
  readonly strict = false;
  readonly #options: BufferedSinkOptions;
  readonly #closing = new AbortController();
  /** Resolves with the end. */
  readonly #closed = new Promise<void>((resolve) => this.#closing.signal.addEventListener('abort', () => resolve()));
  readonly #noTime = new AbortController();
  #queue: AuditEvent[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #tokens: number;
  #tokensAt: number;

  constructor(options: BufferedSinkOptions) {
    this.#options = options;
    this.#tokens = options.throttle?.burst ?? 0;
    this.#tokensAt = options.clock.monotonic();
  }

  take(event: AuditEvent): void {
    const { eventsMax, batchMax, waitMs, clock } = this.#options;
    if (this.#closing.signal.aborted) throw new Error('audit backend shut down');
    if (this.#queue.length >= eventsMax) throw new Error('audit buffer queue blocked');
    this.#queue.push(event);
    if (this.#writing !== undefined) return;
    if (this.#queue.length >= batchMax || waitMs === 0) this.#begin();
    else this.#timer ??= clock.setTimer(waitMs, () => this.#begin());
  }

  async close(): Promise<void> {
    const { clock, writer } = this.#options;
    this.#closing.abort();
    const late = clock.setTimer(CLOSE_MS_MAX, () => this.#noTime.abort());
    while (this.#writing !== undefined || this.#queue.length > 0) {
      this.#begin();
      await this.#writing;
    }
    late.cancel();
    await writer.close();
  }

  #begin(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Writes full batches; when it began for another reason, or for the end, what there is. */
  async #writeAll(): Promise<void> {
    const { writer, batchMax, losses, waitMs, clock } = this.#options;
    while (this.#queue.length > 0) {
      await this.#permit();
      const batch = this.#queue.splice(0, batchMax);
      try {
        await writer.write(batch, this.#noTime.signal);
      } catch (error) {
        losses.add(writer.plugin, batch, error);
      }
      const isPatient = waitMs > 0 && !this.#closing.signal.aborted;
      if (isPatient && this.#queue.length > 0 && this.#queue.length < batchMax) {
        this.#timer ??= clock.setTimer(waitMs, () => this.#begin());
        return;
      }
    }
  }

  /** Resolves when another batch may be written: tokens come at a steady rate, up to a bucket full of them. At the end nobody waits. */
  async #permit(): Promise<void> {
    const { throttle, clock } = this.#options;
    if (!throttle || this.#closing.signal.aborted) return;
    const now = clock.monotonic();
    this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#tokensAt) / 1000) * throttle.qps);
    this.#tokensAt = now;
    this.#tokens--;
    if (this.#tokens >= 0) return;
    const waitMs = (-this.#tokens / throttle.qps) * 1000;
    await Promise.race([clock.sleep(waitMs), this.#closed]);
  }
}
