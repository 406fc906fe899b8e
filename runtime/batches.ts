import type { Clock, Timer } from './clock.ts';

/** How much waits, and how much of it goes at once. Upstream: apiserver, `plugin/pkg/audit/buffered`; OpenTelemetry's batch span processor. */
export interface BatchLimits {
  /** Items that may wait; more are refused. */
  readonly waitingMax: number;
  readonly batchMax: number;
  /** How long a batch waits to be full. */
  readonly waitMs: number;
  /** Batches a second, and how many at once after a pause; as many as there are unless given. */
  readonly throttle?: { readonly qps: number; readonly burst: number } | undefined;
}

export interface BatchesOptions<T> extends BatchLimits {
  /** How long what is left may take to be written at the end. */
  readonly closeMsMax: number;
  readonly clock: Clock;
  /** @param signal aborted when there is no time for another try. */
  write(batch: readonly T[], signal: AbortSignal): Promise<void> | void;
  /** A batch that could not be written. */
  onLost(batch: readonly T[], error: unknown): void;
}

/**
 * Lets work go on while what comes of it is written behind it.
 *
 *     take → queue (bounded) → batch: full, or old enough → throttle → write
 *
 * One batch is written at a time, so that items arrive in order.
 */
export class Batches<T> {
  readonly #options: BatchesOptions<T>;
  readonly #closing = new AbortController();
  /** Resolves with the end. */
  readonly #closed = new Promise<void>((resolve) => this.#closing.signal.addEventListener('abort', () => resolve()));
  readonly #noTime = new AbortController();
  #queue: T[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #tokens: number;
  #tokensAt: number;

  constructor(options: BatchesOptions<T>) {
    this.#options = options;
    this.#tokens = options.throttle?.burst ?? 0;
    this.#tokensAt = options.clock.monotonic();
  }

  /** Whether nothing more is taken. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** @returns false when there is no room for it, or the end has come. */
  take(item: T): boolean {
    const { waitingMax, batchMax, waitMs, clock } = this.#options;
    if (this.isClosed || this.#queue.length >= waitingMax) return false;
    this.#queue.push(item);
    if (this.#writing !== undefined) return true;
    if (this.#queue.length >= batchMax || waitMs === 0) this.#begin();
    else this.#timer ??= clock.setTimer(waitMs, () => this.#begin());
    return true;
  }

  /** Writes what there still is. */
  async close(): Promise<void> {
    const { clock, closeMsMax } = this.#options;
    this.#closing.abort();
    const late = clock.setTimer(closeMsMax, () => this.#noTime.abort());
    while (this.#writing !== undefined || this.#queue.length > 0) {
      this.#begin();
      await this.#writing;
    }
    late.cancel();
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
    const { write, onLost, batchMax, waitMs, clock } = this.#options;
    while (this.#queue.length > 0) {
      await this.#permit();
      const batch = this.#queue.splice(0, batchMax);
      try {
        await write(batch, this.#noTime.signal);
      } catch (error) {
        onLost(batch, error);
      }
      const isPatient = waitMs > 0 && !this.isClosed;
      if (isPatient && this.#queue.length > 0 && this.#queue.length < batchMax) {
        this.#timer ??= clock.setTimer(waitMs, () => this.#begin());
        return;
      }
    }
  }

  /** Resolves when another batch may be written: tokens come at a steady rate, up to a bucket full of them. At the end nobody waits. */
  async #permit(): Promise<void> {
    const { throttle, clock } = this.#options;
    if (!throttle || this.isClosed) return;
    const now = clock.monotonic();
    this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#tokensAt) / 1000) * throttle.qps);
    this.#tokensAt = now;
    this.#tokens--;
    if (this.#tokens >= 0) return;
    const waitMs = (-this.#tokens / throttle.qps) * 1000;
    await Promise.race([clock.sleep(waitMs), this.#closed]);
  }
}
