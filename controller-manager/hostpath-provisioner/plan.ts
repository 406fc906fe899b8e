// Which volumes are to be made and unmade, and what they look like.
import {
  claimSize,
  HOSTPATH_PROVISIONER,
  isInTopologies,
  type Live,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
  referenceToClaim,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  STORAGE_PROVISIONER_BETA,
  type StorageClass,
  storageClassOf,
} from '../../api/index.ts';

/** Keeps a volume until what is on it is gone. Upstream: external provisioners. */
export const PROVISIONER_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';

/** Where on a node the volumes are. */
export const VOLUMES_DIRECTORY = '/var/lib/nanokube/volumes';

const HOSTNAME_LABEL = 'kubernetes.io/hostname';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;

/** What provisioning looks at. */
export interface ProvisionWorld {
  storageClass(name: string): Live<StorageClass> | undefined;
  nodes(): readonly Live<Node>[];
  volumes(): readonly Pick<PersistentVolume, 'metadata' | 'spec'>[];
}

/** What is to be done for a claim. */
export type ProvisionPlan =
  | { readonly action: 'nothing' }
  | { readonly action: 'provision'; readonly volume: PersistentVolume }
  /** It cannot be done: for good, until the scheduler has chosen another node, or now. */
  | { readonly action: 'fail'; readonly message: string; readonly retry: 'never' | 'elsewhere' | 'later' };

const NOTHING: ProvisionPlan = { action: 'nothing' };

/** Name of the volume that is made for a claim: the same however often it is tried. */
export const volumeNameFor = ({ metadata }: Claim): string => `pvc-${metadata.uid}`;

/** Upstream: `shouldProvision` and `provisionClaimOperation` of `sig-storage-lib-external-provisioner`. */
export function planProvision(claim: Claim, world: ProvisionWorld): ProvisionPlan {
  const { annotations } = claim.metadata;
  const provisioner = annotations?.[STORAGE_PROVISIONER] ?? annotations?.[STORAGE_PROVISIONER_BETA];
  if (claim.spec.volumeName || provisioner !== HOSTPATH_PROVISIONER || claim.metadata.deletionTimestamp) return NOTHING;
  const storageClass = world.storageClass(storageClassOf(claim));
  if (storageClass?.provisioner !== HOSTPATH_PROVISIONER) return NOTHING;
  const selected = annotations?.[SELECTED_NODE];
  if (storageClass.volumeBindingMode === 'WaitForFirstConsumer' && !selected) return NOTHING;
  const unfit = unfitness(claim, storageClass);
  if (unfit) return { action: 'fail', message: unfit, retry: 'never' };
  const failed = (why: string) => `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`;
  if (selected) {
    const node = world.nodes().find(({ metadata }) => metadata.name === selected);
    if (node) return { action: 'provision', volume: volumeFor(claim, storageClass, node) };
    return { action: 'fail', message: failed(`failed to get target node: node "${selected}" not found`), retry: 'elsewhere' };
  }
  const node = chooseNode(storageClass, world);
  if (node) return { action: 'provision', volume: volumeFor(claim, storageClass, node) };
  return { action: 'fail', message: failed('there is no node that is ready and in its topologies'), retry: 'later' };
}

/** Why this provisioner can never make what is wanted. */
function unfitness({ spec }: Claim, storageClass: Live<StorageClass>): string | undefined {
  const refused = (why: string) => `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`;
  if (spec.volumeMode === 'Block') return `${HOSTPATH_PROVISIONER} does not support block volume provisioning`;
  if (spec.selector) return refused('claim Selector is not supported');
  // A volume has such a class only if a CSI driver made it.
  if (spec.volumeAttributesClassName) return refused('volumeAttributesClassName is not supported');
  if (spec.dataSource || spec.dataSourceRef) return refused('volumes cannot be made from a data source');
  return storageClass.mountOptions?.length ? refused('mount options are not supported') : undefined;
}

/** Without a pod to be near to: the node with the fewest of our volumes, and of those the first by name. */
function chooseNode({ allowedTopologies }: Live<StorageClass>, world: ProvisionWorld): Live<Node> | undefined {
  const load = new Map<string, number>();
  for (const volume of world.volumes()) {
    const host = hostOf(volume);
    if (host !== undefined) load.set(host, (load.get(host) ?? 0) + 1);
  }
  const loadOf = (node: Live<Node>) => load.get(hostnameOf(node)) ?? 0;
  const [chosen] = world
    .nodes()
    .filter((node) => isUsable(node) && isInTopologies(node.metadata.labels, allowedTopologies))
    .sort((a, b) => loadOf(a) - loadOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return chosen;
}

const isUsable = ({ spec, status }: Live<Node>): boolean =>
  !spec.unschedulable && status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

const hostnameOf = ({ metadata }: Live<Node>): string => metadata.labels?.[HOSTNAME_LABEL] ?? metadata.name;

/** The host that one of our volumes is on. */
function hostOf({ metadata, spec }: Pick<PersistentVolume, 'metadata' | 'spec'>): string | undefined {
  if (metadata.annotations?.[PROVISIONED_BY] !== HOSTPATH_PROVISIONER) return undefined;
  return spec.nodeAffinity?.required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values?.[0];
}

function volumeFor(claim: Claim, storageClass: Live<StorageClass>, node: Live<Node>): PersistentVolume {
  const name = volumeNameFor(claim);
  const path = `${VOLUMES_DIRECTORY}/${name}_${claim.metadata.namespace}_${claim.metadata.name}`;
  const isKept = storageClass.reclaimPolicy === 'Retain';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { [PROVISIONED_BY]: HOSTPATH_PROVISIONER },
      ...(isKept ? {} : { finalizers: [PROVISIONER_FINALIZER] }),
    },
    spec: {
      capacity: { storage: claimSize(claim).canonical() },
      accessModes: claim.spec.accessModes,
      claimRef: referenceToClaim(claim),
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      hostPath: { path, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME_LABEL, operator: 'In', values: [hostnameOf(node)] }] }] },
      },
    },
    status: {},
  };
}

/** What is to be done about a volume of ours. */
export type VolumeUpkeep = 'nothing' | 'delete' | 'protect' | 'release';

/**
 * A volume whose policy is Delete has our finalizer, and is deleted when it is released. Upstream: `shouldDelete` and `syncVolumeFinalizer`
 * of the same library.
 */
export function planUpkeep({ metadata, spec, status }: Volume): VolumeUpkeep {
  if (metadata.annotations?.[PROVISIONED_BY] !== HOSTPATH_PROVISIONER) return 'nothing';
  const isHeld = metadata.finalizers?.includes(PROVISIONER_FINALIZER) === true;
  if (spec.persistentVolumeReclaimPolicy !== 'Delete') return isHeld ? 'release' : 'nothing';
  if (metadata.deletionTimestamp && !isHeld) return 'nothing';
  // One that somebody deletes before it was ever bound would keep its claim waiting: as long as it is there no other is made.
  const isUnbound = status.phase !== 'Bound' && status.phase !== 'Failed';
  if (status.phase === 'Released' || (metadata.deletionTimestamp && isUnbound)) return 'delete';
  return isHeld || metadata.deletionTimestamp ? 'nothing' : 'protect';
}
