import { formatDuration } from '../../../api/index.ts';
import { loadKubeconfig } from '../../../client/index.ts';
import { Backoff, type Clock, type Dial, type Random } from '../../../runtime/index.ts';
import { RedirectError } from '../../http/redirects.ts';
import type { WebhookResult } from '../../pipeline/webhook-metrics.ts';
import { addressIn, inGo } from '../../webhook/index.ts';
import { PeerClient } from '../json-http.ts';

/** Tries of one question, and the pauses between them: upstream's `DefaultRetryBackoffWithInitialDelay(500ms)`. */
const TRIES_MAX = 5;
const RETRY_MS = 500;
/** How many times as long as the first pause is the longest. */
const RETRY_FACTOR_MAX = 8;

/** Statuses after which another try may succeed: upstream's `DefaultShouldRetry`. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 500, 504]);

const GATEWAY_TIMEOUT = 504;
const NANOS_PER_MS = 1_000_000n;

/** A webhook did not answer, or not as it should. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError';
  readonly result: Exclude<WebhookResult, 'success'>;

  constructor(result: Exclude<WebhookResult, 'success'>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.result = result;
  }
}

export interface ReviewClientOptions {
  /** A kubeconfig: its cluster is the webhook, its user is us. */
  readonly kubeconfig: string;
  readonly timeoutMs: number;
  /** The first pause between tries; half a second unless given. */
  readonly retryMs?: number | undefined;
  /** The way there; direct unless given. */
  readonly dial?: Dial | undefined;
  /** Told what came of each try, and how long it took. */
  onTry?(result: WebhookResult, seconds: number): void;
  readonly clock: Clock;
  readonly random: Random;
}

/** Posts reviews to a webhook, to the very URL that its kubeconfig names, which is told how long it has (client-go, `Request.URL`). */
export class ReviewClient {
  readonly #options: ReviewClientOptions;
  readonly #url: string;
  readonly #client: PeerClient;
  readonly #stopped = new AbortController();

  /** @throws UserError when the kubeconfig cannot be read. */
  constructor(options: ReviewClientOptions) {
    const { server, ca, cert, key, token, insecureSkipTlsVerify, tlsServerName } = loadKubeconfig(options.kubeconfig, { withPath: true });
    this.#options = options;
    const { timeoutMs, dial, clock } = options;
    const url = new URL(server);
    url.search = `?timeout=${encodeURIComponent(formatDuration(BigInt(timeoutMs) * NANOS_PER_MS))}`;
    this.#url = url.href;
    this.#client = new PeerClient({ ca, cert, key, token, insecureSkipTlsVerify, tlsServerName, timeoutMs, dial, clock });
  }

  /** Resolves with what was answered. Rejects when there is no answer, after some tries. */
  async ask(review: object): Promise<unknown> {
    const { clock, random, onTry, retryMs = RETRY_MS } = this.#options;
    const backoff = new Backoff({ random, delayMs: retryMs, delayMsMax: retryMs * RETRY_FACTOR_MAX });
    for (let tries = 1; ; tries++) {
      const start = clock.monotonic();
      const outcome = await this.#try(review);
      onTry?.('answer' in outcome ? 'success' : outcome.error.result, (clock.monotonic() - start) / 1000);
      if ('answer' in outcome) return outcome.answer;
      if (!outcome.again || tries === TRIES_MAX) throw outcome.error;
      await clock.sleep(backoff.next(), this.#stopped.signal);
    }
  }

  close(): void {
    this.#stopped.abort();
    this.#client.close();
  }

  async #try(review: object): Promise<{ answer: unknown } | { error: ReviewError; again: boolean }> {
    try {
      const { status, text } = await this.#client.post(this.#url, review);
      if (status >= 200 && status <= 299) return { answer: JSON.parse(text) };
      const why = `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`;
      const error = new ReviewError(status === GATEWAY_TIMEOUT ? 'timeout' : 'error', why);
      return { error, again: RETRIED_STATUS.has(status) };
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      const isLate = code === 'ABORT_ERR' || (cause instanceof Error && cause.name === 'TimeoutError');
      const result = isLate ? 'timeout' : 'error';
      const url = cause instanceof RedirectError ? cause.url : this.#url;
      const why = inGo(cause, addressIn(new URL(url)));
      return { error: new ReviewError(result, `Post ${JSON.stringify(url)}: ${why}`, { cause }), again: code === 'ECONNRESET' };
    }
  }
}
