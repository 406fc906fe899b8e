import type { KindInfo, KubeObject, Live, OwnerReference } from '../../api/index.ts';

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** Where an object is, as a reference to it says. */
export interface Coordinates {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `''` when cluster-scoped; for an owner that was never seen, the namespace of who refers to it. */
  readonly namespace: string;
  readonly name: string;
}

/** An object, with its owners and who refers to it as an owner. */
export interface GraphNode {
  readonly uid: string;
  coordinates: Coordinates;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  /** Only known from a reference: not seen yet, or never there. */
  isVirtual: boolean;
  isDeleting: boolean;
  /** Waits in the foreground for its dependents to go. */
  isAwaitingDependents: boolean;
  hasOrphanFinalizer: boolean;
}

/** Who is told what the graph's changes ask for. */
export interface GraphSink {
  /** Look at the object: it may have to be deleted, or may now be free to go. */
  check(node: GraphNode): void;
  /** The object is being deleted, and its dependents are to be left alone. */
  orphan(node: GraphNode): void;
  /** The object refers to an owner in another namespace, which cannot be. */
  strayed(node: GraphNode, reference: OwnerReference): void;
  /** The object is gone, as those who refer to it should know without asking. */
  gone(coordinates: Coordinates, uid: string): void;
}

/**
 * Who owns whom, as the informers tell it. References to owners that were never seen make virtual nodes, so that they are looked for.
 *
 * G1  A node is in the `dependents` of each of its owners that is in the graph, and of nobody else.
 * G2  Every change that can make an object deletable, or let a waiting owner go, has the node checked.
 */
export class OwnerGraph {
  readonly #sink: GraphSink;
  readonly #byUid = new Map<string, GraphNode>();

  constructor(sink: GraphSink) {
    this.#sink = sink;
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#byUid.get(uid);
  }

  /** An object was added or changed. */
  upsert(kind: KindInfo, object: Live<KubeObject>): void {
    const { uid, ownerReferences = NO_OWNERS, deletionTimestamp, finalizers } = object.metadata;
    const known = this.#byUid.get(uid);
    const node = known ?? this.#add(uid, coordinatesOf(kind, object));
    const before = { isAwaiting: node.isAwaitingDependents, isOrphaning: node.isDeleting && node.hasOrphanFinalizer };
    if (node.isVirtual) this.#materialize(node, coordinatesOf(kind, object));
    this.#setOwners(node, ownerReferences);
    node.isDeleting = Boolean(deletionTimestamp);
    node.isAwaitingDependents = node.isDeleting && finalizers?.includes(FOREGROUND) === true;
    node.hasOrphanFinalizer = finalizers?.includes(ORPHAN) === true;
    if (node.isDeleting && node.hasOrphanFinalizer && !before.isOrphaning) this.#sink.orphan(node);
    if (node.isAwaitingDependents && !before.isAwaiting) {
      for (const dependent of node.dependents) this.#sink.check(dependent);
      this.#sink.check(node);
    }
  }

  /** An object is gone, or was found never to have been. */
  remove(uid: string): void {
    const node = this.#byUid.get(uid);
    if (!node) return;
    this.#byUid.delete(uid);
    if (node.dependents.size > 0) this.#sink.gone(node.coordinates, uid);
    for (const dependent of node.dependents) this.#sink.check(dependent);
    for (const owner of this.#ownersOf(node)) {
      owner.dependents.delete(node);
      if (owner.isVirtual && owner.dependents.size === 0) this.#byUid.delete(owner.uid);
      else if (owner.isAwaitingDependents) this.#sink.check(owner);
    }
  }

  /**
   * A node that was never seen is not where it was looked for. Who means it there refers to nothing; others mean it elsewhere, where it
   * is to be looked for next. Upstream: `getAlternateOwnerIdentity`.
   */
  relocate(node: GraphNode, coordinates: Coordinates): void {
    for (const dependent of node.dependents) if (isSamePlace(placeMeant(dependent, node), node.coordinates)) this.#sink.check(dependent);
    node.coordinates = coordinates;
    this.#sink.check(node);
  }

  #add(uid: string, coordinates: Coordinates): GraphNode {
    const node: GraphNode = {
      uid,
      coordinates,
      owners: NO_OWNERS,
      dependents: new Set(),
      isVirtual: true,
      isDeleting: false,
      isAwaitingDependents: false,
      hasOrphanFinalizer: false,
    };
    this.#byUid.set(uid, node);
    return node;
  }

  /** A node that was only referred to is seen; who referred to it as something else refers to nothing. */
  #materialize(node: GraphNode, coordinates: Coordinates): void {
    node.isVirtual = false;
    node.coordinates = coordinates;
    for (const dependent of node.dependents) {
      const reference = dependent.owners.find(({ uid }) => uid === node.uid);
      if (!reference || refersTo(reference, dependent.coordinates.namespace, coordinates)) continue;
      this.#sink.check(dependent);
      if (isElsewhere(reference, dependent.coordinates.namespace, coordinates)) this.#sink.strayed(dependent, reference);
    }
  }

  #setOwners(node: GraphNode, owners: readonly OwnerReference[]): void {
    const before = node.owners;
    if (before.length === 0 && owners.length === 0) return;
    node.owners = owners;
    for (const reference of before) {
      const still = owners.find(({ uid }) => uid === reference.uid);
      if (!still) this.#leave(node, reference.uid);
      else if (reference.blockOwnerDeletion && !still.blockOwnerDeletion) this.#recheckOwner(reference.uid);
    }
    for (const reference of owners) if (!before.some(({ uid }) => uid === reference.uid)) this.#join(node, reference);
  }

  #join(node: GraphNode, reference: OwnerReference): void {
    const { namespace } = node.coordinates;
    let owner = this.#byUid.get(reference.uid);
    if (!owner) {
      owner = this.#add(reference.uid, coordinatesOfOwner(reference, namespace));
      this.#sink.check(owner);
    } else if (!refersTo(reference, namespace, owner.coordinates) || owner.isAwaitingDependents) {
      this.#sink.check(node);
      if (!owner.isVirtual && isElsewhere(reference, namespace, owner.coordinates)) this.#sink.strayed(node, reference);
    }
    owner.dependents.add(node);
  }

  #leave(node: GraphNode, ownerUid: string): void {
    this.#byUid.get(ownerUid)?.dependents.delete(node);
    this.#recheckOwner(ownerUid);
  }

  #recheckOwner(uid: string): void {
    const owner = this.#byUid.get(uid);
    if (owner?.isAwaitingDependents) this.#sink.check(owner);
  }

  #ownersOf(node: GraphNode): GraphNode[] {
    return node.owners.flatMap(({ uid }) => this.#byUid.get(uid) ?? []);
  }
}

const NO_OWNERS: readonly OwnerReference[] = [];

const coordinatesOf = ({ group, version, kind }: KindInfo, { metadata }: Live<KubeObject>): Coordinates => ({
  group,
  version,
  kind,
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});

/** Where a reference says that an owner is. */
export function coordinatesOfOwner({ apiVersion, kind, name }: OwnerReference, namespace: string): Coordinates {
  const slash = apiVersion.indexOf('/');
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1), kind, namespace, name };
}

/** Whether a reference from this namespace means the object there; the version does not matter. */
export function refersTo(reference: OwnerReference, namespace: string, owner: Coordinates): boolean {
  const meant = coordinatesOfOwner(reference, namespace);
  const sameNamespace = owner.namespace === '' || owner.namespace === namespace;
  return meant.group === owner.group && meant.kind === owner.kind && meant.name === owner.name && sameNamespace;
}

/** The other places at which dependents take a node to be. */
export const otherPlaces = (node: GraphNode): Coordinates[] =>
  [...node.dependents].flatMap((dependent) => {
    const place = placeMeant(dependent, node);
    return place && !isSamePlace(place, node.coordinates) ? [place] : [];
  });

function placeMeant(dependent: GraphNode, { uid }: GraphNode): Coordinates | undefined {
  const reference = dependent.owners.find((owner) => owner.uid === uid);
  return reference && coordinatesOfOwner(reference, dependent.coordinates.namespace);
}

const PLACE = ['group', 'version', 'kind', 'namespace', 'name'] as const;

const isSamePlace = (a: Coordinates | undefined, b: Coordinates): boolean => PLACE.every((part) => a?.[part] === b[part]);

/** Whether a reference means an object of another namespace. */
const isElsewhere = (reference: OwnerReference, namespace: string, owner: Coordinates): boolean =>
  owner.namespace !== '' && owner.namespace !== namespace && refersTo(reference, owner.namespace, owner);

/** The dependents whose existence holds a waiting owner back. */
export const blockingDependents = (node: GraphNode): GraphNode[] =>
  [...node.dependents].filter(({ owners }) => owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion));
