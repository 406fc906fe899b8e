// Which requests are served when: API Priority and Fairness.
import type { Clock, Logger } from '../../runtime/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { FlowController } from '../pipeline/flow-control.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import type { Resource } from '../registry/resource.ts';
import { dumpText } from './dumps.ts';
import { metricsText } from './metrics-text.ts';
import { ObjectFollower } from './object-follower.ts';
import { PriorityAndFairness } from './priority-and-fairness.ts';

export interface FairnessOptions {
  /** Undefined for a resource that is not served. */
  resourceOf(info: RequestInfo): Pick<Resource, 'cache' | 'strategy'> | undefined;
  /** Requests that may be served at once. */
  readonly seats: number;
  readonly requestTimeoutMs: number;
  readonly objects: ObjectReader & ObjectWriter;
  /** Whether there are schemas and levels to follow; only the mandatory ones hold otherwise. */
  readonly hasObjects: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Priority and fairness, running. */
export interface Fairness {
  readonly control: FlowController;
  /** Follows the objects, which can be read by now. */
  start(): void;
  /** Keeps the objects' status from now on: those that a cluster begins with are there. */
  keepStatus(): void;
  stop(): void;
  /** Prometheus' text format. */
  text(): string;
  /** The text of a debugging path; undefined for other paths. */
  dump(exchange: Exchange): string | undefined;
}

export function createFairness(options: FairnessOptions): Fairness {
  const { objects, hasObjects, clock, logger, resourceOf } = options;
  let follower: ObjectFollower | undefined;
  const control = new PriorityAndFairness({
    ...options,
    statsOf: (info) => {
      const cache = resourceOf(info)?.cache;
      return cache && { count: cache.size, bytes: cache.averageBytes };
    },
    watchIndexOf: (info) => resourceOf(info)?.strategy.watchIndex,
    onLeftover: () => follower?.schedule(),
  });
  if (hasObjects) follower = new ObjectFollower({ objects, control, clock, logger });
  return {
    control,
    start: () => {
      follower?.start();
      control.start();
    },
    keepStatus: () => follower?.beginWriting(),
    stop: () => {
      follower?.stop();
      control.stop();
    },
    text: () => metricsText(control, clock.monotonic()),
    dump: ({ info, query }) => dumpText(control, info.path, query),
  };
}
