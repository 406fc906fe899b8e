// What client-go's recorder does with events before it writes them, in this order:
//   aggregate   the 10th event within 10 minutes that differs only by message becomes "(combined from similar events): …", under one name
//   count       an event seen before is written as a PATCH of its count and time
//   filter      of one source about one object (by type), 25 at once and one more every 5 minutes
import { createHash } from 'node:crypto';
import { type Event, toTime } from '../api/index.ts';
import { LruMap } from './lru-map.ts';
import { TokenBucket } from './token-bucket.ts';

const CACHE_ENTRIES_MAX = 4096;
const AGGREGATE_FROM = 10;
const AGGREGATE_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_QPS = 1 / 300;

/** What is to be written: a new event, or a patch of one that was written before (made anew should that be gone). */
export interface CorrelatedEvent {
  readonly event: Event;
  readonly patch?: object | undefined;
}

interface Similar {
  /** Digests, the oldest first. */
  readonly messages: string[];
  lastAt: number;
}

interface Logged {
  readonly count: number;
  readonly firstTimestamp: string | undefined;
  readonly name: string;
}

/** Condenses a stream of events. Knows the time only from the caller. */
export class EventCorrelator {
  readonly #similar = new LruMap<string, Similar>(CACHE_ENTRIES_MAX);
  readonly #logged = new LruMap<string, Logged>(CACHE_ENTRIES_MAX);
  readonly #buckets = new LruMap<string, TokenBucket>(CACHE_ENTRIES_MAX);

  /** @returns what to write, or undefined when the event is one too many. */
  correlate(event: Event, now: number): CorrelatedEvent | undefined {
    const source = spamKey(event);
    const { event: aggregated, key } = this.#aggregate(event, source, now);
    const counted = this.#count(aggregated, key);
    return this.#allowed(source, now) ? counted : undefined;
  }

  #aggregate(event: Event, source: string, now: number): { readonly event: Event; readonly key: string } {
    const key = similarKey(source, event);
    const known = this.#similar.get(key);
    const similar = known && now - known.lastAt <= AGGREGATE_MS ? known : { messages: [], lastAt: now };
    const message = digestOf([event.message]);
    if (!similar.messages.includes(message)) similar.messages.push(message);
    similar.lastAt = now;
    this.#similar.set(key, similar);
    if (similar.messages.length < AGGREGATE_FROM) return { event, key: exactKey(source, event) };
    similar.messages.shift();
    return { event: combined(event, toTime(now)), key };
  }

  #count(event: Event, key: string): CorrelatedEvent {
    const last = this.#logged.get(key);
    if (!last) {
      this.#log(key, event);
      return { event };
    }
    const metadata = { ...event.metadata, name: last.name };
    const again = { ...event, metadata, firstTimestamp: last.firstTimestamp, count: last.count + 1 };
    this.#log(key, again);
    return { event: again, patch: { count: again.count, lastTimestamp: again.lastTimestamp, message: again.message } };
  }

  #log(key: string, { count = 1, firstTimestamp, metadata }: Event): void {
    this.#logged.set(key, { count, firstTimestamp, name: metadata.name ?? '' });
  }

  /** @param key what the event is filtered by */
  #allowed(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(SPAM_QPS, SPAM_BURST, now);
    this.#buckets.set(key, bucket);
    return bucket.tryTake(now);
  }
}

/** What stands for several: it says who saw it by its source alone, as upstream's does. */
function combined(event: Event, time: string): Event {
  const { apiVersion, kind, metadata, involvedObject, type, reason, source } = event;
  const message = `(combined from similar events): ${event.message ?? ''}`;
  const { name, namespace } = metadata;
  const times = { firstTimestamp: time, lastTimestamp: time };
  return { apiVersion, kind, metadata: { name, namespace }, involvedObject, type, reason, source, message, count: 1, ...times };
}

/** Source, object and type: what is filtered together. */
const spamKey = ({ source, involvedObject: o, type }: Event): string =>
  digestOf([source?.component, source?.host, o.kind, o.namespace, o.name, o.uid, o.apiVersion, type]);

/** All but the message: what is aggregated together. @param source its `spamKey` */
const similarKey = (source: string, { reason, reportingComponent, reportingInstance }: Event): string =>
  digestOf([source, reason, reportingComponent, reportingInstance]);

/** All: what is counted together. @param source its `spamKey` */
const exactKey = (source: string, { involvedObject, reason, message }: Event): string =>
  digestOf([source, involvedObject.fieldPath, reason, message]);

/** Thousands of texts are kept for hours: twenty bytes say as much of each. */
const digestOf = (texts: readonly (string | undefined)[]): string => createHash('sha1').update(texts.join('\n')).digest('binary');
