import {
  type CSINode,
  coreKinds,
  ephemeralClaimName,
  foreignClaimError,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  storageClassOf,
  storageKinds,
  type Volume,
  type VolumeAttachment,
} from '../../api/index.ts';
import { on } from '../framework/events.ts';
import type { Handle, PluginDefinition } from '../framework/plugin.ts';
import { type Rejection, SKIP, unresolvable, unschedulable } from '../framework/status.ts';
import type { PodInfo } from '../state/pod-info.ts';

const NAME = 'NodeVolumeLimits';
const TOO_MANY = unschedulable('node(s) exceed max volume count');

/** A node gets no more volumes of a driver than its CSINode says it can attach. Upstream: `plugins/nodevolumelimits/csi.go`. */
export const nodeVolumeLimits: PluginDefinition = {
  name: NAME,
  create: (_args, handle) => {
    const attachable = new AttachableVolumes(handle);
    const csiNodes = handle.informers.informer<CSINode>(storageKinds.csinodes);
    /** Undefined when there is nothing to attach. */
    const wantedBy = (pod: PodInfo): State | undefined => {
      if (pod.claims.length === 0) return undefined;
      const volumes = attachable.ofNewPod(pod);
      if (typeof volumes !== 'string' && volumes.size === 0) return undefined;
      const attachedTo = attachable.attachedTo();
      // What is wrong with a claim is for the plugins after this one to say first.
      return typeof volumes === 'string'
        ? { wanted: new Map(), attachedTo, problem: unresolvable(volumes) }
        : { wanted: volumes, attachedTo };
    };
    return {
      name: NAME,
      preFilter: (state, pod) => {
        const known = wantedBy(pod);
        if (!known) return SKIP;
        state.write(NAME, known);
        return undefined;
      },
      filter: (state, pod, node) => {
        // PreFilter may be disabled.
        const known = state.find<State>(NAME) ?? wantedBy(pod);
        if (!known) return undefined;
        const { wanted, attachedTo, problem } = known;
        if (problem) return problem;
        const limits = limitsOf(csiNodes.getByKey(node.name));
        if (limits.size === 0) return undefined;
        const inUse = new Map<string, string>();
        for (const other of node.pods.values()) attachable.addOf(other, inUse);
        const taken = new Map([...(attachedTo.get(node.name) ?? []), ...inUse]);
        return exceeds({ wanted, inUse, taken }, limits) ? TOO_MANY : undefined;
      },
      events: [
        on('CSINode', ['Add', 'Update'], (_pod, { now, old }) => !old || hasMoreRoom(now, old)),
        on('AssignedPod', ['Delete'], (_pod, { old }) => old?.spec.volumes?.some(isClaiming) === true),
        on('VolumeAttachment', ['Delete'], ({ claims }) => claims.length > 0),
        on('PersistentVolumeClaim', ['Add'], ({ pod, claims }, { now }) => now !== undefined && claims.includes(keyOf(pod, now))),
      ],
    };
  },
};

const isClaiming = ({ persistentVolumeClaim, ephemeral }: Volume): boolean =>
  persistentVolumeClaim !== undefined || ephemeral !== undefined;

const keyOf = ({ metadata: pod }: Live<Pod>, { metadata }: Live<PersistentVolumeClaim>): string =>
  metadata.namespace === pod.namespace ? `${metadata.namespace}/${metadata.name}` : '';

/** How many volumes of each driver a node can have. */
function limitsOf(node: CSINode | undefined): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  for (const { name, allocatable } of node?.spec.drivers ?? []) if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  return limits;
}

function hasMoreRoom(now: CSINode | undefined, old: CSINode): boolean {
  const before = limitsOf(old);
  return [...limitsOf(now)].some(([driver, limit]) => limit > (before.get(driver) ?? Number.POSITIVE_INFINITY));
}

/** The driver of each volume, by a name of the volume that is its own. */
type DriverByVolume = ReadonlyMap<string, string>;

/** The volumes of a pod, those of the pods of a node, and all that take room there. */
interface Volumes {
  readonly wanted: DriverByVolume;
  readonly inUse: DriverByVolume;
  readonly taken: DriverByVolume;
}

/** Whether a driver would have more volumes than it may, with those that are new: that no pod has, even if one is attached still. */
function exceeds({ wanted, inUse, taken }: Volumes, limits: ReadonlyMap<string, number>): boolean {
  const counts = new Map<string, number>();
  const count = (driver: string) => counts.set(driver, (counts.get(driver) ?? 0) + 1);
  for (const driver of taken.values()) count(driver);
  const fresh = [...wanted].filter(([volume]) => !inUse.has(volume)).map(([, driver]) => driver);
  for (const driver of fresh) count(driver);
  return fresh.some((driver) => (counts.get(driver) ?? 0) > (limits.get(driver) ?? Number.POSITIVE_INFINITY));
}

interface State {
  readonly wanted: DriverByVolume;
  /** What VolumeAttachments say, by node: also of pods that are gone. */
  readonly attachedTo: ReadonlyMap<string, DriverByVolume>;
  readonly problem?: Rejection | undefined;
}

/** Finds the volumes of CSI drivers that pods have through their claims. */
class AttachableVolumes {
  readonly #claims;
  readonly #volumes;
  readonly #classes;
  readonly #attachments;

  constructor({ informers }: Handle) {
    this.#claims = informers.informer<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    this.#volumes = informers.informer<PersistentVolume>(coreKinds.persistentvolumes);
    this.#classes = informers.informer<StorageClass>(storageKinds.storageclasses);
    this.#attachments = informers.informer<VolumeAttachment>(storageKinds.volumeattachments);
  }

  attachedTo(): ReadonlyMap<string, DriverByVolume> {
    const found = new Map<string, Map<string, string>>();
    for (const { spec } of this.#attachments.list()) {
      const name = spec.source.persistentVolumeName;
      const handle = name === undefined ? undefined : this.#volumes.getByKey(name)?.spec.csi?.volumeHandle;
      if (handle === undefined) continue;
      const volumes = found.get(spec.nodeName) ?? new Map<string, string>();
      found.set(spec.nodeName, volumes.set(`${spec.attacher}/${handle}`, spec.attacher));
    }
    return found;
  }

  /** @returns why the pod cannot run, when one of its claims is not there, or another's. */
  ofNewPod({ pod, namespace }: PodInfo): DriverByVolume | string {
    const found = new Map<string, string>();
    for (const { name, persistentVolumeClaim, ephemeral } of pod.spec.volumes ?? []) {
      const claimName = ephemeral ? ephemeralClaimName(pod, name) : persistentVolumeClaim?.claimName;
      if (claimName === undefined) continue;
      const claim = this.#claims.get(namespace, claimName);
      if (!claim) return `looking up PVC ${namespace}/${claimName}: persistentvolumeclaim "${claimName}" not found`;
      const foreign = ephemeral && foreignClaimError(pod, claim);
      if (foreign) return foreign;
      this.#add(claim, found);
    }
    return found;
  }

  addOf({ claims }: PodInfo, found: Map<string, string>): void {
    for (const key of claims) {
      const claim = this.#claims.getByKey(key);
      if (claim) this.#add(claim, found);
    }
  }

  /** A volume that is yet to be made counts for the provisioner of its class. */
  #add(claim: Live<PersistentVolumeClaim>, found: Map<string, string>): void {
    const volume = claim.spec.volumeName ? this.#volumes.getByKey(claim.spec.volumeName) : undefined;
    if (volume) {
      const { csi } = volume.spec;
      if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
      return;
    }
    const provisioner = this.#classes.getByKey(storageClassOf(claim))?.provisioner;
    if (provisioner !== undefined) found.set(`${provisioner} for ${claim.metadata.namespace}/${claim.metadata.name}`, provisioner);
  }
}
