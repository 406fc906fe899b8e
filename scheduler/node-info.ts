import { type Live, type Node, parseQuantity } from '../api/index.ts';
import { type Amounts, type HostPort, noAmounts, type PodInfo } from './pod-info.ts';

const ANY_IP = '0.0.0.0';

/** A node and what runs on it, kept up to date pod by pod (upstream: `pkg/scheduler/framework/types.go` NodeInfo). */
export class NodeInfo {
  readonly name: string;
  #node: Live<Node> | undefined;
  readonly pods = new Map<string, PodInfo>();
  readonly requested: Amounts = noAmounts();
  readonly nonZeroRequested = { milliCpu: 0, memory: 0 };
  #allocatable: Amounts & { pods: number } = { ...noAmounts(), pods: 0 };
  /** Taken ports, by protocol and port, with the addresses they are taken on. */
  readonly #ports = new Map<string, string[]>();

  constructor(name: string) {
    this.name = name;
  }

  /** The node object; absent while only pods of it are known. */
  get node(): Live<Node> | undefined {
    return this.#node;
  }

  set node(node: Live<Node> | undefined) {
    this.#node = node;
    this.#allocatable = readAllocatable(node?.status.allocatable ?? {});
  }

  get allocatable(): Readonly<Amounts & { pods: number }> {
    return this.#allocatable;
  }

  add(pod: PodInfo): void {
    this.remove(pod.uid);
    this.pods.set(pod.uid, pod);
    this.#count(pod, 1);
    for (const port of pod.hostPorts) this.#ports.set(portKey(port), [...(this.#ports.get(portKey(port)) ?? []), port.ip]);
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid);
    if (!pod) return;
    this.pods.delete(uid);
    this.#count(pod, -1);
    for (const port of pod.hostPorts) this.#freePort(port);
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

  #count({ requests, nonZero }: PodInfo, sign: 1 | -1): void {
    this.requested.milliCpu += sign * requests.milliCpu;
    this.requested.memory += sign * requests.memory;
    this.requested.ephemeralStorage += sign * requests.ephemeralStorage;
    for (const [name, amount] of requests.scalars) {
      this.requested.scalars.set(name, (this.requested.scalars.get(name) ?? 0) + sign * amount);
    }
    this.nonZeroRequested.milliCpu += sign * nonZero.milliCpu;
    this.nonZeroRequested.memory += sign * nonZero.memory;
  }
}

const portKey = ({ protocol, port }: HostPort): string => `${protocol}/${port}`;

function readAllocatable(allocatable: Readonly<Record<string, string>>): Amounts & { pods: number } {
  const amounts = { ...noAmounts(), pods: 0 };
  for (const [name, text] of Object.entries(allocatable)) {
    const quantity = parseQuantity(text);
    if (name === 'cpu') amounts.milliCpu = quantity.milli();
    else if (name === 'memory') amounts.memory = quantity.value();
    else if (name === 'ephemeral-storage') amounts.ephemeralStorage = quantity.value();
    else if (name === 'pods') amounts.pods = quantity.value();
    else amounts.scalars.set(name, quantity.value());
  }
  return amounts;
}
