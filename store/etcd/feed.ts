/**
 * What happens in the cluster, revision by revision: one watch of etcd's, over all keys, on a stream of its own.
 *
 * Why all keys: in etcd every revision changes some key, so a watch of all of them is told of every revision, and having been told of revision N means
 * having been told of everything up to N. How far a watch of some keys has come could only be learned from etcd's progress answers, and before
 * 3.4.25 and 3.5.8 those may overtake the events they are about (etcd issue 15220). With several watches in a process it is also the least
 * traffic: each event comes once.
 *
 * ```
 *   narrow --(progress up to the goal)--> wide --(next > goal, everybody has taken what was given)--> live
 *      |   reads no more than its watch takes |   reads no more than its watches take                  |  waits for nobody
 *      +--------------------------------------+----> ended (compacted, refused, no watch left) <-------+
 * ```
 *
 * A watch that begins far in the past reads only its own keys first (`narrow`), where progress can be believed: etcd reads history slowly, 1000
 * revisions that matter every tenth of a second.
 *
 * 1. `#next` is the first revision that has not come yet. A stream that breaks is made again from there, on the member that is used then, so there
 *    is no gap; what comes again below it is passed over, so there is no duplicate.
 * 2. A revision is offered whole: etcd never spreads one over several responses, other than over the fragments of one.
 */
import { Backoff, type Clock, type Logger, type Random, type Timer } from '../../runtime/index.ts';
import {
  type DraftOf,
  EVENT_TYPE,
  type EventMessage,
  MAINTENANCE_SERVICE,
  type MessageOf,
  WATCH_SERVICE,
  type WatchRequest,
  type WatchResponse,
} from '../rpc/index.ts';
import { type KeyRange, type Revision, StoreError, type StoreEvent } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Duplex, Endpoint } from './endpoint.ts';
import { FIRST_KEY, NO_END, type Translator } from './translate.ts';
import type { EtcdWatch, WatchHome } from './watch.ts';

/** How far in the past a watch begins that reads its own keys first: what etcd sends at once is not far. */
const FAR_REVISIONS = 1000;
/** How often a narrow feed asks how far it has come: an etcd that is behind does not answer. */
const PROGRESS_MS = 100;
/** Between tries to have a stream. */
const RETRY_MS = 10;
const RETRY_MS_MAX = 1000;
/** A stream that lasted so long was a good one. */
const GOOD_STREAM_MS = 5000;

type Response = MessageOf<typeof WatchResponse>;
type Request = DraftOf<typeof WatchRequest>;
type WatchStream = Duplex<Request, Response>;

export interface FeedParts {
  readonly cluster: Cluster;
  readonly translator: Translator;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The newest revision that the process knows of. */
  newest(): Revision;
  /** A revision was seen. */
  heard(revision: Revision): void;
}

export interface FeedRequest {
  readonly from: Revision;
  readonly prevKv: boolean;
  /** Of the watch that it is made for. */
  readonly range: KeyRange;
  /** Has caught up: another feed that is live takes its watches over, or sets it a new goal. @returns whether one did either. */
  onCaughtUp(feed: Feed): boolean;
  /** Has no watch left, and has ended. */
  onEmpty(feed: Feed): void;
}

export class Feed implements WatchHome {
  readonly prevKv: boolean;
  readonly #parts: FeedParts;
  readonly #request: FeedRequest;
  readonly #watches = new Set<EtcdWatch>();
  readonly #ending = new AbortController();
  #next: Revision;
  /** What must have come before it is live. */
  #goal: Revision;
  #live = false;
  /** Whether it reads the range of its watch only. */
  #narrow: boolean;
  #asking: Timer | undefined;
  #endpoint: Endpoint | undefined;
  #stream: WatchStream | undefined;
  #fragments: EventMessage[] = [];

  constructor(request: FeedRequest, parts: FeedParts) {
    this.#request = request;
    this.#parts = parts;
    this.prevKv = request.prevKv;
    this.#next = request.from;
    this.#goal = parts.newest();
    this.#live = this.#next > this.#goal;
    this.#narrow = this.#goal - this.#next > FAR_REVISIONS;
  }

  get position(): Revision {
    return this.#next - 1;
  }

  get live(): boolean {
    return this.#live;
  }

  get newest(): Revision {
    return this.#parts.newest();
  }

  get watches(): ReadonlySet<EtcdWatch> {
    return this.#watches;
  }

  get ended(): boolean {
    return this.#ending.signal.aborted;
  }

  join(watch: EtcdWatch): void {
    this.#watches.add(watch);
    watch.home = this;
  }

  leave(watch: EtcdWatch): void {
    this.#watches.delete(watch);
    if (this.#watches.size === 0) this.end();
    else this.#readOn();
  }

  /** Goes on until it ends. */
  async run(): Promise<void> {
    const { clock, random, logger, cluster } = this.#parts;
    const backoff = new Backoff({ random, delayMs: RETRY_MS, delayMsMax: RETRY_MS_MAX });
    while (!this.ended) {
      const began = clock.monotonic();
      const opened = await cluster.open(WATCH_SERVICE.watch);
      const narrow = this.#narrow;
      const reason = opened ? await this.#follow(opened.endpoint, opened.stream) : 'no connection';
      if (this.ended) return;
      if (narrow && !this.#narrow) continue;
      if (clock.monotonic() - began > GOOD_STREAM_MS) backoff.reset();
      const delayMs = backoff.next();
      logger.warn(
        { endpoint: opened?.endpoint.url, reason, from: this.#next, delayMs: Math.round(delayMs) },
        'etcd watch is taken up again',
      );
      await clock.sleep(delayMs, this.#ending.signal).catch(() => undefined);
    }
  }

  /** Leaves a member that fails, when it is the one. */
  avoid(endpoint: Endpoint): void {
    if (endpoint === this.#endpoint) this.#stream?.cancel();
  }

  /** Takes over the watches of a feed that has caught up with this one. */
  takeOver(other: Feed): boolean {
    if (!this.#live || this.ended || other.#next < this.#next) return false;
    for (const watch of [...other.#watches]) {
      this.join(watch);
      other.#watches.delete(watch);
    }
    other.end();
    return true;
  }

  /** Is to catch up with another feed, which is ahead. */
  pursue(goal: Revision): void {
    this.#goal = goal;
  }

  /** @returns why the stream has ended. */
  #follow(endpoint: Endpoint, stream: WatchStream): Promise<string> {
    this.#endpoint = endpoint;
    this.#stream = stream;
    this.#fragments = [];
    return new Promise<string>((resolve) => {
      const done = (reason: string) => {
        if (this.#stream === stream) this.#stream = undefined;
        resolve(reason);
      };
      stream.on('data', (response: Response) => this.#take(stream, response));
      stream.on('error', (error) => done('details' in error ? String(error.details) : error.message));
      stream.on('close', () => done('the stream was closed'));
      stream.on('end', () => done('the stream has ended'));
      this.#begin(endpoint, stream).catch((error: unknown) => {
        stream.cancel();
        done(asError(error).message);
      });
    });
  }

  async #begin(endpoint: Endpoint, stream: WatchStream): Promise<void> {
    const { cluster, translator } = this.#parts;
    if (this.#narrow) {
      const { version } = await cluster.ask(endpoint, MAINTENANCE_SERVICE.status, {});
      if (!tellsProgressInOrder(version)) this.#narrow = false;
    }
    if (this.ended || stream !== this.#stream) {
      stream.cancel();
      return;
    }
    const keys = this.#narrow ? translator.rangeOf(this.#request.range) : { key: FIRST_KEY, rangeEnd: NO_END };
    stream.write({ create: { ...keys, startRevision: this.#next, prevKv: this.prevKv, fragment: true } } satisfies Request);
    this.#askProgress(stream);
  }

  #askProgress(stream: WatchStream): void {
    if (stream !== this.#stream || this.ended || !this.#narrow) return;
    stream.write({ progress: {} } satisfies Request);
    this.#asking = this.#parts.clock.setTimer(PROGRESS_MS, () => this.#askProgress(stream));
  }

  #take(stream: WatchStream, response: Response): void {
    if (stream !== this.#stream || this.ended) return;
    if (response.canceled) {
      this.#canceled(stream, response);
      return;
    }
    if (response.created) this.#created(response.header?.revision ?? 0);
    else if (response.events.length === 0 && this.#fragments.length === 0) this.#progressed(response.header?.revision ?? 0);
    for (const event of response.events) this.#fragments.push(event);
    if (response.fragment || this.#fragments.length === 0) return;
    const whole = this.#fragments;
    this.#fragments = [];
    this.#offer(this.#eventsOf(whole), whole.at(-1)?.kv?.modRevision ?? 0);
    if (!this.#live) stream.pause();
    this.#readOn();
  }

  /** Reads on as soon as everybody has taken what was given; at once when live. */
  #readOn(): void {
    if (this.#live || this.ended) return;
    for (const { taking } of this.#watches) {
      if (!taking) continue;
      taking.then(() => this.#readOn()).catch((error: unknown) => this.end(asError(error)));
      return;
    }
    this.#goOn();
    this.#stream?.resume();
  }

  /** Nothing is left out up to a revision: to be believed when narrow only. */
  #progressed(revision: Revision): void {
    if (!this.#narrow) return;
    this.#offer([], revision);
    this.#readOn();
  }

  #created(revision: Revision): void {
    if (!this.#live) this.#goal = Math.max(this.#goal, revision);
    this.#goOn();
  }

  /** Becomes what comes next, when its goal is reached. */
  #goOn(): void {
    if (this.#live || this.ended || this.#next <= this.#goal) return;
    if (this.#request.onCaughtUp(this)) return;
    if (this.#narrow) {
      this.#narrow = false;
      this.#stream?.cancel();
    } else {
      this.#live = true;
    }
  }

  #offer(events: readonly StoreEvent[], last: Revision): void {
    if (last < this.#next) return;
    this.#next = last + 1;
    this.#parts.heard(last);
    for (const watch of [...this.#watches]) watch.offer(events, last);
  }

  #eventsOf(messages: readonly EventMessage[]): StoreEvent[] {
    const { translator } = this.#parts;
    const events: StoreEvent[] = [];
    for (const { type, kv, prevKv } of messages) {
      if (!kv || kv.modRevision < this.#next) continue;
      const key = translator.nameOf(kv.key);
      if (key === undefined) continue;
      const what = type === EVENT_TYPE.delete ? 'delete' : 'put';
      const told = translator.named(key, kv);
      events.push(prevKv ? { type: what, kv: told, prev: translator.named(key, prevKv) } : { type: what, kv: told });
    }
    return events;
  }

  #canceled(stream: WatchStream, { compactRevision, cancelReason }: Response): void {
    if (compactRevision > 0) {
      this.#compacted(compactRevision);
      stream.cancel();
    } else if (cancelReason === '' || cancelReason === 'etcdserver: no leader') {
      stream.cancel();
    } else {
      this.end(new StoreError('Io', `etcd refuses to watch the keys: ${cancelReason}`));
    }
  }

  /** Ends the watches that miss something by it; others begin where history does now. */
  #compacted(oldest: Revision): void {
    const error = new StoreError('Compacted', `revision ${this.#next} has been compacted: the oldest is ${oldest}`);
    this.#next = Math.max(this.#next, oldest);
    for (const watch of [...this.#watches]) if (!watch.beginAt(oldest)) watch.end(error);
  }

  /** Ends, with all its watches. */
  end(error?: Error): void {
    if (this.ended) return;
    this.#ending.abort();
    this.#asking?.cancel();
    this.#stream?.cancel();
    for (const watch of [...this.#watches]) watch.end(error);
    this.#request.onEmpty(this);
  }
}

/** Whether an etcd of this version never tells of progress ahead of the events: since 3.4.25 and 3.5.8 (etcd issue 15220). */
export function tellsProgressInOrder(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.\-+]/).map(Number);
  if (major !== 3 || minor > 5) return major >= 3;
  return (minor === 5 && patch >= 8) || (minor === 4 && patch >= 25);
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
