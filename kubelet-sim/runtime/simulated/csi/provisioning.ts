// What a provisioner of CSI volumes decides: which claims are its own, what they are made from, and the volumes that come of it.
// Upstream: `pkg/controller/controller.go` of `kubernetes-csi/external-provisioner`, and sig-storage-lib-external-provisioner.
import {
  claimSize,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
  parseQuantity,
  Quantity,
  type SecretReference,
  type StorageClass,
} from '../../../../api/index.ts';
import { accessModeOf, capabilityOf } from '../../../plugins/csi/csi-protocol.ts';
import type { ContentSource, CsiVolume, NewVolume } from './csi-driver.ts';
import { MADE_BY } from './hostpath-driver.ts';
import { isNamed, SNAPSHOT_GROUP, type VolumeSnapshot, type VolumeSnapshotContent } from './snapshot-types.ts';

export type Claim = Live<PersistentVolumeClaim>;
export type Volume = Live<PersistentVolume>;

const CLAIMED_BY = ['volume.kubernetes.io/storage-provisioner', 'volume.beta.kubernetes.io/storage-provisioner'];
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
export const VOLUME_FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
/** On a claim that another is copied from. */
export const CLONE_FINALIZER = 'provisioner.storage.kubernetes.io/cloning-protection';
/** On a snapshot that a claim is made from. */
export const SNAPSHOT_FINALIZER = 'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection';
const ALLOW_MODE_CHANGE = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';
const RESERVED = 'csi.storage.k8s.io/';
const FS_TYPE = `${RESERVED}fstype`;
const SECRETS =
  /^(?:(?:provisioner|controller-publish|node-stage|node-publish|controller-expand|node-expand|controller-modify)-)?secret-(?:name|namespace)$/;

/** Why a claim gets no volume now; the message is its event's. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
}

/** Whether a claim waits for a volume of this driver. */
export const isWanted = ({ metadata, spec }: Claim, driver: string): boolean =>
  !spec.volumeName && (metadata.annotations?.[CLAIMED_BY[0] ?? ''] ?? metadata.annotations?.[CLAIMED_BY[1] ?? '']) === driver;

export const volumeNameOf = ({ metadata }: Claim): string => `pvc-${metadata.uid}`;

/** What a claim says that it is to be made from. */
export interface DataSource {
  readonly kind: string;
  readonly name: string;
  readonly group: string;
}

/** @throws ProvisionError for one of another namespace, or of the wrong group */
export function dataSourceOf({ metadata, spec }: Claim): DataSource | undefined {
  const { dataSource, dataSourceRef } = spec;
  const source = dataSource ?? dataSourceRef;
  if (!source) return undefined;
  if (!dataSource && dataSourceRef?.namespace)
    throw new ProvisionError('dataSourceRef namespace specified but the CrossNamespaceVolumeDataSource feature is disabled');
  if (source.name === '') throw new ProvisionError(`the PVC source not found for PVC ${metadata.name}`);
  const group = source.apiGroup ?? '';
  if (source.kind === 'VolumeSnapshot' && group !== SNAPSHOT_GROUP)
    throw new ProvisionError(`the PVC source does not belong to the right APIGroup. Expected ${SNAPSHOT_GROUP}, Got ${group}`);
  return { kind: source.kind, name: source.name, group };
}

/** Whether a source is for provisioners at all: others are a volume populator's. */
export const isOwnKind = ({ kind }: DataSource): boolean => kind === 'VolumeSnapshot' || kind === 'PersistentVolumeClaim';

const modeOf = (mode: string | undefined): string => mode ?? 'Filesystem';

/** @throws ProvisionError when a claim cannot be copied */
export function cloneSource(
  claim: Claim,
  storageClass: StorageClass,
  source: Claim | undefined,
  volume: Volume | undefined,
): ContentSource {
  const { name = '' } = claim.spec.dataSource ?? claim.spec.dataSourceRef ?? {};
  if (!source)
    throw new ProvisionError(
      `error getting PVC ${name} (namespace "${claim.metadata.namespace ?? ''}") from api server: persistentvolumeclaim "${name}" not found`,
    );
  if (source.status.phase !== 'Bound')
    throw new ProvisionError(`the PVC DataSource ${name} must have a status of Bound.  Got ${statusText(source)}`);
  if (source.metadata.deletionTimestamp) throw new ProvisionError(`the PVC DataSource ${name} is currently being deleted`);
  if (source.spec.storageClassName === undefined) throw new ProvisionError(`the source PVC (${name}) storageclass cannot be empty`);
  const [wanted, given] = [claimSize(claim).value(), claimSize(source).value()];
  if (wanted < given) {
    const rule = 'new PVC request must be greater than or equal in size to the specified PVC data source';
    throw new ProvisionError(`error, ${rule}, requested ${wanted} but source is ${given}`);
  }
  if (!volume || !isSourceVolume(volume, source, storageClass)) throw new ProvisionError('claim in dataSource not bound or invalid');
  const [to, from] = [modeOf(claim.spec.volumeMode), modeOf(volume.spec.volumeMode)];
  if (to !== from) {
    const rule = 'the source PVC and destination PVCs must have the same volume mode for cloning.';
    throw new ProvisionError(`${rule}  Source is ${from}, but new PVC requested ${to}`);
  }
  return { kind: 'volume', id: volume.spec.csi?.volumeHandle ?? '' };
}

/** A claim's status as Go prints it, as far as one that is not bound has any. */
const statusText = ({ status: { phase = '' } }: Claim): string => `{${phase} [] map[] [] map[] map[] <nil> <nil>}`;

function isSourceVolume({ spec, status }: Volume, { metadata }: Claim, { provisioner }: StorageClass): boolean {
  const { csi, claimRef } = spec;
  const isBound = claimRef?.uid === metadata.uid && claimRef.namespace === metadata.namespace && claimRef.name === metadata.name;
  return csi?.driver === provisioner && isBound && status?.phase === 'Bound';
}

/** What is known of a snapshot that a claim names. */
export interface SnapshotSource {
  readonly snapshot: VolumeSnapshot;
  readonly content: VolumeSnapshotContent | undefined;
}

/** @throws ProvisionError when a claim cannot be made from a snapshot */
export function snapshotSource(claim: Claim, storageClass: StorageClass, { snapshot, content }: SnapshotSource): ContentSource {
  const { metadata, status = {} } = snapshot;
  const { name } = metadata;
  if (metadata.deletionTimestamp && !metadata.finalizers?.includes(SNAPSHOT_FINALIZER))
    throw new ProvisionError(`snapshot ${name} is being deleted`);
  const contentName = status.boundVolumeSnapshotContentName;
  if (contentName === undefined) throw new ProvisionError(`snapshot ${name} not bound`);
  if (!content) throw new ProvisionError(`error getting snapshotcontent ${contentName} for snapshot ${name}`);
  const { volumeSnapshotRef, driver } = content.spec;
  if (volumeSnapshotRef.uid !== metadata.uid || !isNamed(volumeSnapshotRef, snapshot))
    throw new ProvisionError(`snapshotcontent ${contentName} for snapshot ${name} is bound to a different snapshot`);
  if (driver !== storageClass.provisioner) {
    const text = `snapshotcontent ${contentName} for snapshot ${name} is not handled by CSI driver of StorageClass`;
    throw new ProvisionError(`${text} ${storageClass.metadata.name}`);
  }
  if (status.readyToUse !== true) throw new ProvisionError(`snapshot ${name} is not Ready`);
  const id = content.status?.snapshotHandle;
  if (id === undefined) throw new ProvisionError(`snapshot handle ${name} is not available`);
  checkSize(claim, snapshot);
  checkMode(claim, content);
  return { kind: 'snapshot', id };
}

function checkSize(claim: Claim, { metadata, status }: VolumeSnapshot): void {
  if (status?.restoreSize === undefined) return;
  const [wanted, held] = [claimSize(claim).value(), parseQuantity(status.restoreSize).value()];
  if (wanted < held)
    throw new ProvisionError(`requested volume size ${wanted} is less than the size ${held} for the source snapshot ${metadata.name}`);
}

/** A snapshot of a device is no directory, unless who may write contents has said that it may be taken for one. */
function checkMode({ metadata, spec }: Claim, content: VolumeSnapshotContent): void {
  const { sourceVolumeMode } = content.spec;
  if (sourceVolumeMode === undefined || spec.volumeMode === undefined || sourceVolumeMode === spec.volumeMode) return;
  const allowed = content.metadata.annotations?.[ALLOW_MODE_CHANGE];
  if (allowed !== undefined && /^(?:1|t|T|TRUE|true|True)$/.test(allowed)) return;
  const what = `requested volume ${metadata.namespace ?? ''}/${metadata.name} modifies the mode of the source volume but does not have permission to do so.`;
  const where = content.metadata.name;
  if (allowed === undefined) throw new ProvisionError(`${what} ${ALLOW_MODE_CHANGE} annotation is not present on snapshotcontent ${where}`);
  if (/^(?:0|f|F|FALSE|false|False)$/.test(allowed))
    throw new ProvisionError(`${what} ${ALLOW_MODE_CHANGE} is set to false on snapshotcontent ${where}`);
  const why = `strconv.ParseBool: parsing "${allowed}": invalid syntax`;
  throw new ProvisionError(`${what} failed to convert ${ALLOW_MODE_CHANGE} annotation value to boolean with error: ${why}`);
}

/** The file system that a class asks for. @throws ProvisionError */
function fsTypeOf({ parameters = {} }: StorageClass, otherwise = ''): string {
  const found = Object.entries(parameters).filter(([key]) => key.toLowerCase() === 'fstype' || key === FS_TYPE);
  if (found.length > 1) throw new ProvisionError(`fstype specified in parameters with both "fstype" and "${FS_TYPE}" keys`);
  return found[0]?.[1] || otherwise;
}

/** What of a class's parameters is for the driver. @throws ProvisionError */
function driverParameters({ parameters = {} }: StorageClass): Readonly<Record<string, string>> {
  const own = Object.entries(parameters).filter(([key]) => {
    if (!key.startsWith(RESERVED)) return true;
    if (key === FS_TYPE || SECRETS.test(key.slice(RESERVED.length))) return false;
    const why = `found unknown parameter key "${key}" with reserved namespace ${RESERVED}`;
    throw new ProvisionError(`failed to strip CSI Parameters of prefixed keys: ${why}`);
  });
  return Object.fromEntries(own);
}

type SecretUse = 'provisioner' | 'controller-publish' | 'node-stage' | 'node-publish' | 'controller-expand' | 'node-expand';

const DELETION_SECRET = {
  name: 'volume.kubernetes.io/provisioner-deletion-secret-name',
  namespace: 'volume.kubernetes.io/provisioner-deletion-secret-namespace',
};

/** The secret that a class names for a step, with what its templates stand for. Upstream: `getSecretReference`. @throws ProvisionError */
export function secretReference({ parameters = {} }: StorageClass, use: SecretUse, claim: Claim): SecretReference | undefined {
  const [nameKey, namespaceKey] = [`${RESERVED}${use}-secret-name`, `${RESERVED}${use}-secret-namespace`];
  const [name, namespace] = [parameters[nameKey], parameters[namespaceKey]];
  if (name === undefined && namespace === undefined) return undefined;
  if (!name || !namespace)
    throw new ProvisionError(
      `failed to get name and namespace template from params: either name and namespace for ${use} secrets specified, Both must be specified`,
    );
  const known: Readonly<Record<string, string | undefined>> = {
    'pv.name': volumeNameOf(claim),
    'pvc.namespace': claim.metadata.namespace,
    'pvc.name': claim.metadata.name,
  };
  const filled = (text: string) =>
    text.replaceAll(/\$\{([^}]*)\}/g, (template, key: string) => {
      const annotation = /^pvc\.annotations\['(.*)'\]$/.exec(key)?.[1];
      const value = annotation === undefined ? known[key] : claim.metadata.annotations?.[annotation];
      if (value === undefined)
        throw new ProvisionError(`error resolving ${use} secret: invalid tokens: [${JSON.stringify(template.slice(2, -1))}]`);
      return value;
    });
  return { name: filled(name), namespace: filled(namespace) };
}

/** With which secret a volume is deleted. */
export function deletionSecret({ metadata: { annotations = {} } }: Volume): SecretReference | undefined {
  const [name, namespace] = [annotations[DELETION_SECRET.name], annotations[DELETION_SECRET.namespace]];
  return name && namespace ? { name, namespace } : undefined;
}

/** What the driver is asked for. @throws ProvisionError */
export function requestFor(
  claim: Claim,
  storageClass: StorageClass,
  { source, tellsWriters, fsType }: { readonly source?: ContentSource | undefined; readonly tellsWriters: boolean } & FileSystemDefault,
): Omit<NewVolume, 'secrets' | 'topologies'> {
  if (claim.spec.selector) throw new ProvisionError('claim Selector is not supported');
  const isDevice = claim.spec.volumeMode === 'Block';
  const use = { isDevice, fsType: fsTypeOf(storageClass, fsType), mountFlags: storageClass.mountOptions };
  return {
    name: volumeNameOf(claim),
    sizeBytes: claimSize(claim).value(),
    capabilities: (claim.spec.accessModes ?? []).map((mode) => capabilityOf({ ...use, mode: accessModeOf(mode, tellsWriters) })),
    parameters: driverParameters(storageClass),
    source,
  };
}

/** The file system of volumes whose class names none (`--default-fstype`). */
interface FileSystemDefault {
  readonly fsType?: string | undefined;
}

/** The volume for a claim. @param by the provisioner */
export function volumeFor(
  claim: Claim,
  storageClass: StorageClass,
  made: CsiVolume,
  by: { readonly identity: string } & FileSystemDefault,
) {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const terms = made.topologies.map((segments) => ({
    matchExpressions: Object.entries(segments).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
  }));
  const isDevice = claim.spec.volumeMode === 'Block';
  const fsType = fsTypeOf(storageClass, by.fsType);
  const deletion = secretReference(storageClass, 'provisioner', claim);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeNameOf(claim),
      annotations: {
        [PROVISIONED_BY]: storageClass.provisioner,
        [DELETION_SECRET.name]: deletion?.name ?? '',
        [DELETION_SECRET.namespace]: deletion?.namespace ?? '',
      },
      finalizers: [VOLUME_FINALIZER],
    },
    spec: {
      capacity: { storage: Quantity.of(made.sizeBytes, 'BinarySI').canonical() },
      accessModes: claim.spec.accessModes,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      mountOptions: storageClass.mountOptions,
      volumeMode: claim.spec.volumeMode,
      ...(terms.length > 0 ? { nodeAffinity: { required: { nodeSelectorTerms: terms } } } : {}),
      csi: {
        driver: storageClass.provisioner,
        volumeHandle: made.id,
        volumeAttributes: { [MADE_BY]: by.identity, ...made.context },
        ...(isDevice || fsType === '' ? {} : { fsType }),
        controllerPublishSecretRef: secretReference(storageClass, 'controller-publish', claim),
        nodeStageSecretRef: secretReference(storageClass, 'node-stage', claim),
        nodePublishSecretRef: secretReference(storageClass, 'node-publish', claim),
        controllerExpandSecretRef: secretReference(storageClass, 'controller-expand', claim),
        nodeExpandSecretRef: secretReference(storageClass, 'node-expand', claim),
      },
    },
  };
}

/** What is to be done with a volume of the driver. */
export type VolumeStep = 'delete' | 'protect' | 'unprotect' | undefined;

/** @param driver whose volumes are looked at: those it has made, and those made by hand that name it */
export function volumeStep({ metadata, spec, status }: Volume, driver: string): VolumeStep {
  if ((metadata.annotations?.[PROVISIONED_BY] ?? spec.csi?.driver) !== driver) return undefined;
  const isHeld = metadata.finalizers?.includes(VOLUME_FINALIZER) ?? false;
  const isDeleted = metadata.deletionTimestamp !== undefined;
  if (spec.persistentVolumeReclaimPolicy !== 'Delete') return isHeld ? 'unprotect' : undefined;
  if (status?.phase === 'Bound' && !isHeld && !isDeleted) return 'protect';
  return status?.phase === 'Released' && (isHeld || !isDeleted) ? 'delete' : undefined;
}

/** Whether a claim that is being deleted was copied, and no copy is under way any more. */
export const isCopied = (claim: Claim, claims: readonly Claim[]): boolean =>
  claim.metadata.deletionTimestamp !== undefined &&
  (claim.metadata.finalizers?.includes(CLONE_FINALIZER) ?? false) &&
  !claims.some(
    ({ metadata, spec, status }) =>
      metadata.namespace === claim.metadata.namespace &&
      spec.dataSource?.kind === 'PersistentVolumeClaim' &&
      spec.dataSource.name === claim.metadata.name &&
      status.phase === 'Pending',
  );
