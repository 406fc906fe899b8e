import type { Clock, Logger, Timer } from '../../runtime/index.ts';
import { Peer } from '../../store/grpc.ts';
import { EXPORT, exportRequest } from './otlp.ts';
import type { Attributes, Span } from './span.ts';

/** Spans that wait to be sent; more are lost. This and the next two: OpenTelemetry's batch span processor. */
const QUEUE_MAX = 2048;
/** Spans sent at once. */
const BATCH_MAX = 512;
/** How long spans wait to be many. */
const DELAY_MS = 5000;
/** How long the collector may take. */
const EXPORT_MS_MAX = 10_000;
/** And how long at the end. */
const CLOSE_MS_MAX = 1000;

export interface ExporterOptions {
  /** Of the collector, as gRPC names it. */
  readonly target: string;
  /** What is said of this process. */
  readonly who: Attributes;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Sends spans to a collector, many at once and behind the requests that they are of. What cannot be sent is lost. */
export class SpanExporter {
  readonly #options: ExporterOptions;
  #hungUp = false;
  #queue: Span[] = [];
  #peer: Promise<Peer> | undefined;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #lost = 0;
  #closed = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
  }

  take(span: Span): void {
    if (this.#closed) return;
    if (this.#queue.length >= QUEUE_MAX) {
      this.#lost++;
      return;
    }
    this.#queue.push(span);
    if (this.#sending !== undefined) return;
    if (this.#queue.length >= BATCH_MAX) this.#begin();
    else this.#timer ??= this.#options.clock.setTimer(DELAY_MS, () => this.#begin());
  }

  /** Sends what there still is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#begin();
    const late = this.#options.clock.setTimer(CLOSE_MS_MAX, () => this.#hangUp());
    await this.#sending;
    late.cancel();
    this.#hangUp();
  }

  /** Ends what is under way; what waits is lost. */
  #hangUp(): void {
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.#peer?.then(
      (peer) => peer.close(),
      () => undefined,
    );
  }

  #begin(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    const { target, who, clock, logger } = this.#options;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_MAX);
      try {
        if (this.#hungUp) throw new Error('the server stops');
        this.#peer ??= Peer.open({ target, clock });
        const peer = await this.#peer;
        await peer.call(EXPORT, exportRequest(who, batch), EXPORT_MS_MAX);
      } catch (error) {
        this.#lost += batch.length;
        logger.warn({ err: error, target, lost: this.#lost }, 'spans cannot be sent, they are lost');
      }
    }
  }
}
