import { coreKinds, type Event, isNotFound, keyOf, type Live, parseTime, splitKey } from '../api/index.ts';
import type { Clock, Logger, Service, Timer } from '../runtime/index.ts';
import type { ObjectReader, ObjectWriter } from './registry/objects.ts';

/** How often events are looked through. */
const SWEEP_MS = 15_000;
/** Events deleted at once. */
const BATCH = 64;

interface Due {
  readonly at: number;
  /** The version that expires: a later write starts the time anew. */
  readonly resourceVersion: string;
}

export interface EventExpiryOptions {
  readonly objects: ObjectReader & ObjectWriter;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Deletes events that nobody has written for the time of `--event-ttl`. Upstream leaves it to a lease in etcd. */
export function createEventExpiry(options: EventExpiryOptions): Service {
  const { objects, ttlMs, clock, logger } = options;
  // In the order of their writing, which is the order they fall due: a Map keeps it, and a new write moves the key to the end.
  const due = new Map<string, Due>();
  let timer: Timer | undefined;
  let listening: Disposable | undefined;

  const note = (event: Live<Event>, writtenAt: number) => {
    const key = keyOf(event);
    due.delete(key);
    due.set(key, { at: writtenAt + ttlMs, resourceVersion: event.metadata.resourceVersion });
  };
  const expire = async (key: string) => {
    const { namespace, name } = splitKey(key);
    try {
      await objects.delete(coreKinds.events, namespace, name);
    } catch (error) {
      if (!isNotFound(error)) logger.warn({ err: error, key }, 'event was not expired');
    }
  };
  const sweep = async () => {
    const now = clock.now();
    const expired: string[] = [];
    for (const [key, { at }] of due) {
      if (at > now) break;
      expired.push(key);
      due.delete(key);
    }
    for (let i = 0; i < expired.length; i += BATCH) await Promise.all(expired.slice(i, i + BATCH).map(expire));
  };
  const arm = () => {
    timer = clock.setTimer(Math.min(SWEEP_MS, ttlMs), () => {
      sweep()
        .catch((error: unknown) => logger.error({ err: error }, 'events were not expired'))
        .finally(arm);
    });
  };

  return {
    start: () => {
      const present = objects.list<Event>(coreKinds.events).map((event) => ({ event, at: writtenAt(event) }));
      for (const { event, at } of present.sort((a, b) => a.at - b.at)) note(event, at);
      listening = objects.onChange<Event>(coreKinds.events, ({ type, object }) => {
        if (type === 'DELETED') due.delete(keyOf(object));
        else note(object, clock.now());
      });
      arm();
      return Promise.resolve();
    },
    stop: () => {
      timer?.cancel();
      listening?.[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** When an event of an earlier life was last written, as well as it tells. */
const writtenAt = ({ metadata, lastTimestamp, series }: Event): number =>
  Math.max(...[metadata.creationTimestamp, lastTimestamp, series?.lastObservedTime].map((time) => (time ? parseTime(time) : 0)));
