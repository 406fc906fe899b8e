import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

/** Subresources whose connections stay open. */
const LONG_RUNNING_SUBRESOURCES: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
const READ_VERBS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Where a snapshot of the store is to be had. */
export const SNAPSHOT_PATH = '/nanokube/v1/snapshot';

/** Whether a request may take as long as it likes: watches, connections to pods and nodes, and snapshots. */
export const isLongRunning = ({ isResource, verb, subresource, path }: RequestInfo): boolean =>
  path === SNAPSHOT_PATH || (isResource && (verb === 'watch' || verb === 'proxy' || LONG_RUNNING_SUBRESOURCES.has(subresource)));

export const isMutating = ({ isResource, verb }: RequestInfo): boolean => isResource && !READ_VERBS.has(verb);

/** Requests being served, by whether they change something. */
export interface InFlight {
  readonly readOnly: number;
  readonly mutating: number;
}

/**
 * Bounds how many requests are served at a time. What is beyond the bound is turned away, except the members of the privileged group, who
 * must always get an answer.
 */
export class FlowControl implements InFlight {
  readonly #readOnlyMax: number;
  readonly #mutatingMax: number;
  readonly #privilegedGroup: string;
  readOnly = 0;
  mutating = 0;

  /** @param limits 0 for no limit. */
  constructor(limits: { readonly readOnlyMax: number; readonly mutatingMax: number; readonly privilegedGroup: string }) {
    this.#readOnlyMax = limits.readOnlyMax;
    this.#mutatingMax = limits.mutatingMax;
    this.#privilegedGroup = limits.privilegedGroup;
  }

  /** Takes a request in; false when there is no room. What was taken in must be {@link leave | let go}. */
  enter({ info, user }: Exchange): boolean {
    const mutating = isMutating(info);
    const max = mutating ? this.#mutatingMax : this.#readOnlyMax;
    if (max > 0 && (mutating ? this.mutating : this.readOnly) >= max && !user.groups.includes(this.#privilegedGroup)) return false;
    if (mutating) this.mutating++;
    else this.readOnly++;
    return true;
  }

  leave({ info }: Exchange): void {
    if (isMutating(info)) this.mutating--;
    else this.readOnly--;
  }
}
