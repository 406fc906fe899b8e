import { hostname } from 'node:os';
import { coreKinds, type Event, toMicroTime } from '../../api/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { ObjectWriter } from './objects.ts';

/** What an Event tells of a repair. */
export interface RepairNotice {
  /** What the object is that had to be repaired. */
  readonly kind: string;
  readonly apiVersion: string;
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  /** Who repairs. */
  readonly controller: string;
}

interface Options {
  readonly objects: Pick<ObjectWriter, 'create'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Writes an Event for each repair; one that cannot be written is logged, and forgotten. Upstream: client-go, `tools/events`. */
export const repairEvents =
  ({ objects, clock, random, logger }: Options) =>
  async ({ object: { metadata } }: Entry, { kind, apiVersion, reason, action, note, controller }: RepairNotice): Promise<void> => {
    const now = clock.now();
    const nanos = BigInt(Math.floor(now)) * 1_000_000n + BigInt(random.integer(1_000_000));
    const { name = '', namespace = '', uid, resourceVersion } = metadata;
    const event: Event = {
      metadata: { name: `${name}.${nanos.toString(16)}`, namespace: namespace || 'default' },
      involvedObject: { kind, apiVersion, name, namespace, uid, resourceVersion },
      type: 'Warning',
      reason,
      action,
      message: note,
      eventTime: toMicroTime(now),
      reportingComponent: controller,
      reportingInstance: `${controller}-${hostname()}`,
    };
    try {
      await objects.create<Event>(coreKinds.events, event);
    } catch (err) {
      logger.warn({ err, reason, name, namespace }, 'an event of a repair could not be written');
    }
  };
