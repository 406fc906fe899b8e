import { type ConfigMap, coreKinds, isNotFound, type Secret } from '../../api/index.ts';
import { type Informer, type ReconcileResult, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { planSignatures, remainingMs, TOKEN_TYPE } from './plan.ts';

/** What who joins reads before it knows whom to trust. */
const NAMESPACE = 'kube-public';
const NAME = 'cluster-info';
const KEY = `${NAMESPACE}/${NAME}`;

export const bootstrapSigner: ControllerDescriptor = {
  name: 'bootstrap-signer-controller',
  alias: 'bootstrapsigner',
  isOptional: true,
  create: (context) => new BootstrapSigner(context),
};

/** Signs `kube-public/cluster-info` with each token that new nodes may join with. Upstream: `pkg/controller/bootstrap/bootstrapsigner.go`. */
class BootstrapSigner implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #configMaps: Informer<ConfigMap>;
  readonly #secrets: Informer<Secret>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#configMaps = context.informers.configMapsNamed(NAME);
    this.#secrets = context.informers.secretsOfType(TOKEN_TYPE);
    const poke = () => this.#queue.add(KEY);
    this.#configMaps.addHandler({ onAdd: poke, onUpdate: poke });
    this.#secrets.addHandler({ onAdd: poke, onUpdate: poke, onDelete: poke });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const reconcile = () => this.#reconcile();
    return runController({ name: bootstrapSigner.name, queue: this.#queue, workers: 1, reconcile, clock, logger, signal });
  }

  async #reconcile(): Promise<ReconcileResult | undefined> {
    const { clock, client } = this.#context;
    const info = this.#configMaps.get(NAMESPACE, NAME);
    if (!info) return undefined;
    const secrets = this.#secrets.list('kube-system');
    const data = planSignatures(info, secrets, clock.now());
    try {
      if (data) await client.resource<ConfigMap>(coreKinds.configmaps).update({ ...info, data });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    // A token that expires signs no more.
    const next = secrets.flatMap((secret) => remainingMs(secret, clock.now()) || []);
    return next.length > 0 ? { requeueAfterMs: Math.min(...next) } : undefined;
  }
}
