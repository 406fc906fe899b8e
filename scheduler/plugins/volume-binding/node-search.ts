// Whether a node reaches a pod's volumes, and which volumes its claims would get there. Upstream: `FindPodVolumes` of
// `plugins/volumebinding/binder.go`.
import {
  type CSIDriver,
  type CSIStorageCapacity,
  claimSize,
  fromLabelSelector,
  isInTopologies,
  type Live,
  NO_PROVISIONER,
  type Node,
  type PersistentVolume,
  parseQuantity,
  type Quantity,
  reachesVolume,
  SELECTED_NODE,
  type StorageClass,
  storageClassOf,
  type VolumeCandidates,
  volumeCandidates,
} from '../../../api/index.ts';
import { type Rejection, unresolvable } from '../../framework/status.ts';
import type { Claim, PodClaims } from './pod-claims.ts';

type Volume = Live<PersistentVolume>;
type Labels = Readonly<Record<string, string>>;

const NOT_REACHED = "node(s) didn't match PersistentVolume's node affinity";
const NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind";
const NO_SPACE = 'node(s) did not have enough free storage';
const NO_VOLUME = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

/** What would be written if the pod went to a node. */
export interface NodeVolumes {
  /** Claims that get a volume which is there. */
  readonly bindings: readonly { readonly claim: Claim; readonly volume: Volume }[];
  /** Claims whose volumes are still to be made. */
  readonly provisions: readonly Claim[];
}

/** What the search looks at. */
export interface SearchWorld {
  volume(name: string): Volume | undefined;
  volumes(): readonly Volume[];
  storageClass(name: string): Live<StorageClass> | undefined;
  driver(name: string): Live<CSIDriver> | undefined;
  capacities(): readonly Live<CSIStorageCapacity>[];
}

interface Wanted {
  readonly claim: Claim;
  /** Set when the scheduler has chosen a node before. */
  readonly selected: string | undefined;
  readonly candidates: VolumeCandidates;
}

/** Looks at one node after the other for one pod; what does not depend on the node is worked out once. */
export class NodeSearch {
  readonly #world: SearchWorld;
  readonly #bound: readonly (Volume | undefined)[];
  readonly #wanted: readonly Wanted[];
  /** Rejections are few and alike: each is made once. */
  readonly #rejections = new Map<string, Rejection>();

  constructor({ bound, delayed }: PodClaims, world: SearchWorld) {
    this.#world = world;
    this.#bound = bound.map(({ spec }) => world.volume(spec.volumeName ?? ''));
    const volumes = delayed.length > 0 ? world.volumes() : [];
    this.#wanted = [...delayed]
      .sort((a, b) => claimSize(a).cmp(claimSize(b)))
      .map((claim) => ({
        claim,
        selected: claim.metadata.annotations?.[SELECTED_NODE],
        candidates: volumeCandidates(claim, volumes),
      }));
  }

  /** @throws when a class is gone. */
  look({ metadata }: Live<Node>): NodeVolumes | Rejection {
    const reasons: string[] = [];
    const affinity = this.#boundProblem(metadata.labels);
    if (affinity === NOT_REACHED) reasons.push(affinity);
    const found = this.#find(metadata.name, metadata.labels);
    if (typeof found === 'string') reasons.push(found);
    if (affinity === NO_VOLUME) reasons.push(affinity);
    return typeof found === 'string' || reasons.length > 0 ? this.#reject(reasons) : found;
  }

  #reject(reasons: readonly string[]): Rejection {
    const key = reasons.join();
    const rejection = this.#rejections.get(key) ?? unresolvable(...reasons);
    this.#rejections.set(key, rejection);
    return rejection;
  }

  #boundProblem(labels: Labels | undefined): string | undefined {
    for (const volume of this.#bound) {
      if (!volume) return NO_VOLUME;
      if (!reachesVolume(labels, volume)) return NOT_REACHED;
    }
    return undefined;
  }

  #find(nodeName: string, labels: Labels | undefined): NodeVolumes | string {
    if (this.#wanted.some(({ selected }) => selected !== undefined && selected !== nodeName)) return NOTHING_TO_BIND;
    const bindings: NodeVolumes['bindings'][number][] = [];
    const provisions = this.#wanted.filter(({ selected }) => selected !== undefined).map(({ claim }) => claim);
    const taken = new Set<string>();
    for (const { claim, selected, candidates } of this.#wanted) {
      if (selected !== undefined) continue;
      const volume = pick(candidates, claim, taken, labels);
      if (volume) bindings.push({ claim, volume });
      else provisions.push(claim);
    }
    for (const claim of provisions) {
      const problem = this.#provisionProblem(claim, labels);
      if (problem) return problem;
    }
    return { bindings, provisions };
  }

  #provisionProblem(claim: Claim, labels: Labels | undefined): string | undefined {
    const className = storageClassOf(claim);
    const storageClass = this.#world.storageClass(className);
    if (!storageClass) throw new Error(`failed to find storage class "${className}"`);
    if (storageClass.provisioner === '' || storageClass.provisioner === NO_PROVISIONER) return NOTHING_TO_BIND;
    if (!isInTopologies(labels, storageClass.allowedTopologies)) return NOTHING_TO_BIND;
    return this.#hasRoom(claim, storageClass, labels) ? undefined : NO_SPACE;
  }

  /** Only drivers that publish how much room there is are held to it. */
  #hasRoom(claim: Claim, { metadata, provisioner }: Live<StorageClass>, labels: Labels | undefined): boolean {
    if (!this.#world.driver(provisioner)?.spec.storageCapacity) return true;
    const size = claimSize(claim);
    return this.#world.capacities().some((capacity) => {
      const limit = volumeLimit(capacity);
      if (capacity.storageClassName !== metadata.name || !limit || limit.cmp(size) < 0) return false;
      return capacity.nodeTopology !== undefined && fromLabelSelector(capacity.nodeTopology).matches(labels);
    });
  }
}

/** The largest volume that can be made. */
export function volumeLimit({ maximumVolumeSize, capacity }: CSIStorageCapacity): Quantity | undefined {
  const limit = maximumVolumeSize ?? capacity;
  return limit === undefined ? undefined : parseQuantity(limit);
}

/** The volume that a claim gets on a node, which is then taken. */
function pick({ kept, free }: VolumeCandidates, claim: Claim, taken: Set<string>, labels: Labels | undefined): Volume | undefined {
  const reached = (volume: Volume) => !taken.has(volume.metadata.name) && reachesVolume(labels, volume);
  const modes = claim.spec.accessModes ?? [];
  const volume = kept
    ? [kept].find(reached)
    : free.find((candidate) => modes.every((mode) => candidate.spec.accessModes?.includes(mode)) && reached(candidate));
  if (volume) taken.add(volume.metadata.name);
  return volume;
}
