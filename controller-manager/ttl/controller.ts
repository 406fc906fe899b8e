import { coreKinds, isNotFound, keyOf, type Live, type Node } from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { needsTtl, TTL_ANNOTATION, TtlSteps } from './plan.ts';

const WORKERS = 5;

export const ttlController: ControllerDescriptor = {
  name: 'ttl-controller',
  alias: 'ttl',
  create: (context) => new TtlController(context),
};

/** Tells each node how long its kubelet may keep Secrets and ConfigMaps: the longer, the larger the cluster. Upstream: `pkg/controller/ttl`. */
class TtlController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #nodes: Informer<Node>;
  readonly #steps = new TtlSteps();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#nodes = context.informers.nodes();
    this.#nodes.addHandler({
      onAdd: (node) => {
        this.#steps.added();
        this.#look(node);
      },
      // Kubelets write their status now and then: so all hear of a new step.
      onUpdate: (node) => this.#look(node),
      onDelete: () => this.#steps.deleted(),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    return runController({
      name: ttlController.name,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #look(node: Live<Node>): void {
    if (needsTtl(node, this.#steps.ttlSeconds)) this.#queue.add(keyOf(node));
  }

  async #reconcile(key: string): Promise<void> {
    const node = this.#nodes.getByKey(key);
    const { ttlSeconds } = this.#steps;
    if (!node || !needsTtl(node, ttlSeconds)) return;
    const body = { metadata: { annotations: { [TTL_ANNOTATION]: String(ttlSeconds) } } };
    try {
      await this.#context.client.resource<Node>(coreKinds.nodes).patch(node.metadata.name, body, { type: 'strategic' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
