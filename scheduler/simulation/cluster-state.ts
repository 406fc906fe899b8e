import {
  apiVersionOf,
  appsKinds,
  batchKinds,
  coreKinds,
  type KindInfo,
  type KubeObject,
  keyOf,
  type Live,
  type Node,
  type Pod,
  policyKinds,
  resourceKinds,
  schedulingKinds,
  storageKinds,
} from '../../api/index.ts';

/** What scheduling looks at, beside pods and nodes; `required` is of every cluster, the rest is left out where it is not served or not allowed. */
export const STATE_KINDS: readonly KindInfo[] = [
  coreKinds.nodes,
  coreKinds.pods,
  coreKinds.namespaces,
  coreKinds.services,
  coreKinds.replicationcontrollers,
  coreKinds.persistentvolumes,
  coreKinds.persistentvolumeclaims,
  appsKinds.replicasets,
  appsKinds.statefulsets,
  policyKinds.poddisruptionbudgets,
  schedulingKinds.priorityclasses,
  storageKinds.storageclasses,
  storageKinds.csinodes,
  storageKinds.csidrivers,
  storageKinds.csistoragecapacities,
  storageKinds.volumeattachments,
  resourceKinds.resourceclaims,
  resourceKinds.resourceclaimtemplates,
  resourceKinds.resourceslices,
  resourceKinds.deviceclasses,
];

/** Kinds that pods are made by, in manifests. */
const WORKLOAD_KINDS: readonly KindInfo[] = [appsKinds.deployments, appsKinds.daemonsets, batchKinds.jobs];

/** The objects of a cluster, by the plural of their kind. */
export class ClusterState {
  /** By the plural of the kind, and the key. */
  readonly #objects = new Map<string, Map<string, Live<KubeObject>>>();

  get nodes(): readonly Live<Node>[] {
    return this.of<Node>(coreKinds.nodes);
  }

  get pods(): readonly Live<Pod>[] {
    return this.of<Pod>(coreKinds.pods);
  }

  of<T extends KubeObject>(kind: KindInfo): readonly Live<T>[] {
    // The kind says what the objects are.
    return [...(this.#objects.get(kind.resource)?.values() ?? [])] as unknown as readonly Live<T>[];
  }

  all(): Readonly<Record<string, readonly Live<KubeObject>[]>> {
    return Object.fromEntries([...this.#objects].map(([resource, objects]) => [resource, [...objects.values()]]));
  }

  set(kind: KindInfo, objects: readonly Live<KubeObject>[]): void {
    this.#objects.set(kind.resource, new Map(objects.map((object) => [keyOf(object), object])));
  }

  /** Adds an object, or replaces the one of its name. */
  add(kind: KindInfo, object: Live<KubeObject>): void {
    const objects = this.#objects.get(kind.resource) ?? new Map<string, Live<KubeObject>>();
    this.#objects.set(kind.resource, objects.set(keyOf(object), object));
  }

  /** The same objects; what is added to the copy is its own. */
  clone(): ClusterState {
    const copy = new ClusterState();
    for (const [resource, objects] of this.#objects) copy.#objects.set(resource, new Map(objects));
    return copy;
  }
}

/** The kind of an object of a file, when it is one that scheduling has to do with. */
export const kindOf = ({ apiVersion, kind }: KubeObject): KindInfo | undefined =>
  [...STATE_KINDS, ...WORKLOAD_KINDS].find((info) => info.kind === kind && apiVersionOf(info) === apiVersion);

/** An object as if an API server had stored it. */
export function asStored(object: KubeObject, kind: KindInfo): Live<KubeObject> {
  const { name = '', namespace: given } = object.metadata;
  const namespace = kind.namespaced ? (given ?? 'default') : undefined;
  const {
    uid = `${kind.resource}/${namespace ?? ''}/${name}`,
    resourceVersion = '1',
    creationTimestamp = '2026-01-01T00:00:00Z',
  } = object.metadata;
  const stored: { readonly status?: object } & KubeObject = { status: {}, ...object };
  return { ...stored, metadata: { ...object.metadata, name, namespace, uid, resourceVersion, creationTimestamp } };
}
