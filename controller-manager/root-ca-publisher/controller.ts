import { ApiError, type ConfigMap, coreKinds, isAlreadyExists, isNotFound, keyOf, type Live, type Namespace } from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { countTimed } from '../shared/controller-metrics.ts';
import { deepEqual } from '../shared/equality.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';

/** The ConfigMap in every namespace from which pods learn whom to trust. */
const NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const DESCRIPTION_TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or ' +
  'kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';
const WORKERS = 5;

export const rootCaPublisher: ControllerDescriptor = {
  name: 'root-ca-certificate-publisher-controller',
  alias: 'root-ca-cert-publisher',
  create: (context) => new RootCaPublisher(context),
};

class RootCaPublisher implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #namespaces: Informer<Namespace>;
  readonly #configMaps: Informer<ConfigMap>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#namespaces = context.informers.namespaces();
    this.#configMaps = context.informers.configMapsNamed(NAME);
    const enqueue = (namespace: Live<Namespace>) => this.#queue.add(keyOf(namespace));
    const enqueueNamespaceOf = ({ metadata }: Live<ConfigMap>) => this.#queue.add(metadata.namespace ?? '');
    this.#namespaces.addHandler({ onAdd: enqueue, onUpdate: enqueue });
    this.#configMaps.addHandler({ onUpdate: enqueueNamespaceOf, onDelete: enqueueNamespaceOf });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    if (settings.rootCa === undefined) {
      logger.warn({ controller: rootCaPublisher.name }, 'no root CA is known, none is published');
      return Promise.resolve();
    }
    const rootCa = settings.rootCa;
    return runController({
      name: rootCaPublisher.name,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#counted(() => this.#reconcile(key, rootCa)),
      clock,
      logger,
      signal,
    });
  }

  async #counted(work: () => Promise<void>): Promise<void> {
    const { clock, metrics } = this.#context;
    const begin = clock.monotonic();
    const count = (code: number) =>
      countTimed({ total: metrics.rootCa.syncs, seconds: metrics.rootCa.syncSeconds }, { code }, clock.monotonic() - begin);
    try {
      await work();
    } catch (error) {
      count(error instanceof ApiError ? error.code : 500);
      throw error;
    }
    count(200);
  }

  async #reconcile(name: string, rootCa: string): Promise<void> {
    const namespace = this.#namespaces.get('', name);
    if (namespace?.status.phase !== 'Active') return;
    const current = this.#configMaps.get(name, NAME);
    const data = { 'ca.crt': rootCa };
    const resource = this.#context.client.resource<ConfigMap>(coreKinds.configmaps);
    try {
      if (!current) {
        const metadata = { name: NAME, namespace: name, annotations: { [DESCRIPTION]: DESCRIPTION_TEXT } };
        await resource.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
      } else if (!deepEqual(current.data, data) || !current.metadata.annotations?.[DESCRIPTION]) {
        const annotations = { ...current.metadata.annotations, [DESCRIPTION]: DESCRIPTION_TEXT };
        await resource.update({ ...current, metadata: { ...current.metadata, annotations }, data });
      }
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !isNamespaceTerminating(error)) throw error;
    }
  }
}
