import { Peer, type PeerOptions } from '../../runtime/grpc.ts';
import { Batches, type Clock, type Logger, onAbort } from '../../runtime/index.ts';
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
  readonly #batches: Batches<Span>;
  #peer: Peer | undefined;
  #lost = 0;

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#batches = new Batches({
      waitingMax: QUEUE_MAX,
      batchMax: BATCH_MAX,
      waitMs: DELAY_MS,
      closeMsMax: CLOSE_MS_MAX,
      clock: options.clock,
      write: (spans, signal) => this.#send(spans, signal),
      onLost: (spans, err) => {
        this.#lost += spans.length;
        options.logger.warn({ err, target: options.target, lost: this.#lost }, 'spans cannot be sent, they are lost');
      },
    });
  }

  take(span: Span): void {
    if (!this.#batches.take(span) && !this.#batches.isClosed) this.#lost++;
  }

  /** Sends what there still is. */
  async close(): Promise<void> {
    await this.#batches.close();
    this.#peer?.close();
  }

  async #send(spans: readonly Span[], signal: AbortSignal): Promise<void> {
    const { target, who, clock } = this.#options;
    const peer = await this.#opened({ target, clock });
    signal.throwIfAborted();
    using _late = onAbort(signal, () => peer.close());
    await peer.call(EXPORT, exportRequest(who, spans), EXPORT_MS_MAX);
  }

  async #opened(options: PeerOptions): Promise<Peer> {
    this.#peer ??= await Peer.open(options);
    return this.#peer;
  }
}
