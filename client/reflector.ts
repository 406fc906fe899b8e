import { strict as assert } from 'node:assert';
import { ApiError, groupResourceOf, isExpired, isTooManyRequests, type KubeObject, type Live } from '../api/index.ts';
import { Backoff, type Clock, type Logger, type Random } from '../runtime/index.ts';
import { errorFields } from './errors.ts';
import { REFLECTOR_TRANSITIONS, type ReflectorEvent, type ReflectorState } from './reflector-state.ts';
import { TurnSlice } from './turn-slice.ts';
import type { ObjectEvent, ResourceClient, Selection } from './types.ts';

/** Objects asked for at once, unless told otherwise: some megabytes, and some tens of milliseconds to parse. */
const PAGE_SIZE_DEFAULT = 1000;
const RETRY_MS = 250;
const RETRY_MS_MAX = 30_000;
/** A watch that has lived this long was in order: delays start over. */
const HEALTHY_MS = 5000;
/** A watch that ends sooner than this and brought nothing is no watch. */
const SHORT_WATCH_MS = 1000;
/** Watches are asked to end after a random time between these, so that they spread over several API servers. */
const WATCH_SECONDS_MIN = 300;
const WATCH_SECONDS_MAX = 600;
/** From this many failures in a row on, they are logged as warnings, then as errors. */
const FAILURES_WARN = 2;
const FAILURES_ERROR = 6;

/** Where a reflector puts what it sees. */
export interface ReflectorSink<T extends KubeObject> {
  /** A list begins: what is not in one of its pages is gone. */
  listBegins(): void;
  page(items: readonly Live<T>[]): void;
  /** All pages were given. */
  listed(): void;
  event(event: ObjectEvent<T>): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly resource: ResourceClient<T>;
  readonly selection: Selection;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pageSize?: number | undefined;
}

/** Makes a sink follow the API server's objects: lists, then watches. All decisions are in `REFLECTOR_TRANSITIONS`. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  readonly #slice: TurnSlice;
  #state: ReflectorState = 'idle';
  #resourceVersion = '';
  #failure: unknown;
  /** Whether the watch about to begin is the first one from a list. */
  #fresh = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#logger = options.logger.child({ resource: groupResourceOf(options.resource.kind) });
    this.#slice = new TurnSlice(options.clock);
    this.#backoff = new Backoff({ random: options.random, delayMs: RETRY_MS, delayMsMax: RETRY_MS_MAX });
  }

  get state(): ReflectorState {
    return this.#state;
  }

  /** The version up to which the sink has seen everything. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Runs until the signal; never rejects for what a server does. */
  async run(signal: AbortSignal): Promise<void> {
    this.#move('start');
    while (this.#state !== 'stopped') this.#move(signal.aborted ? 'stop' : await this.#act(signal));
  }

  #move(event: ReflectorEvent): void {
    const next = REFLECTOR_TRANSITIONS[this.#state][event];
    assert(next !== 'never', `reflector: ${event} while ${this.#state}`);
    this.#logger.trace({ from: this.#state, event, to: next }, 'reflector moved');
    this.#state = next;
  }

  async #act(signal: AbortSignal): Promise<ReflectorEvent> {
    try {
      switch (this.#state) {
        case 'listing':
          return await this.#list(this.#options.pageSize ?? PAGE_SIZE_DEFAULT, signal);
        case 'listingWhole':
          return await this.#list(undefined, signal);
        case 'watching':
          return await this.#watch(signal);
        case 'waitingToList':
        case 'waitingToWatch':
          return await this.#wait(signal);
        case 'idle':
        case 'stopped':
          return 'stop';
      }
    } catch (error) {
      if (signal.aborted) return 'stop';
      this.#failure = error;
      return outcomeOf(error);
    }
  }

  async #list(limit: number | undefined, signal: AbortSignal): Promise<ReflectorEvent> {
    const { resource, selection, sink } = this.#options;
    sink.listBegins();
    let token: string | undefined;
    do {
      const { metadata, items } = await resource.list({ ...selection, limit, continue: token, signal });
      sink.page(items);
      token = metadata.continue === '' ? undefined : metadata.continue;
      this.#resourceVersion = metadata.resourceVersion;
    } while (token !== undefined);
    sink.listed();
    this.#fresh = true;
    return 'listed';
  }

  async #watch(signal: AbortSignal): Promise<ReflectorEvent> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    const startedFrom = this.#resourceVersion;
    const fresh = this.#fresh;
    this.#fresh = false;
    const lifeMs = () => clock.monotonic() - startedAt;
    try {
      await this.#follow(signal);
    } catch (error) {
      if (!isExpired(error) || !fresh || this.#resourceVersion !== startedFrom || lifeMs() >= HEALTHY_MS) throw error;
      this.#failure = error;
      return 'stale';
    } finally {
      if (lifeMs() >= HEALTHY_MS) this.#backoff.reset();
    }
    if (this.#resourceVersion !== startedFrom || lifeMs() >= SHORT_WATCH_MS) return 'ended';
    this.#failure = new Error('the watch ended at once, without an event');
    return 'failed';
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { resource, selection, sink, random } = this.#options;
    const timeoutSeconds = WATCH_SECONDS_MIN + random.integer(WATCH_SECONDS_MAX - WATCH_SECONDS_MIN);
    const resourceVersion = this.#resourceVersion;
    const batches = resource.watchBatches({ ...selection, resourceVersion, allowWatchBookmarks: true, timeoutSeconds, signal });
    for await (const batch of batches) {
      for (const event of batch) {
        if (this.#slice.isUsedUp()) {
          await this.#slice.nextTurn();
          signal.throwIfAborted();
        }
        if (event.type !== 'BOOKMARK') sink.event(event);
        this.#resourceVersion = event.object.metadata.resourceVersion;
      }
    }
  }

  async #wait(signal: AbortSignal): Promise<ReflectorEvent> {
    const delayMs = this.#backoff.next();
    const { tries } = this.#backoff;
    const level = tries < FAILURES_WARN ? 'info' : tries < FAILURES_ERROR ? 'warn' : 'error';
    this.#logger[level]({ tries, delayMs, state: this.#state, ...errorFields(this.#failure) }, 'list or watch failed, will retry');
    await this.#options.clock.sleep(delayMs, signal);
    return 'elapsed';
  }
}

function outcomeOf(error: unknown): ReflectorEvent {
  if (isExpired(error)) return 'expired';
  return error instanceof ApiError && !isTooManyRequests(error) ? 'rejected' : 'failed';
}
