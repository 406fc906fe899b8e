import { type ContainerImage, type Live, type Node, parseQuantity } from '../../api/index.ts';
import { type Amounts, amountsFrom, type HostPort, noAmounts, type PodInfo } from './pod-info.ts';

const ANY_IP = '0.0.0.0';

/** What a node offers. */
export type Allocatable = Amounts & { pods: number };

/** An image that a node has; how many nodes have it is for the cluster's image table to say. */
export interface ImageState {
  readonly sizeBytes: number;
}

/** A node and what runs on it, kept up to date pod by pod. Upstream: `pkg/scheduler/framework/types.go` NodeInfo. */
export class NodeInfo {
  readonly name: string;
  /** Its place in the columns of the snapshot; constant while the node is known. */
  readonly slot: number;
  #node: Live<Node> | undefined;
  readonly #pods = new Map<string, PodInfo>();
  readonly requested: Amounts = noAmounts();
  readonly nonZeroRequested = { milliCpu: 0, memory: 0 };
  #allocatable: Allocatable = { ...noAmounts(), pods: 0 };
  /** Taken ports, by protocol and port, with the addresses they are taken on. */
  readonly #ports = new Map<string, string[]>();
  /** How many pods of the node mount a claim, by the claim's key. */
  readonly #claims = new Map<string, number>();
  #images: ReadonlyMap<string, ImageState> = new Map();
  #generation = 0;

  constructor(name: string, slot = -1) {
    this.name = name;
    this.slot = slot;
  }

  /** The node object; absent while only pods of it are known. */
  get node(): Live<Node> | undefined {
    return this.#node;
  }

  set node(node: Live<Node> | undefined) {
    const last = this.#node;
    this.#node = node;
    this.#generation++;
    if (node?.status.allocatable !== last?.status.allocatable || !last) this.#allocatable = readAllocatable(node?.status.allocatable ?? {});
    if (node?.status.images !== last?.status.images) this.#images = readImages(node?.status.images ?? []);
  }

  get pods(): ReadonlyMap<string, PodInfo> {
    return this.#pods;
  }

  get allocatable(): Readonly<Allocatable> {
    return this.#allocatable;
  }

  get images(): ReadonlyMap<string, ImageState> {
    return this.#images;
  }

  get claims(): ReadonlyMap<string, number> {
    return this.#claims;
  }

  /** Grows with every change. */
  get generation(): number {
    return this.#generation;
  }

  add(pod: PodInfo): void {
    this.remove(pod.uid);
    this.#pods.set(pod.uid, pod);
    this.#generation++;
    this.#count(pod, 1);
    for (const port of pod.hostPorts) this.#ports.set(portKey(port), [...(this.#ports.get(portKey(port)) ?? []), port.ip]);
    for (const claim of pod.claims) this.#claims.set(claim, (this.#claims.get(claim) ?? 0) + 1);
  }

  /** Puts a new version of a pod in the place of the last one, which takes just as much. */
  replace(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
    this.#generation++;
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#pods.delete(uid);
    this.#generation++;
    this.#count(pod, -1);
    for (const port of pod.hostPorts) this.#freePort(port);
    for (const claim of pod.claims) this.#freeClaim(claim);
  }

  /** A copy for trying things out: what is done to it, the cluster does not see. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name, this.slot);
    copy.#node = this.#node;
    copy.#allocatable = this.#allocatable;
    copy.#images = this.#images;
    for (const [uid, pod] of this.#pods) copy.#pods.set(uid, pod);
    for (const [key, ips] of this.#ports) copy.#ports.set(key, ips);
    for (const [key, count] of this.#claims) copy.#claims.set(key, count);
    Object.assign(copy.requested, this.requested, { scalars: new Map(this.requested.scalars) });
    Object.assign(copy.nonZeroRequested, this.nonZeroRequested);
    return copy;
  }

  /** Whether a port is taken: by the same address, or by one that stands for all. */
  portTaken(port: HostPort): boolean {
    const ips = this.#ports.get(portKey(port));
    return ips?.some((ip) => ip === port.ip || ip === ANY_IP || port.ip === ANY_IP) ?? false;
  }

  #freePort(port: HostPort): void {
    const ips = [...(this.#ports.get(portKey(port)) ?? [])];
    ips.splice(ips.indexOf(port.ip), 1);
    if (ips.length > 0) this.#ports.set(portKey(port), ips);
    else this.#ports.delete(portKey(port));
  }

  #freeClaim(claim: string): void {
    const left = (this.#claims.get(claim) ?? 0) - 1;
    if (left > 0) this.#claims.set(claim, left);
    else this.#claims.delete(claim);
  }

  #count({ requests, nonZero }: PodInfo, sign: 1 | -1): void {
    const { requested, nonZeroRequested } = this;
    requested.milliCpu += sign * requests.milliCpu;
    requested.memory += sign * requests.memory;
    requested.ephemeralStorage += sign * requests.ephemeralStorage;
    for (const [name, amount] of requests.scalars) requested.scalars.set(name, (requested.scalars.get(name) ?? 0) + sign * amount);
    nonZeroRequested.milliCpu += sign * nonZero.milliCpu;
    nonZeroRequested.memory += sign * nonZero.memory;
  }
}

const portKey = ({ protocol, port }: HostPort): string => `${protocol}/${port}`;

function readAllocatable(allocatable: Readonly<Record<string, string>>): Allocatable {
  const quantities = Object.entries(allocatable).map(([name, text]) => [name, parseQuantity(text)] as const);
  const pods = quantities.find(([name]) => name === 'pods')?.[1].value() ?? 0;
  return { ...amountsFrom(quantities), pods };
}

function readImages(images: readonly ContainerImage[]): ReadonlyMap<string, ImageState> {
  const states = new Map<string, ImageState>();
  for (const { names = [], sizeBytes = 0 } of images) for (const name of names) states.set(name, { sizeBytes: Number(sizeBytes) });
  return states;
}
