import { coreKinds, isConflict, isNotFound, keyOf, type Live, type Secret } from '../../api/index.ts';
import { type Informer, type ReconcileResult, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { remainingMs, TOKEN_NAMESPACE, TOKEN_TYPE } from './plan.ts';

const WORKERS = 10;

export const tokenCleaner: ControllerDescriptor = {
  name: 'token-cleaner-controller',
  alias: 'tokencleaner',
  isOptional: true,
  create: (context) => new TokenCleaner(context),
};

/** Deletes bootstrap tokens that have expired. Upstream: `pkg/controller/bootstrap/tokencleaner.go`. */
class TokenCleaner implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #secrets: Informer<Secret>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#secrets = context.informers.secretsOfType(TOKEN_TYPE);
    const enqueue = (secret: Live<Secret>) => {
      if (secret.metadata.namespace === TOKEN_NAMESPACE) this.#queue.add(keyOf(secret));
    };
    this.#secrets.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    return runController({
      name: tokenCleaner.name,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const secret = this.#secrets.getByKey(key);
    const left = secret && remainingMs(secret, this.#context.clock.now());
    if (!secret || left === undefined) return undefined;
    if (left > 0) return { requeueAfterMs: left };
    const { name, namespace, uid } = secret.metadata;
    try {
      await this.#context.client.resource<Secret>(coreKinds.secrets).delete(name, { namespace, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return undefined;
  }
}
