// Invariants
// S1  Recording never throws, waits or fails the caller; what is too much is dropped, and said so in the log.
// S2  What is written about one object is written in order, by one lane; lanes do not wait for each other.
// S3  Equal events are one event: the second makes it a series, which is written then, every half an hour, and when it has ended.
import { hostname } from 'node:os';
import { apiVersionOf, type EventsV1Event, eventsKinds, isDns1123Subdomain, isNotFound, toMicroTime } from '../api/index.ts';
import type { Timer } from '../runtime/index.ts';
import { errorFields, isConnectionError } from './errors.ts';
import { laneOf } from './lane-of.ts';
import type { EventExtra, EventRecorder, EventRecorderOptions, EventSubject, ResourceClient } from './types.ts';

const LANES = 8;
/** Events that wait to be written. */
const QUEUED_MAX = 8_000;
/** Events that are remembered, for others like them to come; the oldest is forgotten first. */
const KEPT_MAX = 4_096;
/** Tries to write an event while the API server is away. */
const TRIES_MAX = 12;
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
  readonly #stop = new AbortController();
  readonly #kept = new Map<string, Kept>();
  readonly #lanes: Promise<void>[] = Array.from({ length: LANES }, () => Promise.resolve());
  readonly #timers = new Map<number, Timer>();
  #queued = 0;
  #dropped = 0;
  #lastNanos = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#events = options.client.resource<EventsV1Event>(eventsKinds.events);
    this.#instance = `${options.component}-${options.host ?? hostname()}`;
    this.#every(REFRESH_MS, () => this.#refresh());
    this.#every(FINISH_MS, () => this.#finish());
  }

  event(...[subject, type, reason, note, extra = {}]: Parameters<EventRecorder['event']>): void {
    if (this.#stop.signal.aborted) return;
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

  close(): void {
    this.#stop.abort(new Error('the recorder was closed'));
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #every(periodMs: number, run: () => void): void {
    const timer = this.#options.clock.setTimer(periodMs, () => {
      if (this.#stop.signal.aborted) return;
      run();
      this.#every(periodMs, run);
    });
    this.#timers.set(periodMs, timer);
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
    if (this.#queued >= QUEUED_MAX) {
      if (this.#dropped++ === 0) logger.warn({ reason }, 'too many events are queued, dropping');
      return;
    }
    if (this.#dropped > 0) logger.warn({ dropped: this.#dropped }, 'events were dropped');
    this.#dropped = 0;
    this.#queued++;
    const at = laneOf(regarding?.uid ?? regarding?.name ?? '', LANES);
    const written = (this.#lanes[at] ?? Promise.resolve()).then(() => this.#deliver(kept));
    this.#lanes[at] = written.finally(() => {
      this.#queued--;
    });
  }

  /** Writes an event; again while the API server is away, but not when it says no. */
  async #deliver(kept: Kept): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stop;
    for (let tries = 1; !(await this.#attempt(kept, tries)); tries++) {
      await clock.sleep(RETRY_MS * (1 + RETRY_JITTER * random.next()), signal).catch(() => undefined);
    }
  }

  /** @returns whether it is done: written, refused, or tried often enough. */
  async #attempt(kept: Kept, tries: number): Promise<boolean> {
    const { signal } = this.#stop;
    if (signal.aborted) return true;
    try {
      await this.#write(kept);
      return true;
    } catch (error) {
      const giveUp = signal.aborted || !isConnectionError(error) || tries >= TRIES_MAX;
      const { reason, regarding } = kept.event;
      this.#options.logger[giveUp ? 'warn' : 'debug'](
        { reason, regarding, tries, giveUp, ...errorFields(error) },
        'event could not be written',
      );
      return giveUp;
    }
  }

  async #write(kept: Kept): Promise<void> {
    const { event, count, lastMs, written } = kept;
    const { signal } = this.#stop;
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
