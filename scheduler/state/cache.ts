import type { Live, Node, Pod } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { ImageNodes, type PlacedImage } from './images.ts';
import { FiguresTable, NodeInfo } from './node-info.ts';
import { NodeTree } from './node-tree.ts';
import { PodCounts, type PodQuery, type SlotCounts } from './pod-counts.ts';
import { type PodInfo, podInfoOf } from './pod-info.ts';
import type { Snapshot } from './snapshot.ts';
import { type PlacedTerm, TermIndex, type TermKind } from './term-index.ts';
import { Topology, type TopologyColumn } from './topology.ts';

/** How long a pod stays assumed after its binding was written, if the watch never shows it (upstream: 0 means for ever; we bound it). */
const ASSUMED_MS_MAX = 15 * 60_000;

interface CachedPod {
  readonly info: PodInfo;
  readonly nodeInfo: NodeInfo;
  /** Assumed: decided here, not yet seen from the API server. */
  readonly assumed: boolean;
  /** When an assumed pod is given up; set once its binding is done. */
  expires: number | undefined;
}

/**
 * What the scheduler believes about nodes and the pods on them. It is the snapshot too: nothing changes it during a scheduling cycle
 * (`cycle/gate.ts`), so that nothing needs to be copied. What plugins count over all pods is kept beside the nodes, in columns by
 * the nodes' slots, and changes with each pod that comes or goes.
 *
 * ```
 *   assume() -> assumed --finishBinding()--> assumed until expiry
 *                 |  \--forget()--> gone          |
 *                 +------ addPod() (watch) -------+--> added --addPod()/removePod()
 * ```
 * Upstream: `pkg/scheduler/backend/cache`.
 */
export class SchedulerCache implements Snapshot {
  readonly #clock: Clock;
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #figures = new FiguresTable();
  readonly #freeSlots: number[] = [];
  #slots = 0;
  readonly #tree = new NodeTree();
  readonly #pods = new Map<string, CachedPod>();
  readonly #assumed = new Set<string>();
  readonly #topology = new Topology(() => this.#nodes.values());
  readonly #counts: PodCounts = new PodCounts(this);
  readonly #terms = new TermIndex();
  readonly #images = new ImageNodes();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nodes(): readonly NodeInfo[] {
    return this.#tree.list();
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node ? info : undefined;
  }

  topology(key: string): TopologyColumn {
    return this.#topology.column(key);
  }

  counts(query: PodQuery): SlotCounts {
    return this.#counts.of(query);
  }

  terms(kind: TermKind): Iterable<PlacedTerm> {
    return this.#terms.of(kind);
  }

  image(name: string): PlacedImage | undefined {
    return this.#images.of(name);
  }

  isClaimUsed(key: string): boolean {
    for (const { claims } of this.#nodes.values()) if (claims.has(key)) return true;
    return false;
  }

  *placed(): Iterable<readonly [PodInfo, number]> {
    for (const { info, nodeInfo } of this.#pods.values()) yield [info, nodeInfo.slot];
  }

  placedPod(uid: string): readonly [PodInfo, number] | undefined {
    const cached = this.#pods.get(uid);
    return cached && [cached.info, cached.nodeInfo.slot];
  }

  /** Counts a pod on the node it was decided for, before its binding is written. */
  assume(info: PodInfo, nodeName: string): void {
    this.#put(info, nodeName, true);
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

  /** The node a pod is counted on, assumed or seen. */
  nodeOfPod(uid: string): string | undefined {
    return this.#pods.get(uid)?.nodeInfo.name;
  }

  /** A pod with a node, as the API server shows it. */
  addPod(pod: Live<Pod>): void {
    this.#put(podInfoOf(pod), pod.spec.nodeName ?? '', false);
  }

  removePod(uid: string): void {
    this.#drop(uid);
  }

  setNode(node: Live<Node>): void {
    const info = this.#nodeInfo(node.metadata.name);
    const { images, node: last } = info;
    info.node = node;
    this.#images.replace(images, info.images);
    this.#tree.set(info);
    if (node.metadata.labels !== last?.metadata.labels || !last) this.#topology.update(info);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    const { images } = info;
    info.node = undefined;
    this.#images.replace(images, info.images);
    this.#tree.delete(name);
    this.#topology.update(info);
    this.#dropIfUnknown(info);
  }

  /** Gives up assumed pods whose time is over. @returns them. */
  expireAssumed(now: number): PodInfo[] {
    const expired: PodInfo[] = [];
    for (const uid of this.#assumed) {
      const cached = this.#pods.get(uid);
      if (cached?.expires !== undefined && cached.expires <= now) expired.push(cached.info);
    }
    for (const { uid } of expired) this.#drop(uid);
    return expired;
  }

  get podCount(): number {
    return this.#pods.size;
  }

  get assumedCount(): number {
    return this.#assumed.size;
  }

  #put(info: PodInfo, nodeName: string, assumed: boolean): void {
    const { uid } = info;
    const last = this.#pods.get(uid);
    if (last?.nodeInfo.name === nodeName && countsAlike(last.info, info)) {
      last.nodeInfo.replace(info);
      this.#pods.set(uid, { info, nodeInfo: last.nodeInfo, assumed, expires: undefined });
      if (!assumed) this.#assumed.delete(uid);
      return;
    }
    this.#drop(uid);
    const nodeInfo = this.#nodeInfo(nodeName);
    this.#pods.set(uid, { info, nodeInfo, assumed, expires: undefined });
    if (assumed) this.#assumed.add(uid);
    nodeInfo.add(info);
    this.#counts.change(info, nodeInfo.slot, 1);
    this.#terms.change(info, nodeInfo.slot, 1);
  }

  #drop(uid: string): void {
    const cached = this.#pods.get(uid);
    if (!cached) return;
    const { info, nodeInfo } = cached;
    this.#pods.delete(uid);
    this.#assumed.delete(uid);
    nodeInfo.remove(uid);
    this.#counts.change(info, nodeInfo.slot, -1);
    this.#terms.change(info, nodeInfo.slot, -1);
    this.#dropIfUnknown(nodeInfo);
  }

  #dropIfUnknown(info: NodeInfo): void {
    if (info.node || info.pods.size > 0) return;
    this.#nodes.delete(info.name);
    this.#freeSlots.push(info.slot);
  }

  #nodeInfo(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) {
      info = new NodeInfo(name, this.#freeSlots.pop() ?? this.#slots++, this.#figures);
      this.#nodes.set(name, info);
    }
    return info;
  }
}

/** Whether a new version of a pod counts as the last one did, wherever pods are counted: the usual case, a change of its status. */
const countsAlike = (a: PodInfo, b: PodInfo): boolean =>
  a.requests === b.requests &&
  a.nonZero === b.nonZero &&
  a.hostPorts === b.hostPorts &&
  a.affinities === b.affinities &&
  a.claims === b.claims &&
  a.pod.metadata.labels === b.pod.metadata.labels &&
  a.pod.metadata.deletionTimestamp === b.pod.metadata.deletionTimestamp;
