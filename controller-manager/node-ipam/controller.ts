import { coreKinds, keyOf, type Live, type Node } from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import { UserError } from '../../runtime/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';
import { CidrSet, parseCidr } from './plan.ts';

const WORKERS = 30;
/** Largest difference of the two masks, as upstream: a map of 65,536 blocks. */
const MASK_DIFFERENCE_MAX = 16;

export const nodeIpamController: ControllerDescriptor = {
  name: 'node-ipam-controller',
  alias: 'nodeipam',
  create: (context) => (context.settings.allocateNodeCidrs ? new NodeIpamController(context) : IDLE),
};

const IDLE: Controller = { run: () => Promise.resolve() };

/** Gives each node a block of pod addresses. A block is taken before it is written, and given back when its node is gone. */
class NodeIpamController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #nodes: Informer<Node>;
  readonly #blocks: CidrSet;
  readonly #recorder: EventRecorder;
  /** Nodes that got a block of which the cache does not know yet, by uid. */
  readonly #given = new Set<string>();

  constructor(context: ControllerContext) {
    const { clusterCidr, nodeCidrMaskSize } = context.settings;
    const cluster = parseCidr(clusterCidr);
    if (!cluster) throw new UserError(`--cluster-cidr takes an IPv4 range such as 10.244.0.0/16, not "${clusterCidr}"`);
    if (nodeCidrMaskSize < cluster.bits || nodeCidrMaskSize > 32 || nodeCidrMaskSize - cluster.bits > MASK_DIFFERENCE_MAX) {
      const range = `${cluster.bits} to ${Math.min(32, cluster.bits + MASK_DIFFERENCE_MAX)}`;
      throw new UserError(`--node-cidr-mask-size must be from ${range} with --cluster-cidr ${clusterCidr}, not ${nodeCidrMaskSize}`);
    }
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#nodes = context.informers.nodes();
    this.#blocks = new CidrSet(cluster, nodeCidrMaskSize);
    this.#recorder = context.recorder('cidrAllocator');
    this.#nodes.addHandler({
      onAdd: (node) => this.#onNode(node),
      onUpdate: (node) => this.#onNode(node),
      onDelete: (node) => this.#onGone(node),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
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
    const { podCIDR } = node.spec;
    if (podCIDR) {
      this.#blocks.occupy(podCIDR);
      this.#given.delete(node.metadata.uid);
    } else this.#queue.add(keyOf(node));
  }

  /** The block is free again, and a node that got none may have it. */
  #onGone({ metadata, spec }: Live<Node>): void {
    this.#given.delete(metadata.uid);
    if (!spec.podCIDR) return;
    this.#blocks.release(spec.podCIDR);
    for (const node of this.#nodes.list()) if (!node.spec.podCIDR) this.#queue.add(keyOf(node));
  }

  async #reconcile(key: string): Promise<void> {
    const node = this.#nodes.getByKey(key);
    if (!node || node.spec.podCIDR || this.#given.has(node.metadata.uid)) return;
    const podCIDR = this.#blocks.allocate();
    if (podCIDR === undefined) {
      const message = `Node ${node.metadata.name} status is now: CIDRNotAvailable`;
      this.#recorder.event(subjectOf(coreKinds.nodes, node), 'Normal', 'CIDRNotAvailable', message);
      throw new Error(`no block of --cluster-cidr ${this.#context.settings.clusterCidr} is left`);
    }
    this.#given.add(node.metadata.uid);
    try {
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR, podCIDRs: [podCIDR] } };
      await this.#context.client.resource<Node>(coreKinds.nodes).patch(node.metadata.name, body, { type: 'strategic' });
    } catch (error) {
      this.#blocks.release(podCIDR);
      this.#given.delete(node.metadata.uid);
      throw error;
    }
  }
}
