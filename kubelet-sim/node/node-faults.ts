import type { Pod, PodStatus } from '../../api/index.ts';
import type { StatusSink } from '../pod/node-services.ts';
import type { PodEvents } from '../pod/pod-events.ts';

/** What a script makes of a node; what is absent is as it should be. */
export interface NodeFaults {
  /** No lease is renewed and no status of the node written; its pods go on. */
  readonly stopHeartbeats?: boolean | undefined;
  /** Nothing gets from the node to the API server, or back; its pods go on. */
  readonly networkCut?: boolean | undefined;
  /** Nothing runs. When it ends, the node boots. */
  readonly down?: boolean | undefined;
  /** Bytes of its disk that somebody has filled, or a share of it (`95%`). */
  readonly diskUsed?: string | undefined;
  /** Memory that the node itself uses, in bytes or as a share. */
  readonly memoryUsed?: string | undefined;
  /** Processes that the node itself has. */
  readonly processes?: number | undefined;
  /** How far its clock is ahead. */
  readonly clockSkewMs?: number | undefined;
}

export const NO_FAULTS: NodeFaults = {};

/** Whether what the node has to say gets through. */
export const isCutOff = ({ networkCut, down }: NodeFaults): boolean => networkCut === true || down === true;

/** Whether somebody else uses something of the node. */
export const usesMore = ({ diskUsed, memoryUsed, processes }: NodeFaults): boolean =>
  diskUsed !== undefined || memoryUsed !== undefined || processes !== undefined;

type Kept = readonly [pod: Pod, status: PodStatus, base: PodStatus, isLast: boolean];

/** Statuses and events of a node's pods: kept, and dropped, while nothing gets through. */
export class NodeLine implements StatusSink {
  readonly #statuses: StatusSink;
  readonly #events: PodEvents;
  readonly #kept = new Map<string, Kept>();
  #isCut = false;

  constructor(statuses: StatusSink, events: PodEvents) {
    this.#statuses = statuses;
    this.#events = events;
  }

  readonly events: PodEvents = {
    normal: (...args) => {
      if (!this.#isCut) this.#events.normal(...args);
    },
    warning: (...args) => {
      if (!this.#isCut) this.#events.warning(...args);
    },
  };

  /** Lets through, or holds back; what was held back is then sent. */
  set isCut(isCut: boolean) {
    this.#isCut = isCut;
    if (isCut) return;
    for (const [pod, status, base, isLast] of this.#kept.values()) {
      if (isLast) this.#statuses.writeAndDelete(pod, status, base);
      else this.#statuses.write(pod, status, base);
    }
    this.#kept.clear();
  }

  write(pod: Pod, status: PodStatus, base: PodStatus): void {
    if (this.#isCut) this.#keep(pod, status, base, false);
    else this.#statuses.write(pod, status, base);
  }

  writeAndDelete(pod: Pod, status: PodStatus, base: PodStatus): void {
    if (this.#isCut) this.#keep(pod, status, base, true);
    else this.#statuses.writeAndDelete(pod, status, base);
  }

  forget(uid: string): void {
    this.#kept.delete(uid);
    this.#statuses.forget(uid);
  }

  isIdle(uid: string): boolean {
    return !this.#kept.has(uid) && this.#statuses.isIdle(uid);
  }

  #keep(...[pod, status, base, isLast]: Kept): void {
    const uid = pod.metadata.uid ?? '';
    this.#kept.set(uid, [pod, status, this.#kept.get(uid)?.[2] ?? base, isLast || (this.#kept.get(uid)?.[3] ?? false)]);
  }
}
