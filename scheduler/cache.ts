import type { Live, Node, Pod } from '../api/index.ts';
import type { Clock } from '../runtime/index.ts';
import type { Snapshot } from './framework.ts';
import { NodeInfo } from './node-info.ts';
import { type PodInfo, podInfoOf } from './pod-info.ts';

/** How long a pod stays assumed after its binding was written, if the watch never shows it (upstream: 0 means for ever; we bound it). */
const ASSUMED_MS_MAX = 15 * 60_000;

interface CachedPod {
  readonly info: PodInfo;
  readonly nodeName: string;
  /** Assumed: decided here, not yet seen from the API server. */
  assumed: boolean;
  /** When an assumed pod is given up; set once its binding is done. */
  expires: number | undefined;
}

/**
 * What the scheduler believes about nodes and the pods on them. It is the snapshot too: a scheduling cycle runs without awaiting, so
 * nothing can change under it, and nothing needs to be copied.
 *
 * ```
 *   assume() -> assumed --finishBinding()--> assumed until expiry
 *                 |  \--forget()--> gone          |
 *                 +------ addPod() (watch) -------+--> added --updatePod()/removePod()
 * ```
 * Upstream: `pkg/scheduler/backend/cache`.
 */
export class SchedulerCache implements Snapshot {
  readonly #clock: Clock;
  readonly #nodes = new Map<string, NodeInfo>();
  /** Nodes that exist as objects, in the order they came: what is scheduled onto. */
  #list: NodeInfo[] = [];
  readonly #pods = new Map<string, CachedPod>();
  readonly #assumed = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nodes(): readonly NodeInfo[] {
    return this.#list;
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node ? info : undefined;
  }

  /** Counts a pod on the node it was decided for, before its binding is written. */
  assume(info: PodInfo, nodeName: string): void {
    this.#put({ info, nodeName, assumed: true, expires: undefined });
  }

  /** The binding is written: the watch will show it, or the assumption expires. */
  finishBinding(uid: string): void {
    const cached = this.#pods.get(uid);
    if (cached?.assumed) cached.expires = this.#clock.now() + ASSUMED_MS_MAX;
  }

  /** The pod was not bound after all. */
  forget(uid: string): void {
    if (this.#pods.get(uid)?.assumed) this.#drop(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  /** A pod with a node, as the API server shows it. */
  addPod(pod: Live<Pod>): void {
    this.#put({ info: podInfoOf(pod), nodeName: pod.spec.nodeName ?? '', assumed: false, expires: undefined });
  }

  removePod(uid: string): void {
    this.#drop(uid);
  }

  setNode(node: Live<Node>): void {
    const info = this.#nodeInfo(node.metadata.name);
    if (!info.node) this.#list.push(info);
    info.node = node;
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    info.node = undefined;
    this.#list = this.#list.filter((other) => other !== info);
    if (info.pods.size === 0) this.#nodes.delete(name);
  }

  /** Gives up assumed pods whose time is over. @returns how many. */
  expireAssumed(now: number): number {
    const expired = [...this.#assumed].filter((uid) => (this.#pods.get(uid)?.expires ?? Number.POSITIVE_INFINITY) <= now);
    for (const uid of expired) this.#drop(uid);
    return expired.length;
  }

  get podCount(): number {
    return this.#pods.size;
  }

  #put(cached: CachedPod): void {
    const { uid } = cached.info;
    this.#drop(uid);
    this.#pods.set(uid, cached);
    if (cached.assumed) this.#assumed.add(uid);
    this.#nodeInfo(cached.nodeName).add(cached.info);
  }

  #drop(uid: string): void {
    const cached = this.#pods.get(uid);
    if (!cached) return;
    this.#pods.delete(uid);
    this.#assumed.delete(uid);
    const info = this.#nodes.get(cached.nodeName);
    info?.remove(uid);
    if (info && !info.node && info.pods.size === 0) this.#nodes.delete(cached.nodeName);
  }

  #nodeInfo(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) {
      info = new NodeInfo(name);
      this.#nodes.set(name, info);
    }
    return info;
  }
}
