import { apiError, goJson, goQuote } from '../../api/index.ts';
import { type Clock, parseDuration, type Timer } from '../../runtime/index.ts';
import { LateRequest } from '../registry/late-request.ts';
import type { Exchange } from './exchange.ts';
import { type StatusEncoder, sendError, TEXT_TYPE } from './respond.ts';

/** How often it is looked which requests take too long: they get up to this much more. */
const SWEEP_MS = 1000;
/** The longest that a request waits for others before it is given up: upstream's `requestTimeoutUpperBound`. */
const WAIT_MS_MAX = 34_000;

/** A request that is given less is over before anybody has looked at it. */
const SERVED_MS_MIN = 0.05;

/**
 * Answers 504 for requests that take too long. One timer looks after all of them, so that a request costs no timer of its own. Upstream:
 * apiserver/pkg/endpoints/filters/request_deadline.go, apiserver/pkg/server/filters/timeout.go.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onAborted: ((exchange: Exchange) => void) | undefined;
  /** In the order they began, all with the same time. */
  readonly #running = new Map<Exchange, number>();
  /** Those whose clients gave them less. */
  readonly #shorter = new Map<Exchange, number>();
  #timer: Timer | undefined;
  #closing = false;
  /** Called when nothing is being served any more. */
  #onIdle: (() => void) | undefined;

  /** @param options `onAborted` is told of requests that are given up with half their answer out. */
  constructor(options: { readonly clock: Clock; readonly timeoutMs: number; readonly onAborted?: (exchange: Exchange) => void }) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#onAborted = options.onAborted;
  }

  /** How many requests are being served. */
  get size(): number {
    return this.#running.size + this.#shorter.size;
  }

  /** @throws ApiError (400) for a `timeout` that is none, LateRequest for one in which nothing can be done. */
  begin(exchange: Exchange): void {
    if (this.#closing) exchange.response.shouldKeepAlive = false;
    const asked = askedTimeout(exchange);
    const isShorter = asked !== undefined && asked > 0 && asked < this.#timeoutMs;
    const now = this.#clock.monotonic();
    exchange.timeoutMs = isShorter ? asked : this.#timeoutMs;
    const deadline = now + exchange.timeoutMs;
    exchange.deadline = now + Math.min(exchange.timeoutMs, WAIT_MS_MAX);
    (isShorter ? this.#shorter : this.#running).set(exchange, deadline);
    this.#timer ??= this.#clock.setTimer(SWEEP_MS, () => this.#sweep());
    if (exchange.timeoutMs < SERVED_MS_MIN) throw new LateRequest();
  }

  end(exchange: Exchange): void {
    if (!this.#running.delete(exchange)) this.#shorter.delete(exchange);
    if (this.size === 0) this.#onIdle?.();
  }

  /** Resolves when nothing is being served. */
  async idle(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  /** Connections are closed when what is being served on them is answered. */
  close(): void {
    this.#closing = true;
    for (const { response } of [...this.#running.keys(), ...this.#shorter.keys()]) response.shouldKeepAlive = false;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    // The first that has time left ends the search.
    for (const [exchange, deadline] of this.#running) {
      if (deadline > now) break;
      this.#running.delete(exchange);
      this.#giveUp(exchange);
    }
    for (const [exchange, deadline] of this.#shorter) {
      if (deadline > now) continue;
      this.#shorter.delete(exchange);
      this.#giveUp(exchange);
    }
    if (this.size > 0) this.#timer = this.#clock.setTimer(SWEEP_MS, () => this.#sweep());
  }

  #giveUp(exchange: Exchange): void {
    if (exchange.response.headersSent) this.#onAborted?.(exchange);
    sendGivenUp(exchange);
  }
}

/** Whether a request is given up before those who work on it would stop themselves. */
export const isGivenUpFirst = ({ timeoutMs = 0 }: Exchange): boolean => timeoutMs <= WAIT_MS_MAX;

/** Answers for a request that is given up. */
export const sendGivenUp = (exchange: Exchange): void =>
  sendError(exchange, apiError.timeout('request did not complete within the allotted timeout', 0), bare);

/** The filter that gives a request up writes Go's struct as it is: without its kind, and without saying what it is. */
const bare: StatusEncoder = (_, { kind: _kind, apiVersion: _version, ...status }) => ({
  contentType: TEXT_TYPE,
  body: Buffer.from(`${goJson(status)}\n`),
});

/** The `timeout` of a request in milliseconds; undefined when it names none. @throws ApiError (400), with Go's words. */
function askedTimeout(exchange: Exchange): number | undefined {
  const text = exchange.query?.get('timeout') ?? '';
  if (text === '') return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  const why = /^[+-]?\d+(\.\d*)?$/.test(text) ? 'missing unit in' : 'invalid';
  throw apiError.badRequest(`invalid timeout specified in the request URL - time: ${why} duration ${goQuote(text)}`);
}
