/**
 * The members of an etcd cluster, as one thing to call.
 *
 * 1. One member is used for everything, until it fails; then the next one, at once. Which one is first is left to chance, so that many processes
 *    spread over the members.
 * 2. What only reads is tried again, on the next member, until it is answered or its time is over.
 * 3. A write is tried again only when it certainly was not done (not sent, or refused before anything was proposed). Otherwise whether it was
 *    done is unknown, and the error says so.
 * 4. Every call is bounded in time.
 */
import { Backoff, type Clock, holdProcess, type Logger, type Random } from '../../runtime/index.ts';
import type { Method } from '../rpc/index.ts';
import { StoreError } from '../store.ts';
import { CallError, type Duplex, type Endpoint } from './endpoint.ts';
import { type CallFailure, GRPC, isMembersFault, isPassing, isUndone, needsChange, storeError } from './errors.ts';

/** How long a member that failed is not used while there is another. */
const SUSPECT_MS = 5000;
/** Between rounds over all the members. */
const ROUND_MS = 20;
const ROUND_MS_MAX = 500;
/** The share of a read's time that one of several members gets. */
const ATTEMPTS_PER_READ = 3;

export interface ClusterOptions {
  readonly endpoints: readonly Endpoint[];
  readonly requestTimeoutMs: number;
  readonly dialTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Attempt<S> {
  readonly method: Method<unknown, never, S, never>;
  readonly bytes: Buffer;
  readonly reads: boolean;
  readonly timeoutMs: number;
  readonly once: boolean;
}

interface Failed {
  readonly endpoint: Endpoint;
  readonly failure: CallFailure;
}

export interface CallOptions {
  /** Default the cluster's request timeout. */
  readonly timeoutMs?: number | undefined;
  /** Tries every member once, and no more. */
  readonly once?: boolean | undefined;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #suspectUntil = new Map<Endpoint, number>();
  readonly #onSuspect = new Set<(endpoint: Endpoint) => void>();
  #current: number;
  #pending = 0;
  #idle: (() => void) | undefined;
  #closed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#current = options.random.integer(options.endpoints.length);
  }

  get endpoints(): readonly Endpoint[] {
    return this.#options.endpoints;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A call that changes nothing. */
  read<QD, S>(method: Method<unknown, QD, S, never>, request: QD, options?: CallOptions): Promise<S> {
    return this.#call(this.#attempt(method, request, true, options));
  }

  /** A call that may change something. */
  write<QD, S>(method: Method<unknown, QD, S, never>, request: QD, options?: CallOptions): Promise<S> {
    return this.#call(this.#attempt(method, request, false, options));
  }

  /** A call to one member. */
  async ask<QD, S>(endpoint: Endpoint, method: Method<unknown, QD, S, never>, request: QD, { timeoutMs }: CallOptions = {}): Promise<S> {
    this.#begin();
    try {
      return await endpoint.call(method, method.requestSerialize(request), timeoutMs ?? this.#options.requestTimeoutMs);
    } catch (error) {
      throw storeError(asFailure(error));
    } finally {
      this.#end();
    }
  }

  /** A stream to the member that is used now; undefined when it has no connection. */
  async open<QD, S>(
    method: Method<unknown, QD, S, never>,
  ): Promise<{ readonly endpoint: Endpoint; readonly stream: Duplex<QD, S> } | undefined> {
    const endpoint = this.#choose();
    if (!endpoint.connected) await endpoint.settle(this.#share(this.#options.dialTimeoutMs));
    if (this.#closed) return undefined;
    if (!endpoint.connected) {
      this.suspect(endpoint, 'no connection');
      return undefined;
    }
    return { endpoint, stream: endpoint.open(method) };
  }

  /** Leaves a member alone for a while, and tells those that have streams to it; when there is another. */
  suspect(endpoint: Endpoint, details: string): void {
    const { clock, logger, endpoints } = this.#options;
    if (endpoints.length === 1 || this.#closed) return;
    const before = this.#isSuspect(endpoint);
    this.#suspectUntil.set(endpoint, clock.monotonic() + SUSPECT_MS);
    if (before) return;
    logger.warn({ endpoint: endpoint.url, details }, 'etcd member fails, another one is used');
    for (const tell of this.#onSuspect) tell(endpoint);
  }

  /** Calls `tell` with each member that begins to fail. */
  onSuspect(tell: (endpoint: Endpoint) => void): Disposable {
    this.#onSuspect.add(tell);
    return { [Symbol.dispose]: () => this.#onSuspect.delete(tell) };
  }

  /** Takes no more calls; resolves when those that are under way are done. */
  async drain(): Promise<void> {
    this.#closed = true;
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Lets the connections go. */
  close(): void {
    for (const endpoint of this.endpoints) endpoint.close();
  }

  #attempt<QD, S>(method: Method<unknown, QD, S, never>, request: QD, reads: boolean, options?: CallOptions): Attempt<S> {
    const timeoutMs = options?.timeoutMs ?? this.#options.requestTimeoutMs;
    return { method, bytes: method.requestSerialize(request), reads, timeoutMs, once: options?.once ?? false };
  }

  #begin(): void {
    if (this.#closed) throw new StoreError('Closed', 'the store is closed');
    this.#pending++;
  }

  #end(): void {
    this.#pending--;
    if (this.#pending === 0) this.#idle?.();
  }

  async #call<S>(attempt: Attempt<S>): Promise<S> {
    this.#begin();
    const end = this.#options.clock.monotonic() + attempt.timeoutMs;
    const endpoint = this.#choose();
    try {
      // The usual way, without anything that it does not need.
      if (endpoint.connected) return await endpoint.call(attempt.method, attempt.bytes, this.#attemptMs(attempt, attempt.timeoutMs));
      return await this.#persist(attempt, end);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      return await this.#persist(attempt, end, { endpoint, failure: asFailure(error) });
    } finally {
      this.#end();
    }
  }

  /** Goes on trying until `end`, after a first failure if there was one. */
  async #persist<S>(attempt: Attempt<S>, end: number, first?: Failed): Promise<S> {
    const { clock, random, endpoints } = this.#options;
    using _hold = holdProcess();
    const backoff = new Backoff({ random, delayMs: ROUND_MS, delayMsMax: ROUND_MS_MAX });
    let failed = first;
    for (let tries = first ? 1 : 0; ; tries++) {
      if (failed) this.#judge(attempt, failed, tries);
      const delayMs = failed && tries % endpoints.length === 0 ? backoff.next() : 0;
      if (failed && clock.monotonic() + delayMs >= end) throw storeError(failed.failure);
      if (delayMs > 0) await clock.sleep(delayMs);
      const endpoint = this.#choose();
      try {
        return await this.#try(endpoint, attempt, end);
      } catch (error) {
        failed = { endpoint, failure: asFailure(error) };
      }
    }
  }

  async #try<S>(endpoint: Endpoint, attempt: Attempt<S>, end: number): Promise<S> {
    const { clock, dialTimeoutMs } = this.#options;
    if (!endpoint.connected) await endpoint.settle(this.#share(Math.min(end - clock.monotonic(), dialTimeoutMs)));
    const left = end - clock.monotonic();
    if (left <= 0) throw new CallError({ code: GRPC.unavailable, details: `No connection established to ${endpoint.url} in time` });
    const answer = await endpoint.call(attempt.method, attempt.bytes, this.#attemptMs(attempt, left));
    this.#suspectUntil.delete(endpoint);
    return answer;
  }

  /** Avoids the member when it is to blame. @throws StoreError unless the call is to be tried again. */
  #judge({ reads, once }: Attempt<unknown>, { endpoint, failure }: Failed, tries: number): void {
    if (isMembersFault(failure)) this.suspect(endpoint, failure.details);
    const undone = reads || isUndone(failure);
    const lasting = tries >= this.endpoints.length && (once || needsChange(failure.details));
    if (!undone || !isPassing(failure) || lasting || this.#closed) throw storeError(failure, { unknown: !undone });
  }

  #attemptMs({ reads }: Attempt<unknown>, left: number): number {
    return reads ? this.#share(left) : left;
  }

  /** The part of some time that one member gets, when others are to have their chance. */
  #share(ms: number): number {
    return ms / Math.min(this.endpoints.length, ATTEMPTS_PER_READ);
  }

  #isSuspect(endpoint: Endpoint): boolean {
    return (this.#suspectUntil.get(endpoint) ?? 0) > this.#options.clock.monotonic();
  }

  /** The member used last; the next one that is not suspect; or the one that failed longest ago. */
  #choose(): Endpoint {
    const { endpoints } = this.#options;
    for (let tries = 0; tries < endpoints.length; tries++) {
      const endpoint = endpoints[this.#current];
      if (endpoint && (this.#suspectUntil.size === 0 || !this.#isSuspect(endpoint))) return endpoint;
      this.#current = (this.#current + 1) % endpoints.length;
    }
    const since = (endpoint: Endpoint) => this.#suspectUntil.get(endpoint) ?? 0;
    return endpoints.reduce((best, each) => (since(each) < since(best) ? each : best));
  }
}

function asFailure(error: unknown): CallFailure {
  if (error instanceof CallError) return error;
  throw error;
}
