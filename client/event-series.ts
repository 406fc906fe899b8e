// Invariants
// S1  Recording never throws, waits or fails the caller; what is too much is dropped, and said so in the log.
// S2  What is written about one object is written in order, by one lane; what is tried again later does not hold up the others.
// S3  Few are on their way at a time, and what is queued when it is closed is written still, if that can be done soon (EventDelivery).
// S4  Equal events are one event: the second makes it a series, which is written then, every half an hour, and when it has ended.
import { hostname } from 'node:os';
import { apiVersionOf, type EventsV1Event, eventsKinds, isDns1123Subdomain, isNotFound, toMicroTime } from '../api/index.ts';
import { every } from '../runtime/index.ts';
import { EventDelivery } from './event-delivery.ts';
import { laneOf } from './lane-of.ts';
import type { EventExtra, EventRecorder, EventRecorderOptions, EventSubject, ResourceClient } from './types.ts';

const LANES = 8;
/** Events that wait to be written. */
const QUEUED_MAX = 16_000;
/** Events that are remembered, for others like them to come; the oldest is forgotten first. */
const KEPT_MAX = 4_096;
const RETRY_MS = 10_000;
const RETRY_JITTER = 0.25;
/** How often a series is written while it goes on, and how long nothing more must come for it to have ended. */
const REFRESH_MS = 30 * 60_000;
const FINISH_MS = 6 * 60_000;

interface Kept {
  readonly event: EventsV1Event;
  /** How many there have been, and when the last one was. */
  count: number;
  lastMs: number;
  /** Whether the first of them is written. */
  written: boolean;
}

/**
 * Makes a recorder that writes events.k8s.io/v1 Events, as components do that have moved on to them: the scheduler has. It writes as long as it is
 * not closed. Upstream: client-go `tools/events`.
 */
export function createEventSeriesRecorder(options: EventRecorderOptions): EventRecorder {
  return new SeriesRecorder(options);
}

class SeriesRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #events: ResourceClient<EventsV1Event>;
  readonly #instance: string;
  readonly #kept = new Map<string, Kept>();
  readonly #lanes: Promise<void>[] = Array.from({ length: LANES }, () => Promise.resolve());
  readonly #upkeep: readonly Disposable[];
  readonly #delivery: EventDelivery;
  #dropped = 0;
  #lastNanos = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#events = options.client.resource<EventsV1Event>(eventsKinds.events);
    this.#instance = `${options.component}-${options.host ?? hostname()}`;
    const { clock, random } = options;
    this.#delivery = new EventDelivery({ ...options, retryMs: () => RETRY_MS * (1 + RETRY_JITTER * random.next()) });
    this.#upkeep = [every(clock, REFRESH_MS, () => this.#refresh()), every(clock, FINISH_MS, () => this.#finish())];
  }

  event(...[subject, type, reason, note, extra = {}]: Parameters<EventRecorder['event']>): void {
    if (this.#delivery.isClosing) return;
    const { kind, apiVersion, metadata } = subject;
    if (!kind || !apiVersion || !metadata.name) {
      this.#options.logger.error({ kind, name: metadata.name, reason }, 'event without a subject was dropped');
      return;
    }
    const event = this.#make(subject, { type, reason, note, extra });
    const key = keyOf(event);
    const kept = this.#kept.get(key);
    const now = this.#options.clock.now();
    if (!kept) {
      const made = { event, count: 1, lastMs: now, written: false };
      this.#kept.set(key, made);
      this.#enqueue(made);
      if (this.#kept.size > KEPT_MAX) this.#forgetOldest();
      return;
    }
    kept.count++;
    kept.lastMs = now;
    if (kept.count === 2) this.#enqueue(kept);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  close(): Promise<void> {
    for (const each of this.#upkeep) each[Symbol.dispose]();
    return this.#delivery.close(() => this.flush());
  }

  #refresh(): void {
    for (const kept of this.#kept.values()) if (kept.count > 1) this.#enqueue(kept);
  }

  #forgetOldest(): void {
    for (const [key, kept] of this.#kept) {
      this.#forget(key, kept);
      return;
    }
  }

  #forget(key: string, kept: Kept): void {
    if (kept.count > 1) this.#enqueue(kept);
    this.#kept.delete(key);
  }

  #finish(): void {
    const before = this.#options.clock.now() - FINISH_MS;
    for (const [key, kept] of this.#kept) {
      if (kept.lastMs < before) this.#forget(key, kept);
    }
  }

  /** The series is written as it is when its turn has come. */
  #enqueue(kept: Kept): void {
    const { logger } = this.#options;
    const { reason, regarding } = kept.event;
    if (this.#delivery.pace.queued >= QUEUED_MAX) {
      if (this.#dropped++ === 0) logger.warn({ reason }, 'too many events are queued, dropping');
      return;
    }
    if (this.#dropped > 0) logger.warn({ dropped: this.#dropped }, 'events were dropped');
    this.#dropped = 0;
    this.#delivery.pace.enter();
    const at = laneOf(regarding?.uid ?? regarding?.name ?? '', LANES);
    const deliver = () => this.#delivery.deliver((signal) => this.#write(kept, signal), { reason, regarding });
    const written = (this.#lanes[at] ?? Promise.resolve()).then(deliver);
    this.#lanes[at] = written.finally(() => {
      this.#delivery.pace.leave();
    });
  }

  async #write(kept: Kept, signal: AbortSignal): Promise<void> {
    const { event, count, lastMs, written } = kept;
    const { name = '', namespace } = event.metadata;
    if (!written) {
      await this.#events.create(event, { signal });
      kept.written = true;
      return;
    }
    const series = { series: { count, lastObservedTime: toMicroTime(lastMs) } };
    try {
      await this.#events.patch(name, series, { type: 'strategic', namespace, signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.#events.create({ ...event, ...series }, { signal });
    }
  }

  #make(
    subject: EventSubject,
    { type, reason, note, extra }: { type: string; reason: string; note: string; extra: EventExtra },
  ): EventsV1Event {
    const { component, clock } = this.#options;
    const { name = '', namespace } = subject.metadata;
    return {
      apiVersion: apiVersionOf(eventsKinds.events),
      kind: eventsKinds.events.kind,
      metadata: { name: this.#name(name), namespace: namespace || 'default' },
      eventTime: toMicroTime(extra.at ?? clock.now()),
      reportingController: component,
      reportingInstance: this.#instance,
      action: extra.action ?? reason,
      reason,
      regarding: referenceTo(subject),
      ...(extra.related ? { related: referenceTo(extra.related) } : {}),
      note,
      type,
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

function referenceTo({ kind, apiVersion, metadata: { name, namespace, uid, resourceVersion } }: EventSubject) {
  return { kind, apiVersion, name, namespace, uid, resourceVersion };
}

/** Events are equal when all but their names, times and notes are: of the version of the object too that they are about. */
const keyOf = ({ type, action, reason, regarding, related }: EventsV1Event): string =>
  [type, action, reason, ...referenceKey(regarding), ...referenceKey(related)].join('\n');

const referenceKey = (reference: EventsV1Event['regarding']): (string | undefined)[] => [
  reference?.kind,
  reference?.namespace,
  reference?.name,
  reference?.uid,
  reference?.resourceVersion,
];
