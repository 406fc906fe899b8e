import { coreKinds, isAlreadyExists, keyOf, type Live, type Namespace, type ServiceAccount } from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';

/** The ServiceAccount every namespace has. */
const NAME = 'default';

export const serviceAccountController: ControllerDescriptor = {
  name: 'serviceaccount-controller',
  alias: 'serviceaccount',
  create: (context) => new ServiceAccountController(context),
};

class ServiceAccountController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #namespaces: Informer<Namespace>;
  readonly #accounts: Informer<ServiceAccount>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#namespaces = context.informers.namespaces();
    this.#accounts = context.informers.serviceAccounts();
    const enqueue = (namespace: Live<Namespace>) => this.#queue.add(keyOf(namespace));
    this.#namespaces.addHandler({ onAdd: enqueue, onUpdate: enqueue });
    this.#accounts.addHandler({
      onDelete: ({ metadata }) => {
        if (metadata.name === NAME) this.#queue.add(metadata.namespace ?? '');
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: serviceAccountController.name,
      queue: this.#queue,
      workers: settings.concurrentServiceAccountSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  async #reconcile(name: string): Promise<void> {
    const namespace = this.#namespaces.get('', name);
    if (namespace?.status.phase !== 'Active' || this.#accounts.get(name, NAME)) return;
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: name } };
    try {
      await this.#context.client.resource<ServiceAccount>(coreKinds.serviceaccounts).create(account);
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
  }
}
