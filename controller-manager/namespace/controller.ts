import {
  basePathOf,
  coreKinds,
  isNotFound,
  type KindInfo,
  type KubeObject,
  keyOf,
  type Live,
  type Namespace,
  type Pod,
} from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { type Discovered, discover } from '../shared/discovery.ts';
import { forEachLimited } from '../shared/for-each-limited.ts';
import { listMetadata } from '../shared/metadata-list.ts';
import { isPodTerminal, msOf } from '../shared/pods.ts';
import { type DeletionFindings, deletionConditions } from './conditions.ts';

const FINALIZER = 'kubernetes';
/** How long after its deletion a namespace is emptied, so that every API server knows of it and lets nothing new in. */
const GRACE_MS = 200;
/** Kinds that are emptied side by side in one namespace. */
const KIND_WORKERS = 8;
/** Time between two looks at what is left: half of how long it has taken so far, within these. */
const REQUEUE_MS_MIN = 250;
const REQUEUE_MS_MAX = 8_000;
/** What went wrong is tried again within a minute. */
const BACKOFF_MS_MAX = 60_000;

export const namespaceController: ControllerDescriptor = {
  name: 'namespace-controller',
  alias: 'namespace',
  create: (context) => new NamespaceController(context),
};

/** What is left of a kind in a namespace. */
interface Rest {
  readonly kind: KindInfo;
  readonly objects: readonly Live<KubeObject>[];
}

/** Empties namespaces that are being deleted, pods first, and lets them go. */
class NamespaceController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #namespaces: Informer<Namespace>;
  readonly #pods: Informer<Pod>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock, backoffMsMax: BACKOFF_MS_MAX });
    this.#namespaces = context.informers.namespaces();
    this.#pods = context.informers.pods();
    const enqueue = (namespace: Live<Namespace>) => {
      if (namespace.metadata.deletionTimestamp) this.#queue.addAfter(keyOf(namespace), GRACE_MS);
    };
    this.#namespaces.addHandler({
      onAdd: enqueue,
      onUpdate: (namespace, old) => {
        // Our own status writes are no news.
        const isNews = !old.metadata.deletionTimestamp || old.spec.finalizers?.length !== namespace.spec.finalizers?.length;
        if (isNews) enqueue(namespace);
      },
    });
    this.#pods.addHandler({ onDelete: (pod) => this.#onPodGone(pod) });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: namespaceController.name,
      queue: this.#queue,
      workers: settings.concurrentNamespaceSyncs,
      reconcile: (key) => this.#reconcile(key, signal),
      clock,
      logger,
      signal,
    });
  }

  /** The last pod of a namespace that goes is what its deletion waits for. */
  #onPodGone({ metadata: { namespace = '' } }: Live<Pod>): void {
    const isGoing = this.#namespaces.get('', namespace)?.metadata.deletionTimestamp;
    if (isGoing && this.#pods.list(namespace).length === 0) this.#queue.add(namespace);
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<{ requeueAfterMs: number } | undefined> {
    const cached = this.#namespaces.get('', name);
    if (!cached?.metadata.deletionTimestamp) return undefined;
    let namespace: Live<Namespace>;
    try {
      namespace = await this.#resource.get(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    if (!namespace.metadata.deletionTimestamp || !namespace.spec.finalizers?.length) return undefined;
    if (namespace.status.phase !== 'Terminating') {
      namespace = await this.#resource.updateStatus({ ...namespace, status: { ...namespace.status, phase: 'Terminating' } });
    }
    const { findings, isLeft } = await this.#empty(namespace, signal);
    namespace = await this.#report(namespace, findings);
    const { contentErrors, discoveryErrors, discoveryFailure } = findings;
    const error = discoveryFailure ?? contentErrors[0] ?? discoveryErrors[0];
    if (error !== undefined) throw new Error(`namespace could not be emptied: ${error}`);
    if (isLeft) return this.#again(namespace);
    await this.#finalize(namespace);
    return undefined;
  }

  get #resource() {
    return this.#context.client.resource<Namespace>(coreKinds.namespaces);
  }

  #again({ metadata }: Live<Namespace>): { requeueAfterMs: number } {
    const elapsedMs = this.#context.clock.now() - msOf(metadata.deletionTimestamp);
    return { requeueAfterMs: Math.min(REQUEUE_MS_MAX, Math.max(REQUEUE_MS_MIN, elapsedMs / 2)) };
  }

  /** Deletes everything in the namespace: pods first, and the rest once they are gone. What is left is told of the rest only. */
  async #empty({ metadata }: Live<Namespace>, signal: AbortSignal): Promise<{ findings: DeletionFindings; isLeft: boolean }> {
    const { name: namespace } = metadata;
    const graceMs = this.#graceMsOf(namespace) - (this.#context.clock.now() - msOf(metadata.deletionTimestamp));
    const { kinds, errors, failure } = await this.#discover();
    const deletable = kinds.filter(({ namespaced, verbs }) => namespaced && verbs.includes('delete') && verbs.includes('list'));
    const contentErrors: string[] = [];
    const rests: Rest[] = [];
    const empty = async (kind: KindInfo) => {
      try {
        const rest = { kind, objects: await this.#emptyKind(namespace, kind, signal) };
        if (rest.objects.length > 0) rests.push(rest);
        if (!mayBeLeft(rest, graceMs)) contentErrors.push(unexpectedText(namespace, kind));
      } catch (error) {
        if (!isNotFound(error)) contentErrors.push(error instanceof Error ? error.message : String(error));
      }
    };
    const emptyAll = (some: readonly KindInfo[]) => forEachLimited(some, KIND_WORKERS, empty);
    await emptyAll(deletable.filter(isPods));
    const arePodsGone = rests.length === 0 && contentErrors.length === 0;
    if (arePodsGone) await emptyAll(deletable.filter((kind) => !isPods(kind)));
    const left = leftOf(arePodsGone ? rests : []);
    return { findings: { ...left, discoveryErrors: errors, discoveryFailure: failure, contentErrors }, isLeft: rests.length > 0 };
  }

  /** How long the pods that have not ended may take to do so. */
  #graceMsOf(namespace: string): number {
    const alive = this.#pods.list(namespace).filter((pod) => !isPodTerminal(pod));
    return Math.max(0, ...alive.map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0)) * 1000;
  }

  async #discover(): Promise<Pick<Discovered, 'kinds' | 'errors'> & { readonly failure?: string }> {
    try {
      return await discover(this.#context.client);
    } catch (error) {
      return { kinds: [], errors: [], failure: error instanceof Error ? error.message : String(error) };
    }
  }

  /** @returns what is left, which waits for a grace period or for finalizers. */
  async #emptyKind(namespace: string, kind: KindInfo, signal: AbortSignal): Promise<Live<KubeObject>[]> {
    const { client } = this.#context;
    const before = await listMetadata(client, kind, { namespace, signal });
    if (before.length === 0) return before;
    const resource = client.resource<KubeObject>(kind);
    if (kind.verbs.includes('deletecollection')) {
      await resource.deleteCollection({ namespace, propagationPolicy: 'Background', signal });
    } else {
      await forEachLimited(before, KIND_WORKERS, async ({ metadata }) => {
        try {
          await resource.delete(metadata.name, { namespace, propagationPolicy: 'Background', signal });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      });
    }
    return await listMetadata(client, kind, { namespace, signal });
  }

  async #report(namespace: Live<Namespace>, findings: DeletionFindings): Promise<Live<Namespace>> {
    const conditions = deletionConditions(namespace.status.conditions ?? [], findings, this.#context.clock.now());
    if (!conditions) return namespace;
    return await this.#resource.updateStatus({ ...namespace, status: { ...namespace.status, conditions } });
  }

  /** Takes our finalizer off; the server removes the namespace with the last one. */
  async #finalize(namespace: Live<Namespace>): Promise<void> {
    const { name } = namespace.metadata;
    const finalizers = (namespace.spec.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
    try {
      await this.#context.client.request('PUT', `${basePathOf(coreKinds.namespaces)}/namespaces/${name}/finalize`, {
        body: { ...namespace, apiVersion: 'v1', kind: 'Namespace', spec: { ...namespace.spec, finalizers } },
        contentType: 'application/json',
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const isPods = ({ group, resource }: KindInfo): boolean => group === '' && resource === 'pods';

/** Whether there is a reason why it is left: pods have their grace period, and anything may have finalizers. */
const mayBeLeft = ({ kind, objects }: Rest, graceMs: number): boolean =>
  objects.length === 0 || (isPods(kind) && graceMs > 0) || objects.some(({ metadata }) => metadata.finalizers?.length);

const unexpectedText = (namespace: string, { group, version, resource }: KindInfo): string =>
  `unexpected items still remain in namespace: ${namespace} for gvr: ${group}/${version}, Resource=${resource}`;

function leftOf(rests: readonly Rest[]): Pick<DeletionFindings, 'remaining' | 'finalizers'> {
  const finalizers = new Map<string, number>();
  for (const { metadata } of rests.flatMap(({ objects }) => objects)) {
    for (const finalizer of metadata.finalizers ?? []) finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const remaining = rests.map(({ kind: { resource, group }, objects }) => ({ resource, group, count: objects.length }));
  return { remaining, finalizers };
}
