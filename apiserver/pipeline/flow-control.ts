import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

/** Subresources whose connections stay open. */
const LONG_RUNNING_SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
const READ_VERBS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Where a snapshot of the store is to be had. */
export const SNAPSHOT_PATH = '/nanokube/v1/snapshot';

/** Whether a request may take as long as it likes: watches, connections to pods and nodes, and snapshots. */
export const isLongRunning = ({ isResource, verb, subresource, path }: RequestInfo): boolean =>
  path === SNAPSHOT_PATH ||
  (!isResource && path.startsWith('/debug/pprof/')) ||
  (isResource && (verb === 'watch' || verb === 'proxy' || LONG_RUNNING_SUBRESOURCES.has(subresource)));

export const isMutating = ({ isResource, verb }: RequestInfo): boolean => isResource && !READ_VERBS.has(verb);

/** Requests being served, by whether they change something. */
export interface InFlight {
  readonly readOnly: number;
  readonly mutating: number;
  /** Those that wait; absent where nobody does. */
  readonly waiting?: { readonly readOnly: number; readonly mutating: number } | undefined;
}

/** What a request that was taken in holds as long as it is served. */
export interface Seat {
  /** Gives it back; once. */
  leave(): void;
}

/** What a request that was turned away is told. */
export interface Refusal {
  readonly retryAfterSeconds: number;
}

/** Says which requests are served when. */
export interface FlowController extends InFlight {
  /** Takes a request in, at once or when it is its turn, or turns it away. What was taken in must leave. @param long see {@link isLongRunning}. */
  enter(exchange: Exchange, long: boolean): Seat | Refusal | Promise<Seat | Refusal>;
}

/** What is held by requests that nothing bounds. */
export const NO_SEAT: Seat = { leave: () => undefined };

/** Seconds after which one that was turned away may try again. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Bounds how many requests are served at a time. What is beyond the bound is turned away, except the members of the privileged group, who
 * must always get an answer.
 */
export class FlowControl implements FlowController {
  readonly #readOnlyMax: number;
  readonly #mutatingMax: number;
  readonly #privilegedGroup: string;
  readonly #reading: Seat;
  readonly #writing: Seat;
  readOnly = 0;
  mutating = 0;

  /** @param limits 0 for no limit. */
  constructor(limits: { readonly readOnlyMax: number; readonly mutatingMax: number; readonly privilegedGroup: string }) {
    this.#readOnlyMax = limits.readOnlyMax;
    this.#mutatingMax = limits.mutatingMax;
    this.#privilegedGroup = limits.privilegedGroup;
    this.#reading = {
      leave: () => {
        this.readOnly--;
      },
    };
    this.#writing = {
      leave: () => {
        this.mutating--;
      },
    };
  }

  enter({ info, user }: Exchange, long: boolean): Seat | Refusal {
    if (long) return NO_SEAT;
    const mutating = isMutating(info);
    const max = mutating ? this.#mutatingMax : this.#readOnlyMax;
    const isFull = max > 0 && (mutating ? this.mutating : this.readOnly) >= max;
    if (isFull && !user.groups.includes(this.#privilegedGroup)) return { retryAfterSeconds: RETRY_AFTER_SECONDS };
    if (mutating) this.mutating++;
    else this.readOnly++;
    return mutating ? this.#writing : this.#reading;
  }
}
