// Invariants
// R1  Recording never throws, waits or fails the caller; what is too much is dropped, and said so in the log.
// R2  Events about one object are written in order, by one lane; one that is tried again later does not hold up the others.
// R3  Few are on their way at a time, and what is queued when it is closed is written still, if that can be done soon (EventDelivery).
import { apiVersionOf, coreKinds, type Event, isDns1123Subdomain, isNotFound, toTime } from '../api/index.ts';
import { BoundedQueue, type Clock } from '../runtime/index.ts';
import { type CorrelatedEvent, EventCorrelator } from './event-correlator.ts';
import { EventDelivery } from './event-delivery.ts';
import { laneOf } from './lane-of.ts';
import type { EventExtra, EventRecorder, EventRecorderOptions, EventSubject, ResourceClient } from './types.ts';

const LANES = 8;
/** Events that wait in one lane. */
const QUEUED_MAX = 2000;
const RETRY_MS = 10_000;

/** Makes a recorder for a component; it writes as long as it is not closed. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #delivery: EventDelivery;
  readonly #lanes: Lane[];
  #lastNanos = 0n;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    const { client, clock, random } = options;
    const events = client.resource<Event>(coreKinds.events);
    const delivery = new EventDelivery({ ...options, retryMs: (tries) => (tries === 1 ? RETRY_MS * random.next() : RETRY_MS) });
    this.#delivery = delivery;
    this.#lanes = Array.from({ length: LANES }, () => new Lane({ clock, events, delivery }));
  }

  event(...[subject, type, reason, message, extra = {}]: Parameters<EventRecorder['event']>): void {
    if (this.#delivery.isClosing) return;
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

  close(): Promise<void> {
    return this.#delivery.close(() => this.flush());
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
  readonly delivery: EventDelivery;
  readonly clock: Clock;
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
    if (added) this.#options.delivery.pace.enter();
    if (added && !this.#writing) {
      this.#writing = true;
      void this.#drain();
    }
    return added;
  }

  idle(): Promise<void> {
    return this.#writing ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  async #drain(): Promise<void> {
    const { clock, delivery } = this.#options;
    try {
      for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
        const correlated = this.#correlator.correlate(event, clock.now());
        if (correlated) {
          const { reason, involvedObject } = correlated.event;
          await delivery.deliver((signal) => this.#write(correlated, signal), { reason, involvedObject });
        }
        delivery.pace.leave();
      }
    } finally {
      this.#writing = false;
      for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }

  async #write({ event, patch }: CorrelatedEvent, signal: AbortSignal): Promise<void> {
    const { events } = this.#options;
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
