import { appsKinds, coreKinds, isNotFound, type KubeObject, type Live, type OwnerReference, type Pod } from '../../api/index.ts';
import { type ApiClient, controllerOf, type Informer } from '../../client/index.ts';
import type { SharedInformers } from '../informers.ts';
import { groupOf, type LiveScale, Scales } from '../shared/scales.ts';

/** What counts for a budget: one controller, and how many pods it wants. */
interface OwnerScale {
  readonly uid: string;
  readonly replicas: number;
}

/** How many pods the controllers of some pods want together. */
export interface TotalScale {
  readonly replicas: number;
  /** Pods that have no controller. */
  readonly unmanaged: number;
}

/** A pod's controller is not there: of that there is an event of its own. */
export class NoController extends Error {
  override readonly name = 'NoController';
}

type Scaled = KubeObject & { readonly spec: { readonly replicas?: number | undefined } };

/**
 * Finds out how many pods the controllers of pods want: from the caches where it is one of our own kinds (a ReplicaSet stands for its
 * Deployment), else by the scale subresource. Upstream: `finders` in `pkg/controller/disruption/disruption.go`.
 */
export class OwnerScales {
  readonly #caches: ReadonlyMap<string, Informer<Scaled>>;
  readonly #replicaSets: ReturnType<SharedInformers['replicaSets']>;
  readonly #scales: Scales;

  constructor(client: ApiClient, informers: SharedInformers) {
    this.#scales = new Scales(client);
    this.#replicaSets = informers.replicaSets();
    this.#caches = new Map<string, Informer<Scaled>>([
      [keyOf(coreKinds.replicationcontrollers), informers.replicationControllers()],
      [keyOf(appsKinds.statefulsets), informers.statefulSets()],
      [keyOf(appsKinds.deployments), informers.deployments()],
      [keyOf(appsKinds.replicasets), this.#replicaSets],
    ]);
  }

  /** @throws when a controller can neither be found nor asked for its scale. */
  async total(pods: readonly Live<Pod>[]): Promise<TotalScale> {
    const found = new Map<string, number>();
    const asked = new Set<string>();
    let unmanaged = 0;
    for (const pod of pods) {
      const owner = controllerOf(pod);
      if (!owner) unmanaged++;
      if (!owner || asked.has(owner.uid)) continue;
      asked.add(owner.uid);
      const scale = await this.#scaleOf(owner, pod.metadata.namespace ?? '');
      if (!scale) throw new NoController(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
      found.set(scale.uid, scale.replicas);
    }
    return { replicas: [...found.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  }

  /** What the caches do not know the server is asked for: they may have the pod before its controller. */
  async #scaleOf(owner: OwnerReference, namespace: string): Promise<OwnerScale | undefined> {
    return this.#cachedScale(owner, namespace) ?? (await this.#scaleOfOther(owner, namespace));
  }

  #cachedScale(owner: OwnerReference, namespace: string): OwnerScale | undefined {
    const key = keyOf({ group: groupOf(owner.apiVersion), kind: owner.kind });
    const object = this.#caches.get(key)?.get(namespace, owner.name);
    if (object?.metadata.uid !== owner.uid) return undefined;
    const above = key === keyOf(appsKinds.replicasets) ? controllerOf(object) : undefined;
    if (above?.kind === appsKinds.deployments.kind) return this.#cachedScale(above, namespace);
    return { uid: object.metadata.uid, replicas: object.spec.replicas ?? 1 };
  }

  async #scaleOfOther({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Promise<OwnerScale | undefined> {
    const info = await this.#scales.kindOf(groupOf(apiVersion), kind);
    if (!info) throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    let scale: LiveScale;
    try {
      scale = await this.#scales.get(info, namespace, name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (await this.#scales.isScalable(info)) return undefined;
      const resource = info.group === '' ? info.resource : `${info.resource}.${info.group}`;
      throw new Error(`${resource} does not implement the scale subresource`);
    }
    return scale.metadata.uid === uid ? { uid, replicas: scale.spec.replicas ?? 0 } : undefined;
  }
}

const keyOf = ({ group, kind }: { readonly group: string; readonly kind: string }): string => `${kind}.${group}`;
