// Invariants
// R1  Recording never throws, waits or fails the caller; what is too much is dropped, and said so in the log.
// R2  Events about one object are written in order, by one lane; lanes do not wait for each other.
import { apiVersionOf, coreKinds, type Event, isDns1123Subdomain, isNotFound, toTime } from '../api/index.ts';
import { BoundedQueue, type Clock, type Logger, type Random } from '../runtime/index.ts';
import { errorFields, isConnectionError } from './errors.ts';
import { type CorrelatedEvent, EventCorrelator } from './event-correlator.ts';
import { laneOf } from './lane-of.ts';
import type { EventExtra, EventRecorder, EventRecorderOptions, EventSubject, ResourceClient } from './types.ts';

const LANES = 8;
/** Events that wait in one lane. */
const QUEUED_MAX = 1000;
/** Tries to write an event while the API server is away. */
const TRIES_MAX = 12;
const RETRY_MS = 10_000;

/** Makes a recorder for a component; it writes as long as it is not closed. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #stop = new AbortController();
  readonly #lanes: Lane[];
  #lastNanos = 0n;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    const events = options.client.resource<Event>(coreKinds.events);
    this.#lanes = Array.from({ length: LANES }, () => new Lane({ ...options, events, signal: this.#stop.signal }));
  }

  event(...[subject, type, reason, message, extra = {}]: Parameters<EventRecorder['event']>): void {
    if (this.#stop.signal.aborted) return;
    const { kind, apiVersion, metadata } = subject;
    if (!kind || !apiVersion || !metadata.name) {
      this.#options.logger.error({ kind, name: metadata.name, reason }, 'event without a subject was dropped');
      return;
    }
    const event = this.#make(subject, { type, reason, message, extra });
    const lane = this.#lanes[laneOf(metadata.uid ?? metadata.name, LANES)];
    if (lane?.add(event)) this.#sayDropped();
    else if (this.#dropped++ === 0) this.#options.logger.warn({ reason }, 'too many events are queued, dropping');
  }

  async flush(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
  }

  close(): void {
    this.#stop.abort(new Error('the recorder was closed'));
    for (const lane of this.#lanes) lane.clear();
  }

  #sayDropped(): void {
    if (this.#dropped === 0) return;
    this.#options.logger.warn({ dropped: this.#dropped }, 'events were dropped');
    this.#dropped = 0;
  }

  #make(
    { kind, apiVersion, metadata }: EventSubject,
    { type, reason, message, extra }: { type: string; reason: string; message: string; extra: EventExtra },
  ): Event {
    const { component, clock } = this.#options;
    const host = extra.host ?? this.#options.host;
    const time = toTime(extra.at ?? clock.now());
    const { name, namespace, uid, resourceVersion } = metadata;
    return {
      apiVersion: apiVersionOf(coreKinds.events),
      kind: coreKinds.events.kind,
      metadata: {
        name: this.#name(name ?? ''),
        namespace: namespace || 'default',
        ...(extra.annotations ? { annotations: { ...extra.annotations } } : {}),
      },
      involvedObject: { kind, apiVersion, name, namespace, uid, resourceVersion, fieldPath: extra.fieldPath },
      reason,
      message,
      source: { component, host },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type,
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }

  /** `<subject>.<nanoseconds, hexadecimal>`, never the same twice; a UUID for a subject whose name is no event's. */
  #name(subject: string): string {
    const { clock, random } = this.#options;
    const nanos = BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(random.integer(1_000_000));
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n;
    const name = `${subject}.${this.#lastNanos.toString(16)}`;
    return isDns1123Subdomain(name).length === 0 ? name : random.uuid();
  }
}

interface LaneOptions {
  readonly events: ResourceClient<Event>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Writes its events one after the other. */
class Lane {
  readonly #options: LaneOptions;
  readonly #queue = new BoundedQueue<Event>(QUEUED_MAX);
  readonly #correlator = new EventCorrelator();
  #writing = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** @returns false when the event was dropped. */
  add(event: Event): boolean {
    const added = this.#queue.push(event);
    if (added && !this.#writing) {
      this.#writing = true;
      this.#drain().catch((error: unknown) => this.#options.logger.error({ err: error }, 'recorder lane failed'));
    }
    return added;
  }

  clear(): void {
    this.#queue.clear();
  }

  idle(): Promise<void> {
    return this.#writing ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  async #drain(): Promise<void> {
    try {
      for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
        const correlated = this.#correlator.correlate(event, this.#options.clock.now());
        if (correlated) await this.#deliver(correlated);
      }
    } finally {
      this.#writing = false;
      for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }

  /** Writes an event; again while the API server is away, but not when it says no. */
  async #deliver(correlated: CorrelatedEvent): Promise<void> {
    const { clock, random, signal } = this.#options;
    for (let tries = 1; !(await this.#attempt(correlated, tries)); tries++) {
      await clock.sleep(tries === 1 ? RETRY_MS * random.next() : RETRY_MS, signal).catch(() => undefined);
    }
  }

  /** @returns whether it is done: written, refused, or tried often enough. */
  async #attempt(correlated: CorrelatedEvent, tries: number): Promise<boolean> {
    const { logger, signal } = this.#options;
    if (signal.aborted) return true;
    try {
      await this.#write(correlated);
      return true;
    } catch (error) {
      const giveUp = signal.aborted || !isConnectionError(error) || tries >= TRIES_MAX;
      const { reason, involvedObject } = correlated.event;
      logger[giveUp ? 'warn' : 'debug']({ reason, involvedObject, tries, giveUp, ...errorFields(error) }, 'event could not be written');
      return giveUp;
    }
  }

  async #write({ event, patch }: CorrelatedEvent): Promise<void> {
    const { events, signal } = this.#options;
    const { name = '', namespace } = event.metadata;
    if (patch) {
      try {
        await events.patch(name, patch, { type: 'strategic', namespace, signal });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    await events.create(event, { signal });
  }
}
