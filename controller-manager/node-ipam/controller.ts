import { coreKinds, keyOf, type Live, type Node } from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Counter } from '../../runtime/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';
import { CidrSet, podRanges } from './plan.ts';
import { writeCidrs } from './write-cidrs.ts';

const WORKERS = 30;

export const nodeIpamController: ControllerDescriptor = {
  name: 'node-ipam-controller',
  alias: 'nodeipam',
  create: (context) => (context.settings.allocateNodeCidrs ? new NodeIpamController(context) : IDLE),
};

const IDLE: Controller = { run: () => Promise.resolve() };

/**
 * Gives each node a block of pod addresses. A block is taken before it is written, and given back when its node is gone: not when a write fails,
 * for it may have come through, and two nodes would have one block.
 */
class NodeIpamController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #nodes: Informer<Node>;
  /** One for each family. */
  readonly #blocks: readonly CidrSet[];
  readonly #recorder: EventRecorder;
  /** Nodes that got a block of which the cache does not know yet, by uid. */
  readonly #given = new Set<string>();
  /** What nodes are to have that have nothing yet, as far as the cache knows, by uid. */
  readonly #reserved = new Map<string, readonly string[]>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#nodes = context.informers.nodes();
    this.#blocks = podRanges(context.settings).map((range) => new CidrSet(range));
    // Services and pods do not share addresses.
    const { allocations, sizes } = context.metrics.nodeIpam;
    this.#forEach(context.settings.serviceClusterIpRange, (blocks, range) => this.#count(allocations, blocks, blocks.occupy(range)));
    for (const blocks of this.#blocks) sizes.set(blocks.size, { clusterCIDR: blocks.label });
    this.#recorder = context.recorder('cidrAllocator');
    this.#nodes.addHandler({
      onAdd: (node) => this.#onNode(node),
      onUpdate: (node) => this.#onNode(node),
      onDelete: (node) => this.#onGone(node),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, metrics } = this.#context;
    // The one controller of upstream's that tells so in this process.
    metrics.nodeIpam.running.set(1, { name: 'nodeipam', manager: 'kube-controller-manager' });
    return runController({
      name: nodeIpamController.name,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #onNode(node: Live<Node>): void {
    const cidrs = podCidrsOf(node);
    if (cidrs.length > 0) {
      const { allocations, releases } = this.#context.metrics.nodeIpam;
      // What was reserved is counted already; what is not taken after all is given back.
      const reserved = this.#reserved.get(node.metadata.uid) ?? [];
      this.#reserved.delete(node.metadata.uid);
      this.#forEach(cidrs, (blocks, cidr) => this.#count(allocations, blocks, blocks.occupy(cidr)));
      const others = reserved.filter((cidr) => !cidrs.includes(cidr));
      this.#forEach(others, (blocks, cidr) => this.#count(releases, blocks, blocks.release(cidr)));
      this.#given.delete(node.metadata.uid);
    } else this.#queue.add(keyOf(node));
  }

  #forEach(cidrs: Iterable<string>, act: (blocks: CidrSet, cidr: string) => void): void {
    for (const cidr of cidrs) for (const blocks of this.#blocks) act(blocks, cidr);
  }

  /** The block is free again, and a node that got none may have it. */
  #onGone(gone: Live<Node>): void {
    this.#given.delete(gone.metadata.uid);
    const cidrs = new Set([...podCidrsOf(gone), ...(this.#reserved.get(gone.metadata.uid) ?? [])]);
    this.#reserved.delete(gone.metadata.uid);
    if (cidrs.size === 0) return;
    const { releases } = this.#context.metrics.nodeIpam;
    this.#forEach(cidrs, (blocks, cidr) => this.#count(releases, blocks, blocks.release(cidr)));
    for (const node of this.#nodes.list()) if (podCidrsOf(node).length === 0) this.#queue.add(keyOf(node));
  }

  /** @param changed how many blocks were taken, or given back */
  #count(metric: Counter, blocks: CidrSet, changed: number): void {
    const labels = { clusterCIDR: blocks.label };
    if (changed > 0) metric.inc(labels, changed);
    this.#context.metrics.nodeIpam.usage.set(1 - blocks.free / blocks.size, labels);
  }

  async #reconcile(key: string): Promise<void> {
    const node = this.#nodes.getByKey(key);
    if (!node || podCidrsOf(node).length > 0 || this.#given.has(node.metadata.uid)) return;
    const podCIDRs = this.#reserved.get(node.metadata.uid) ?? this.#reserve(node);
    this.#given.add(node.metadata.uid);
    try {
      await writeCidrs(this.#context.client.resource<Node>(coreKinds.nodes), node, podCIDRs);
    } catch (error) {
      this.#given.delete(node.metadata.uid);
      this.#tell(node, 'CIDRAssignmentFailed');
      throw error;
    }
  }

  /** @throws Error when there is no block any more */
  #reserve(node: Live<Node>): readonly string[] {
    const cidrs = this.#allocate();
    if (cidrs === undefined) {
      this.#tell(node, 'CIDRNotAvailable');
      throw new Error(`no block of --cluster-cidr ${this.#context.settings.clusterCidr} is left`);
    }
    this.#reserved.set(node.metadata.uid, cidrs);
    return cidrs;
  }

  #tell(node: Live<Node>, reason: string): void {
    const message = `Node ${node.metadata.name} status is now: ${reason}`;
    this.#recorder.event(subjectOf(coreKinds.nodes, node), 'Normal', reason, message);
  }

  /** A block of each range, or none at all. */
  #allocate(): string[] | undefined {
    const { allocations, releases, tries } = this.#context.metrics.nodeIpam;
    const cidrs: string[] = [];
    for (const blocks of this.#blocks) {
      const block = blocks.allocate();
      if (block === undefined) {
        this.#forEach(cidrs, (each, cidr) => this.#count(releases, each, each.release(cidr)));
        return undefined;
      }
      this.#count(allocations, blocks, 1);
      tries.observe(block.tried, { clusterCIDR: blocks.label });
      cidrs.push(block.cidr);
    }
    return cidrs;
  }
}

const podCidrsOf = ({ spec }: Live<Node>): readonly string[] => spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : []);
