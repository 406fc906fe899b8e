import { stringifyJson } from '../../api/index.ts';
import { loadKubeconfig } from '../../client/index.ts';
import { Backoff, type Clock, type Dial, type Random } from '../../runtime/index.ts';
import { PeerClient } from '../auth/json-http.ts';
import type { BatchWriter } from './buffered-sink.ts';
import type { AuditEvent } from './event.ts';

/** How often events are posted that the webhook does not take, and how the time between grows. Upstream: `DefaultRetryBackoffWithInitialDelay`. */
const TRIES_MAX = 5;
const RETRY_FACTOR = 1.5;
const RETRY_JITTER = 0.2;
/** How long the webhook may take for one list. */
const POST_MS_MAX = 30_000;

export interface WebhookWriterOptions {
  /** A kubeconfig: its cluster is the webhook, its user is us. */
  readonly kubeconfig: string;
  /** The wait before the second try. */
  readonly retryMs: number;
  /** Bytes of events that are posted at once. */
  readonly bytesMax?: number | undefined;
  /** The way there; direct unless given. */
  readonly dial?: Dial | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** Posts events to a webhook, as audit.k8s.io/v1 EventLists. Upstream: apiserver/plugin/pkg/audit/webhook. */
export class WebhookWriter implements BatchWriter {
  readonly plugin = 'webhook';
  readonly #options: WebhookWriterOptions;
  readonly #url: string;
  readonly #client: PeerClient;

  /** @throws UserError when the kubeconfig cannot be read. */
  constructor(options: WebhookWriterOptions) {
    const { server, ca, cert, key, token, insecureSkipTlsVerify, tlsServerName } = loadKubeconfig(options.kubeconfig, { withPath: true });
    this.#options = options;
    this.#url = server;
    const { clock, dial } = options;
    this.#client = new PeerClient({ ca, cert, key, token, insecureSkipTlsVerify, tlsServerName, timeoutMs: POST_MS_MAX, dial, clock });
  }

  async write(events: readonly AuditEvent[], signal: AbortSignal): Promise<void> {
    for (const list of this.#lists(events)) await this.#post(list, signal);
  }

  close(): void {
    this.#client.close();
  }

  /** The texts of lists that are small enough. */
  #lists(events: readonly AuditEvent[]): string[] {
    const { bytesMax = Number.POSITIVE_INFINITY } = this.#options;
    const lists: string[][] = [];
    let bytes = 0;
    for (const text of events.map((event) => stringifyJson(event))) {
      const size = Buffer.byteLength(text);
      if (lists.length === 0 || bytes + size > bytesMax) {
        lists.push([]);
        bytes = 0;
      }
      bytes += size;
      lists.at(-1)?.push(text);
    }
    return lists.map((items) => `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items.join(',')}]}`);
  }

  async #post(list: string, signal: AbortSignal): Promise<void> {
    const { clock, random, retryMs } = this.#options;
    const backoff = new Backoff({
      random,
      delayMs: retryMs,
      delayMsMax: Number.POSITIVE_INFINITY,
      factor: RETRY_FACTOR,
      jitter: RETRY_JITTER,
    });
    for (let tries = 1; ; tries++) {
      const problem = await this.#try(list);
      if (!problem) return;
      if (tries === TRIES_MAX || signal.aborted) throw problem;
      await clock.sleep(backoff.next(), signal);
    }
  }

  async #try(list: string): Promise<Error | undefined> {
    try {
      const { status, text } = await this.#client.postText(this.#url, list);
      if (status >= 200 && status <= 299) return undefined;
      return new Error(`the audit webhook answered ${status}: ${text.slice(0, ANSWER_CHARS_MAX)}`);
    } catch (cause) {
      return new Error(`Post ${JSON.stringify(this.#url)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

/** Of a webhook's refusal, what is told. */
const ANSWER_CHARS_MAX = 500;
