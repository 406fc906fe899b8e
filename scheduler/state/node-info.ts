import { type ContainerImage, type Live, type Node, parseQuantity, type Taint } from '../../api/index.ts';
import { type Amounts, amountsFrom, type HostPort, type PodInfo } from './pod-info.ts';

const ANY_IP = '0.0.0.0';

/** What a node offers. */
export type Allocatable = Amounts & { pods: number };

/** Where in a node's row which figure is. */
const AT = {
  cpu: 0,
  memory: 1,
  storage: 2,
  podsMax: 3,
  usedCpu: 4,
  usedMemory: 5,
  usedStorage: 6,
  pods: 7,
  nonZeroCpu: 8,
  nonZeroMemory: 9,
} as const;
const WIDTH = 10;
const ROWS = 64;

/**
 * The figures of all nodes, side by side: what is read for hundreds of nodes for each pod should be near together, and not in as many objects
 * as there are nodes.
 */
export class FiguresTable {
  data: Float64Array;
  /** Counts the changes of all nodes. */
  generation = 0;

  constructor(rows = ROWS) {
    this.data = new Float64Array(rows * WIDTH);
  }

  /** Makes sure that there is a row, all zero. @returns where it begins. */
  clear(slot: number): number {
    const row = slot * WIDTH;
    if (row + WIDTH > this.data.length) {
      const data = new Float64Array(Math.max(row + WIDTH, 2 * this.data.length));
      data.set(this.data);
      this.data = data;
    }
    this.data.fill(0, row, row + WIDTH);
    return row;
  }
}

/** An image that a node has; how many nodes have it is for the cluster's image table to say. */
export interface ImageState {
  readonly sizeBytes: number;
}

/** A node and what runs on it, kept up to date pod by pod. Upstream: `pkg/scheduler/framework/types.go` NodeInfo. */
export class NodeInfo {
  readonly name: string;
  /** Its place in the columns of the snapshot; constant while the node is known. */
  readonly slot: number;
  readonly #table: FiguresTable;
  readonly #row: number;
  #node: Live<Node> | undefined;
  #isUnschedulable = false;
  #taints: readonly Taint[] = NO_TAINTS;
  readonly #pods = new Map<string, PodInfo>();
  #usedScalars = new Map<string, number>();
  #scalars: ReadonlyMap<string, number> = new Map();
  /** Taken ports, by protocol and port, with the addresses they are taken on. */
  readonly #ports = new Map<string, string[]>();
  /** How many pods of the node mount a claim, by the claim's key. */
  readonly #claims = new Map<string, number>();
  #images: ReadonlyMap<string, ImageState> = new Map();
  #generation = 0;

  /** @param table where its figures are kept; one of its own unless given. */
  constructor(name: string, slot = 0, table?: FiguresTable) {
    this.name = name;
    this.slot = slot;
    this.#table = table ?? new FiguresTable(1);
    this.#row = this.#table.clear(table ? slot : 0);
  }

  /** The node object; absent while only pods of it are known. */
  get node(): Live<Node> | undefined {
    return this.#node;
  }

  set node(node: Live<Node> | undefined) {
    const last = this.#node;
    this.#node = node;
    this.touch();
    this.#isUnschedulable = node?.spec.unschedulable ?? false;
    this.#taints = node?.spec.taints ?? NO_TAINTS;
    if (node?.status.allocatable !== last?.status.allocatable || !last) this.#offer(readAllocatable(node?.status.allocatable ?? {}));
    if (node?.status.images !== last?.status.images) this.#images = readImages(node?.status.images ?? []);
  }

  get isUnschedulable(): boolean {
    return this.#isUnschedulable;
  }

  get taints(): readonly Taint[] {
    return this.#taints;
  }

  get pods(): ReadonlyMap<string, PodInfo> {
    return this.#pods;
  }

  get allocatable(): Readonly<Allocatable> {
    return {
      milliCpu: this.#at(AT.cpu),
      memory: this.#at(AT.memory),
      ephemeralStorage: this.#at(AT.storage),
      pods: this.#at(AT.podsMax),
      scalars: new Map(this.#scalars),
    };
  }

  /** What the pods on it ask for. */
  get requested(): Readonly<Amounts> {
    const [milliCpu, memory, ephemeralStorage] = [this.#at(AT.usedCpu), this.#at(AT.usedMemory), this.#at(AT.usedStorage)];
    return { milliCpu, memory, ephemeralStorage, scalars: new Map(this.#usedScalars) };
  }

  /** How many pods it takes. */
  get podsMax(): number {
    return this.#at(AT.podsMax);
  }

  get milliCpu(): number {
    return this.#at(AT.cpu);
  }

  get memory(): number {
    return this.#at(AT.memory);
  }

  get usedMilliCpu(): number {
    return this.#at(AT.usedCpu);
  }

  get usedMemory(): number {
    return this.#at(AT.usedMemory);
  }

  /** With a default for containers that ask for none: for scoring. */
  get nonZeroMilliCpu(): number {
    return this.#at(AT.nonZeroCpu);
  }

  get nonZeroMemory(): number {
    return this.#at(AT.nonZeroMemory);
  }

  /** What there is of a resource, by its name, and what of it is asked for. */
  amountOf(name: string): number {
    return name === 'ephemeral-storage' ? this.#at(AT.storage) : (this.#scalars.get(name) ?? 0);
  }

  usedOf(name: string): number {
    return name === 'ephemeral-storage' ? this.#at(AT.usedStorage) : (this.#usedScalars.get(name) ?? 0);
  }

  /** Whether a pod more, with these requests, has room; extended resources are not looked at. */
  hasRoomFor({ milliCpu, memory, ephemeralStorage }: Readonly<Amounts>): boolean {
    const { data } = this.#table;
    const row = this.#row;
    const left = (total: number, used: number) => (data[row + total] ?? 0) - (data[row + used] ?? 0);
    return (
      left(AT.podsMax, AT.pods) >= 1 &&
      (milliCpu === 0 || milliCpu <= left(AT.cpu, AT.usedCpu)) &&
      (memory === 0 || memory <= left(AT.memory, AT.usedMemory)) &&
      (ephemeralStorage === 0 || ephemeralStorage <= left(AT.storage, AT.usedStorage))
    );
  }

  get images(): ReadonlyMap<string, ImageState> {
    return this.#images;
  }

  get claims(): ReadonlyMap<string, number> {
    return this.#claims;
  }

  /** Another one after every change, of what is planned for it too; no two nodes of a table have the same. */
  get generation(): number {
    return this.#generation;
  }

  /** Something about it has changed. */
  touch(): void {
    this.#generation = ++this.#table.generation;
  }

  add(pod: PodInfo): void {
    this.remove(pod.uid);
    this.#pods.set(pod.uid, pod);
    this.touch();
    this.#count(pod, 1);
    for (const port of pod.hostPorts) this.#ports.set(portKey(port), [...(this.#ports.get(portKey(port)) ?? []), port.ip]);
    for (const claim of pod.claims) this.#claims.set(claim, (this.#claims.get(claim) ?? 0) + 1);
  }

  /** Puts a new version of a pod in the place of the last one, which takes just as much. */
  replace(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
    this.touch();
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    this.#pods.delete(uid);
    this.touch();
    this.#count(pod, -1);
    for (const port of pod.hostPorts) this.#freePort(port);
    for (const claim of pod.claims) this.#freeClaim(claim);
  }

  /** A copy for trying things out: what is done to it, the cluster does not see. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name, this.slot);
    copy.#node = this.#node;
    copy.#isUnschedulable = this.#isUnschedulable;
    copy.#taints = this.#taints;
    copy.#scalars = this.#scalars;
    copy.#images = this.#images;
    copy.#table.data.set(this.#table.data.subarray(this.#row, this.#row + WIDTH), copy.#row);
    for (const [uid, pod] of this.#pods) copy.#pods.set(uid, pod);
    for (const [key, ips] of this.#ports) copy.#ports.set(key, ips);
    for (const [key, count] of this.#claims) copy.#claims.set(key, count);
    for (const [name, used] of this.#usedScalars) copy.#usedScalars.set(name, used);
    return copy;
  }

  /** Whether a port is taken: by the same address, or by one that stands for all. */
  portTaken(port: HostPort): boolean {
    const ips = this.#ports.get(portKey(port));
    return ips?.some((ip) => overlaps(ip, port.ip)) ?? false;
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
    this.#add(AT.usedCpu, sign * requests.milliCpu);
    this.#add(AT.usedMemory, sign * requests.memory);
    this.#add(AT.usedStorage, sign * requests.ephemeralStorage);
    this.#add(AT.pods, sign);
    this.#add(AT.nonZeroCpu, sign * nonZero.milliCpu);
    this.#add(AT.nonZeroMemory, sign * nonZero.memory);
    for (const [name, amount] of requests.scalars) this.#usedScalars.set(name, (this.#usedScalars.get(name) ?? 0) + sign * amount);
  }

  #offer({ milliCpu, memory, ephemeralStorage, pods, scalars }: Allocatable): void {
    const { data } = this.#table;
    data[this.#row + AT.cpu] = milliCpu;
    data[this.#row + AT.memory] = memory;
    data[this.#row + AT.storage] = ephemeralStorage;
    data[this.#row + AT.podsMax] = pods;
    this.#scalars = scalars;
  }

  #at(figure: number): number {
    return this.#table.data[this.#row + figure] ?? 0;
  }

  #add(figure: number, by: number): void {
    this.#table.data[this.#row + figure] = this.#at(figure) + by;
  }
}

const NO_TAINTS: readonly Taint[] = [];

const overlaps = (a: string, b: string): boolean => a === b || a === ANY_IP || b === ANY_IP;

/** Whether two pods cannot have both of these. */
export const portsConflict = (a: HostPort, b: HostPort): boolean => portKey(a) === portKey(b) && overlaps(a.ip, b.ip);

const portKey = ({ protocol, port }: HostPort): string => `${protocol}/${port}`;

function readAllocatable(allocatable: Readonly<Record<string, string>>): Allocatable {
  const quantities = Object.entries(allocatable).map(([name, text]) => [name, parseQuantity(text)] as const);
  const pods = quantities.find(([name]) => name === 'pods')?.[1].value() ?? 0;
  return { ...amountsFrom(quantities), pods };
}

function readImages(images: readonly ContainerImage[]): ReadonlyMap<string, ImageState> {
  const states = new Map<string, ImageState>();
  for (const { names = [], sizeBytes = 0 } of images) {
    for (const name of names) if (!states.has(name)) states.set(name, { sizeBytes: Number(sizeBytes) });
  }
  return states;
}
