import type { PodInfo } from './pod-info.ts';

interface Nomination {
  readonly info: PodInfo;
  readonly nodeName: string;
}

/**
 * Pods that are to run on a node once room has been made there: what is planned for them must not be given to others. Upstream:
 * `pkg/scheduler/backend/queue/nominator.go`.
 */
export class Nominator {
  readonly #byUid = new Map<string, Nomination>();
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #onChange: (nodeName: string) => void;

  /** @param onChange told whose plans have changed. */
  constructor(onChange: (nodeName: string) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#byUid.size;
  }

  nodeOf(uid: string): string | undefined {
    return this.#byUid.get(uid)?.nodeName;
  }

  podsOn(nodeName: string): Iterable<PodInfo> {
    return this.#byNode.get(nodeName)?.values() ?? [];
  }

  hasPodsOn(nodeName: string): boolean {
    return this.#byNode.has(nodeName);
  }

  /** Plans a pod for a node; `''` ends its plan. */
  set(info: PodInfo, nodeName: string): void {
    this.delete(info.uid);
    if (nodeName === '') return;
    this.#byUid.set(info.uid, { info, nodeName });
    const pods = this.#byNode.get(nodeName);
    if (pods) pods.set(info.uid, info);
    else this.#byNode.set(nodeName, new Map([[info.uid, info]]));
    this.#onChange(nodeName);
  }

  delete(uid: string): void {
    const nomination = this.#byUid.get(uid);
    if (!nomination) return;
    this.#byUid.delete(uid);
    const pods = this.#byNode.get(nomination.nodeName);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(nomination.nodeName);
    this.#onChange(nomination.nodeName);
  }
}
